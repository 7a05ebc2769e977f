"""How the first places are shared: whether the same few are asked for ever."""

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kindling.evaluate.results import KEPT, Ranked
from shared.gini import gini

MOST = 10
WEEK = 7 * 86_400.0
# So many first places a week, at most; None is no cap.
CAPS = (None, 10, 5, 3, 2, 1)
# So many of the most chosen are told apart in the curve.
STEPS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Shared:
    """How first places are shared.

    `gini` is 0 where all of them have equally many and goes towards 1 where one has all. `ten` is the share that the
    ten most chosen took, `chosen` how many had any. `curve` has (n, share that the n most chosen took).
    """

    gini: float
    ten: float
    chosen: int
    curve: tuple[tuple[int, float], ...]


def ever_listed(result: Ranked) -> int:
    """Count who was ever in any ranking, or turned out right: the same ones for all methods, so that they compare."""
    found: set[str] = set()
    for case in result.cases:
        found.update(case.relevant[:1])
        for listed in case.ranked.values():
            found.update(listed[:KEPT])
    return len(found)


def first_places(result: Ranked, method: str) -> list[str]:
    """List whom a method put first, case by case; cases in which it ranked nobody are left out."""
    return [case.ranked[method][0] for case in result.cases if case.ranked[method]]


def really(result: Ranked) -> list[str]:
    """List who was first in fact, case by case."""
    return [case.relevant[0] for case in result.cases]


def capped(result: Ranked, cap: int | None) -> tuple[list[str], float]:
    """Give whom ours puts first where nobody is so more than `cap` times in a week, and how often that was right.

    In the order of time, the next in the list takes the place of who has had their share of the 7 days before; where
    the whole list has, nobody is put first, and nobody is right. Right is who replied at all.
    """
    firsts, right = list[str](), 0
    had: dict[str, deque[float]] = defaultdict(deque)
    for case in sorted(result.cases, key=lambda case: (case.at, case.id)):
        for name in case.ranked[result.ours]:
            times = had[name]
            while times and times[0] <= case.at - WEEK:
                times.popleft()
            if cap is None or len(times) < cap:
                times.append(case.at)
                firsts.append(name)
                right += name in case.relevant
                break
    return firsts, right / len(result.cases)


def shared(firsts: Sequence[str], among: int) -> Shared:
    """Measure how first places are shared among so many; those who had none count as nothing."""
    counts = np.sort(np.array(list(Counter(firsts).values()), dtype=np.int64))[::-1]
    total, chosen = int(counts.sum()), len(counts)
    if not total:
        return Shared(0.0, 0.0, 0, ())
    among = max(among, chosen)
    taken = np.cumsum(counts) / total
    steps = [n for n in STEPS if n < chosen] + [chosen]
    curve = tuple((n, float(taken[n - 1])) for n in steps)
    return Shared(gini(counts.tolist(), among), float(taken[min(MOST, chosen) - 1]), chosen, curve)
