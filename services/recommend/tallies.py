"""What is counted of people in one scope: what is public, or one private channel.

So what somebody did in a private channel leaves no trace in what others are told of them.
"""

from bisect import bisect_left, bisect_right, insort

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown

NEVER = -np.inf


class Tally:
    """Each person who wrote in the scope has a slot; arrays are of shape (slots,)."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}
        self._wrote: list[list[float]] = []
        self._people: NDArray[np.intp] = np.zeros(0, np.intp)
        self._answers: NDArray[np.int64] = np.zeros(0, np.int64)
        self._last: NDArray[np.float64] = np.zeros(0)

    def add_message(self, person: int, at: float, by: int) -> None:
        """Count a post or reply of time `at`, in seconds since 1970; with -1 take it away again."""
        slot = self._slot(person)
        wrote = self._wrote[slot]
        _keep(wrote, at, by)
        self._last[slot] = wrote[-1] if wrote else NEVER

    def add_answer(self, person: int, by: int) -> None:
        """Count a reply in somebody else's thread; with -1 take it away again."""
        self._answers[self._slot(person)] += by

    def _slot(self, person: int) -> int:
        slot = self._slots.get(person)
        if slot is not None:
            return slot
        slot = self._slots[person] = len(self._slots)
        self._wrote.append([])
        size = slot + 1
        self._people = grown(self._people, size)
        self._people[slot] = person
        self._answers = grown(self._answers, size)
        self._last = grown(self._last, size, NEVER)
        return slot

    @property
    def people(self) -> NDArray[np.intp]:
        """Give everybody's number."""
        return self._people[: len(self._slots)]

    @property
    def answers(self) -> NDArray[np.int64]:
        """How many answers each has given."""
        return self._answers[: len(self._slots)]

    @property
    def last(self) -> NDArray[np.float64]:
        """When each last wrote, in seconds since 1970; minus infinity for never."""
        return self._last[: len(self._slots)]

    def wrote(self, person: int) -> int:
        slot = self._slots.get(person)
        return 0 if slot is None else len(self._wrote[slot])

    def written_within(self, person: int, start: float, end: float) -> int:
        """Count messages with start < at <= end."""
        slot = self._slots.get(person)
        times = [] if slot is None else self._wrote[slot]
        return bisect_right(times, end) - bisect_right(times, start)


def _keep(times: list[float], at: float, by: int) -> None:
    if by > 0:
        insort(times, at)
    else:
        del times[bisect_left(times, at)]
