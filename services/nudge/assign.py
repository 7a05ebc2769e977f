"""Give posts to people together, so that the best for one is not the best for all. Pure.

In whole numbers and with nothing but Python: builds agree to the last tie, and nudge carries no library of numerics.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Values are compared to so many decimals, so that builds agree.
DECIMALS = 6

# A person, or ("nobody", the post): the place of a post that nobody is asked about.
_Place = tuple[str, str]


def assign(values: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """Give each post at most one person and each person at most one post, so that the sum of values is the highest.

    `values` are by post and person; who is not worth more than nothing for a post, or not in it, does not get it.
    By shortest augmenting paths, post after post (Jonker and Volgenant 1987), over the pairs that there are.
    """
    costs: dict[str, dict[_Place, int]] = {}
    for (post, person), value in sorted(values.items()):
        if (worth := round(value * 10**DECIMALS)) > 0:
            costs.setdefault(post, {("nobody", post): 0})["person", person] = -worth
    matching = _Matching(costs)
    for post in costs:
        matching.add(post)
    return {post: name for (kind, name), post in matching.given.items() if kind == "person"}


@dataclass(slots=True)
class _Matching:
    """The cheapest one for the posts added so far; the prices are those of the assignment problem's dual."""

    costs: Mapping[str, Mapping[_Place, int]]
    given: dict[_Place, str] = field(default_factory=dict)
    of_post: dict[str, int] = field(default_factory=dict)
    of_place: dict[_Place, int] = field(default_factory=dict)

    def add(self, post: str) -> None:
        """Find the cheapest chain of posts that move on, from the new one to a free place, and move them."""
        self.of_post[post] = min(cost - self.of_place.get(place, 0) for place, cost in self.costs[post].items())
        reached: dict[_Place, tuple[int, str]] = {}
        settled: dict[_Place, int] = {}
        self._reach(post, 0, reached, settled)
        place = self._nearest(reached, settled)
        while (holder := self.given.get(place)) is not None:
            settled[place] = reached[place][0]
            self._reach(holder, settled[place], reached, settled)
            place = self._nearest(reached, settled)
        self._reprice(post, settled, reached[place][0])
        self._move(post, place, {place: by for place, (_, by) in reached.items()})

    def _reach(
        self, post: str, far: int, reached: dict[_Place, tuple[int, str]], settled: Mapping[_Place, int]
    ) -> None:
        for place, cost in self.costs[post].items():
            there = far + cost - self.of_post[post] - self.of_place.get(place, 0)
            if place not in settled and (place not in reached or there < reached[place][0]):
                reached[place] = there, post

    @staticmethod
    def _nearest(reached: Mapping[_Place, tuple[int, str]], settled: Mapping[_Place, int]) -> _Place:
        return min((far, place) for place, (far, _) in reached.items() if place not in settled)[1]

    def _reprice(self, post: str, settled: Mapping[_Place, int], length: int) -> None:
        self.of_post[post] += length
        for place, far in settled.items():
            self.of_post[self.given[place]] += length - far
            self.of_place[place] = self.of_place.get(place, 0) - (length - far)

    def _move(self, post: str, place: _Place, by: Mapping[_Place, str]) -> None:
        held = {holder: where for where, holder in self.given.items()}
        while (mover := by[place]) != post:
            self.given[place] = mover
            place = held[mover]
        self.given[place] = post
