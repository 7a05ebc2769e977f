"""What is derived of people: who may be asked, and what they have written and answered.

Each person has a number while the community is in memory. Numbers differ from one load to the next, so nothing
that leaves this service may depend on their order.

What somebody wrote and answered is counted by scope (see `profile.py`), and asked for by the scopes that whoever
is told may read.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown
from services.recommend.documents import Member
from services.recommend.tallies import NEVER, Tally
from shared.events import Role

HELPERS = frozenset({Role.CHAMPION, Role.LEADER})


class People:
    """Arrays are of shape (len(people),), by number."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.numbers: dict[str, int] = {}
        self._tallies: dict[str, Tally] = {}
        self._by_channel: dict[str, NDArray[np.int32]] = {}
        self._present: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._helps: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._interested: NDArray[np.bool_] = np.zeros(0, np.bool_)

    def __len__(self) -> int:
        return len(self.ids)

    def number(self, member: str) -> int:
        """Give a member's number, a new one where they have none."""
        known = self.numbers.get(member)
        if known is not None:
            return known
        number = self.numbers[member] = len(self.ids)
        self.ids.append(member)
        size = number + 1
        self._present = grown(self._present, size)
        self._helps = grown(self._helps, size)
        self._interested = grown(self._interested, size)
        return number

    # What changes

    def set_member(self, member: str, facts: Member) -> None:
        """Take over who somebody is."""
        number = self.number(member)
        self._present[number] = facts.here and not facts.bot
        self._helps[number] = not HELPERS.isdisjoint(facts.roles)

    def set_interested(self, number: int, interested: bool) -> None:
        """Take over whether somebody has said what they are interested in."""
        self._interested[number] = interested

    def forget(self, member: str) -> None:
        """Forget a member whose messages have been taken away; their number stays empty."""
        number = self.numbers.pop(member, None)
        if number is not None:
            self.ids[number] = ""
            self._present[number] = self._helps[number] = self._interested[number] = False

    def add_message(self, scope: str, number: int, at: float, by: int) -> None:
        """Count a post or reply of time `at`, in seconds since 1970; with -1 take it away again."""
        self._tally(scope).add_message(number, at, by)

    def add_answer(self, scope: str, channel: str, number: int, by: int) -> None:
        """Count a reply in somebody else's thread; with -1 take it away again."""
        self._tally(scope).add_answer(number, by)
        self._in(channel)[number] += by

    def _tally(self, scope: str) -> Tally:
        tally = self._tallies.get(scope)
        if tally is None:
            tally = self._tallies[scope] = Tally()
        return tally

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
    def scopes(self) -> list[str]:
        """Name the scopes in which anybody has written."""
        return list(self._tallies)

    def candidates(self, scopes: Sequence[str]) -> NDArray[np.bool_]:
        """Who is present and has written there, helps by role, or has said what they are interested in.

        Also who has answered nobody yet may begin.
        """
        size = len(self.ids)
        return self.present & ((self.last(scopes) > NEVER) | self._helps[:size] | self._interested[:size])

    def answers(self, scopes: Sequence[str]) -> NDArray[np.int64]:
        """How many answers each has given there."""
        answers = np.zeros(len(self.ids), np.int64)
        for tally in self._of(scopes):
            answers[tally.people] += tally.answers
        return answers

    def last(self, scopes: Sequence[str]) -> NDArray[np.float64]:
        """When each last wrote there, in seconds since 1970; minus infinity for never."""
        last = np.full(len(self.ids), NEVER)
        for tally in self._of(scopes):
            last[tally.people] = np.maximum(last[tally.people], tally.last)
        return last

    def wrote(self, number: int, scopes: Sequence[str]) -> int:
        return sum(tally.wrote(number) for tally in self._of(scopes))

    def written_within(self, number: int, scopes: Sequence[str], start: float, end: float) -> int:
        """Count messages with start < at <= end."""
        return sum(tally.written_within(number, start, end) for tally in self._of(scopes))

    def _of(self, scopes: Sequence[str]) -> Iterator[Tally]:
        return (self._tallies[scope] for scope in scopes if scope in self._tallies)

    def answers_in(self, channel: str) -> NDArray[np.int32]:
        """How many answers each has given in the channel."""
        return self._in(channel)[: len(self.ids)] if channel in self._by_channel else np.zeros(len(self.ids), np.int32)
