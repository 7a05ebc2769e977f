"""Who was most likely to answer the latest posts when they were born, as the walk through a history finds it.

Live, the same is read off the lists that `MatchesRanked` left.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping

from services.recommend.rank import Listed
from services.recommend.ranker import Ranker, hand_set
from services.recommend.spans import DAY

KEPT = 30 * DAY

# Gives for a post how likely each person was to answer it, by number; nobody where nothing was said of it.
MatchesOf = Callable[[str], Mapping[int, float]]


class Matched:
    """`most` people for each post of the last 30 days; those set by hand rank them, so that nothing is known early."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ranker: Ranker = hand_set()
        self._matches: OrderedDict[str, tuple[float, dict[int, float]]] = OrderedDict()

    def add(self, post: str, listed: Listed | None, now: float) -> None:
        """Take in who may answer a post that is born."""
        while self._matches and next(iter(self._matches.values()))[0] < now - KEPT:
            self._matches.popitem(last=False)
        if listed is not None:
            self._matches[post] = now, self._chances(listed)

    def _chances(self, listed: Listed) -> dict[int, float]:
        scores = self._ranker.scores(listed.signals)
        best = (-scores).argsort(kind="stable")[: self._most]
        return dict(zip(listed.numbers[best].tolist(), self._ranker.probabilities(scores)[best].tolist(), strict=True))

    def of(self, post: str) -> Mapping[int, float]:
        """Give how likely each person was to answer a post."""
        return self._matches[post][1] if post in self._matches else {}
