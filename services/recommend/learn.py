"""Learning the ranker from who answered: lists as they were when each post was written, once a week has passed.

Only what was known then goes into a list, and a post becomes a lesson only when the week is over in which its
answers count: so a model that is trained at some moment knows nothing of what came after.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from services.recommend.documents import Member, Reply
from services.recommend.rank import Listed
from services.recommend.ranker import Ranker, hand_set
from services.recommend.softmax import Lists, fit, log_softmax
from services.recommend.spans import DAY

WINDOW = 7 * DAY

# Of a list's target so much goes to who answered first, the rest to all who did.
_FIRST = 0.75
# What the hand-set weights are worth, in lists.
_WORTH = 50.0
_LEAST_SLOPE = 0.01
# Lists beyond the latest of these add nothing but time and memory.
MOST_ANSWERED = 5000
MOST_SILENT = 1500

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A post's list: `signals` of shape (list, features), and who of it answered: `target` and `answered` (list,)."""

    signals: NDArray[np.float16]
    target: NDArray[np.float32] | None
    answered: NDArray[np.bool_]


def responders(
    replies: Mapping[str, Reply], members: Mapping[str, Member], within: float = WINDOW
) -> Callable[[str, float], list[tuple[float, str]]]:
    """Prepare to look up who answered a post born at some time within so many seconds: (at, member), first ones first.

    Neither the author nor bots count; each member once. The labels of lessons and of evaluations.
    """
    found: dict[str, list[tuple[float, str]]] = {}
    for reply in replies.values():
        if reply.answers and not (reply.author in members and members[reply.author].bot):
            found.setdefault(reply.post, []).append((reply.at.timestamp(), reply.author))

    def look_up(post: str, born: float) -> list[tuple[float, str]]:
        first: dict[str, float] = {}
        for at, member in sorted(found.get(post, ())):
            if at <= born + within:
                first.setdefault(member, at)
        return [(at, member) for member, at in first.items()]

    return look_up


class Lessons:
    """Lessons in the order of their posts' times, the latest ones."""

    def __init__(self) -> None:
        self._ats: list[float] = []
        self._lessons: list[Lesson] = []

    def __len__(self) -> int:
        return len(self._lessons)

    def add(self, at: float, listed: Listed, numbers: Sequence[int]) -> None:
        """Take in a post of time `at`, which the people of these numbers answered, who was first in front."""
        place = {number: place for place, number in enumerate(listed.numbers.tolist())}
        answered = np.zeros(len(place), np.bool_)
        target = np.zeros(len(place), np.float32)
        here = [place[number] for number in numbers if number in place]
        if here:
            answered[here] = True
            target[here] = (1 - _FIRST) / len(here)
            if numbers[0] in place:
                target[place[numbers[0]]] += _FIRST
            target /= target.sum()
        elif numbers:
            return  # whoever answered was not in the list: it teaches neither whom to choose nor that nobody comes
        self._ats.append(at)
        self._lessons.append(Lesson(listed.signals.astype(np.float16), target if here else None, answered))
        self._forget_old()

    def _forget_old(self) -> None:
        if len(self._lessons) < 2 * (MOST_ANSWERED + MOST_SILENT):
            return
        keep = len(self._lessons) - (MOST_ANSWERED + MOST_SILENT) * 3 // 2
        del self._ats[:keep], self._lessons[:keep]

    def until(self, now: float) -> tuple[list[Lesson], list[Lesson]]:
        """Give what may be learnt from at `now`: the latest posts that were answered, and that were not."""
        known = self._lessons[: bisect_right(self._ats, now - WINDOW)]
        answered = [lesson for lesson in known if lesson.target is not None]
        silent = [lesson for lesson in known if lesson.target is None]
        share = len(answered) / max(1, len(known))
        # As many silent ones as go with the latest answered ones, so that probabilities come out right.
        latest = answered[-MOST_ANSWERED:]
        return latest, silent[-min(MOST_SILENT, round(len(latest) * (1 - share) / max(share, 1e-9))) :]


def learn(answered: Sequence[Lesson], silent: Sequence[Lesson], version: str, before: Ranker | None = None) -> Ranker:
    """Train the ranker; with few lessons it stays near to the one set by hand.

    Beginning `before`, at the one that was trained last, takes a fraction of the time.
    """
    prior = hand_set()
    if not answered:
        return prior
    lists = Lists.of([(lesson.signals, lesson.target) for lesson in answered if lesson.target is not None])
    weights = fit(lists, prior.weights, _WORTH, None if before is None else before.weights)
    slope, intercept = _calibrate(weights, answered, silent)
    return Ranker(version, weights, slope, intercept)


def _calibrate(weights: Floats, answered: Sequence[Lesson], silent: Sequence[Lesson]) -> tuple[float, float]:
    """Fit the probability of an answer to the share of the list (Platt 1999): slope and intercept."""
    logs, outcomes = [], []
    for lesson in (*answered, *silent):
        scores = lesson.signals.astype(np.float64) @ weights
        logs.append(log_softmax(scores, np.zeros(1, np.intp)))
        outcomes.append(lesson.answered)
    x, y = np.concatenate(logs), np.concatenate(outcomes).astype(np.float64)

    def loss(line: Floats) -> tuple[float, Floats]:
        logit = line[0] * x + line[1]
        value = float(np.mean(np.logaddexp(0, logit) - y * logit))
        off = 1 / (1 + np.exp(-logit)) - y
        return value, np.array([np.mean(off * x), np.mean(off)])

    # Who scores higher is never less likely, whatever a handful of lessons say.
    bounds = [(_LEAST_SLOPE, None), (None, None)]
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return float(found.x[0]), float(found.x[1])
