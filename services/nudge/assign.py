"""Give posts to people together, so that the best for one is not the best for all. Pure.

In whole numbers and with nothing but Python: builds agree to the last tie, and nudge carries no library of numerics.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

# Values are compared to so many decimals, so that builds agree.
DECIMALS = 6

# What each of those on one side is worth to those on the other, in whole numbers above 0.
_Worth = Mapping[str, Mapping[str, int]]


# No id has a control character: so many of them at its end make further places of a person.
_MORE = "\0"


def assign(values: Mapping[tuple[str, str], float], room: Mapping[str, int] | None = None) -> dict[str, str]:
    """Give each post at most one person and each person at most one post, so that the sum of values is the highest.

    `room` names the people who may have more posts than one, and how many.
    `values` are by post and person; who is not worth more than nothing for a post, or not in it, does not get it.
    By shortest augmenting paths over the pairs that there are (Jonker & Volgenant 1987, "A shortest augmenting path
    algorithm for dense and sparse linear assignment problems"), begun on the side with fewer: paths are short where
    most on the other side are free.
    """
    by_post: dict[str, dict[str, int]] = {}
    by_person: dict[str, dict[str, int]] = {}
    for (post, person), value in sorted(values.items()):
        if (worth := round(value * 10**DECIMALS)) > 0:
            for place in _places(person, room or {}):
                by_post.setdefault(post, {})[place] = worth
                by_person.setdefault(place, {})[post] = worth
    if len(by_post) <= len(by_person):
        return {post: place.rstrip(_MORE) for place, post in _matched(by_post).items()}
    return {post: place.rstrip(_MORE) for post, place in _matched(by_person).items()}


def _places(person: str, room: Mapping[str, int]) -> list[str]:
    return [person + _MORE * more for more in range(room.get(person, 1))]


def _matched(worth: _Worth) -> dict[str, str]:
    """Match those of one side with the other so that they are worth most: gives by the other side who got them."""
    matching = _Matching(worth)
    for one in worth:
        matching.add(one)
    return matching.holder


@dataclass(slots=True)
class _Matching:
    """The best one for those added so far. `paid` is what the other side costs, the prices of the dual problem."""

    worth: _Worth
    holder: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)

    def add(self, new: str) -> None:
        """Find the chain of those who move on that loses least, from the new one to a free place, and move them.

        Whoever holds something may also give it up for nothing: then the chain ends with them.
        """
        gains = {new: self._gain(new)}
        lost: dict[str, tuple[int, str]] = {}
        settled: dict[str, int] = {}
        ends = [(gains[new], new)]
        open_places: list[tuple[int, str]] = []
        self._reach(new, 0, gains[new], lost, open_places, settled)
        while open_places and open_places[0][0] < ends[0][0]:
            loss, place = heappop(open_places)
            if place in settled:
                continue
            settled[place] = loss
            mover = self.holder.get(place)
            if mover is None:
                self._reprice(settled, loss)
                self._move(place, new, lost)
                return
            gains[mover] = self._gain(mover)
            heappush(ends, (loss + gains[mover], mover))
            self._reach(mover, loss, gains[mover], lost, open_places, settled)
        self._reprice(settled, ends[0][0])
        self._give_up(ends[0][1], new, lost)

    def _gain(self, one: str) -> int:
        """Give the most that one is worth anywhere over what it costs there, or with nothing."""
        return max(0, *(worth - self.paid.get(place, 0) for place, worth in self.worth[one].items()))

    def _reach(
        self,
        one: str,
        loss: int,
        gain: int,
        lost: dict[str, tuple[int, str]],
        open_places: list[tuple[int, str]],
        settled: Mapping[str, int],
    ) -> None:
        for place, worth in self.worth[one].items():
            if place in settled:
                continue
            there = loss + gain - (worth - self.paid.get(place, 0))
            if place not in lost or there < lost[place][0]:
                lost[place] = there, one
                heappush(open_places, (there, place))

    def _reprice(self, settled: Mapping[str, int], length: int) -> None:
        for place, loss in settled.items():
            if loss < length:
                self.paid[place] = self.paid.get(place, 0) + length - loss

    def _move(self, place: str, new: str, lost: Mapping[str, tuple[int, str]]) -> None:
        """Give a place to who reached it, theirs to who reached that, and so on, to the new one."""
        while True:
            mover = lost[place][1]
            before = self.held.get(mover)
            self.holder[place], self.held[mover] = mover, place
            if mover == new or before is None:
                return
            place = before

    def _give_up(self, last: str, new: str, lost: Mapping[str, tuple[int, str]]) -> None:
        """Have the last of a chain hold nothing any more; their place goes to who reached it."""
        if last != new:
            place = self.held.pop(last)
            self._move(place, new, lost)
