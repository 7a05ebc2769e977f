"""What is derived of people: who may be asked, and what they have written and answered.

Each person has a number while the community is in memory. Numbers differ from one load to the next, so nothing
that leaves this service may depend on their order.
"""

from bisect import bisect_left, bisect_right, insort

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown
from services.recommend.decay import log2_of, weight
from services.recommend.documents import Member
from shared.events import Role

HELPERS = frozenset({Role.CHAMPION, Role.LEADER})
_NEVER = -np.inf


class People:
    """Arrays are of shape (len(people),), by number."""

    def __init__(self, half_life: float) -> None:
        self.ids: list[str] = []
        self.numbers: dict[str, int] = {}
        self._half_life = half_life
        self._sums: list[int] = []
        self._wrote: list[list[float]] = []
        self._answered: list[list[float]] = []
        self._by_channel: dict[str, NDArray[np.int32]] = {}
        self._present: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._helps: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._answers: NDArray[np.int64] = np.zeros(0, np.int64)
        self._logs: NDArray[np.float64] = np.zeros(0)
        self._last: NDArray[np.float64] = np.zeros(0)

    def __len__(self) -> int:
        return len(self.ids)

    def number(self, member: str) -> int:
        """Give a member's number, a new one where they have none."""
        known = self.numbers.get(member)
        if known is not None:
            return known
        number = self.numbers[member] = len(self.ids)
        self.ids.append(member)
        self._sums.append(0)
        self._wrote.append([])
        self._answered.append([])
        size = number + 1
        self._present = grown(self._present, size)
        self._helps = grown(self._helps, size)
        self._answers = grown(self._answers, size)
        self._logs = grown(self._logs, size, _NEVER)
        self._last = grown(self._last, size, _NEVER)
        return number

    # What changes

    def set_member(self, member: str, facts: Member) -> None:
        """Take over who somebody is."""
        number = self.number(member)
        self._present[number] = facts.here and not facts.bot
        self._helps[number] = not HELPERS.isdisjoint(facts.roles)

    def forget(self, member: str) -> None:
        """Forget a member whose messages have been taken away; their number stays empty."""
        number = self.numbers.pop(member, None)
        if number is not None:
            self.ids[number] = ""
            self._present[number] = self._helps[number] = False

    def add_message(self, number: int, at: float) -> None:
        """Count a post or reply of time `at`, in seconds since 1970."""
        insort(self._wrote[number], at)
        self._last[number] = self._wrote[number][-1]

    def remove_message(self, number: int, at: float) -> None:
        wrote = self._wrote[number]
        del wrote[bisect_left(wrote, at)]
        self._last[number] = wrote[-1] if wrote else _NEVER

    def add_answer(self, number: int, channel: str | None, at: float) -> None:
        """Count a reply in somebody else's thread; the channel is None where the thread is gone."""
        insort(self._answered[number], at)
        self._count(number, channel, at, 1)

    def remove_answer(self, number: int, channel: str | None, at: float) -> None:
        answered = self._answered[number]
        del answered[bisect_left(answered, at)]
        self._count(number, channel, at, -1)

    def _count(self, number: int, channel: str | None, at: float, by: int) -> None:
        self._answers[number] += by
        self._sums[number] += by * weight(at, self._half_life)
        self._logs[number] = log2_of(self._sums[number])
        if channel is not None:
            self._in(channel)[number] += by

    def _in(self, channel: str) -> NDArray[np.int32]:
        counts = self._by_channel.get(channel, np.zeros(0, np.int32))
        counts = self._by_channel[channel] = grown(counts, len(self.ids))
        return counts

    # What is asked

    @property
    def present(self) -> NDArray[np.bool_]:
        """Who is here and no bot."""
        return self._present[: len(self.ids)]

    @property
    def candidates(self) -> NDArray[np.bool_]:
        """Who is present and has answered somebody, or helps by role."""
        size = len(self.ids)
        return self._present[:size] & ((self._answers[:size] > 0) | self._helps[:size])

    @property
    def answers(self) -> NDArray[np.int64]:
        """How many answers each has given."""
        return self._answers[: len(self.ids)]

    @property
    def log_activity(self) -> NDArray[np.float64]:
        """Binary logarithm of each one's decayed number of answers, for `decay.decayed`."""
        return self._logs[: len(self.ids)]

    @property
    def last(self) -> NDArray[np.float64]:
        """When each last wrote, in seconds since 1970; minus infinity for never."""
        return self._last[: len(self.ids)]

    def wrote(self, number: int) -> int:
        return len(self._wrote[number])

    def answers_within(self, number: int, start: float, end: float) -> int:
        """Count answers with start < at <= end."""
        times = self._answered[number]
        return bisect_right(times, end) - bisect_right(times, start)

    def answers_in(self, channel: str) -> NDArray[np.int32]:
        """How many answers each has given in the channel."""
        return self._in(channel)[: len(self.ids)] if channel in self._by_channel else np.zeros(len(self.ids), np.int32)
