"""Some cases, by all methods: means with intervals, and ours against the best baseline."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate import bootstrap
from kindling.evaluate.metrics import Scores
from kindling.evaluate.shapes import Compared, Difference, Estimate, Kind, Verdict

Floats = NDArray[np.float64]
DIGITS = 6


def rounded(value: float) -> float:
    """Round as the summary does, without a negative nought."""
    return round(float(value), DIGITS) + 0.0


def kind(method: str, ours: str, baselines: Sequence[str]) -> Kind:
    """Say what a method is."""
    return Kind.OURS if method == ours else Kind.BASELINE if method in baselines else Kind.ABLATION


def compared(scored: Scores, names: Sequence[str], ours: str, baselines: Sequence[str]) -> Compared:
    """Compare all methods on the cases of `scored`; `names` are these cases' clusters. There is one case at least."""
    cluster = bootstrap.clusters(names)
    number = int(cluster.max()) + 1
    cases, methods, metrics = scored.values.shape
    mean, drawn = bootstrap.means(scored.values.reshape(cases, methods * metrics), cluster)
    mean, drawn = mean.reshape(methods, metrics), drawn.reshape(-1, methods, metrics)
    enough = number >= bootstrap.FEWEST
    order = {Kind.OURS: 0, Kind.BASELINE: 1, Kind.ABLATION: 2}
    kinds = [kind(method, ours, baselines) for method in scored.methods]
    made: Compared = {"cases": cases, "clusters": number, "methods": {}, "against_best": {}}
    for at in sorted(range(methods), key=lambda m: (order[kinds[m]], -rounded(mean[m, 0]), m)):
        made["methods"][scored.methods[at]] = {
            "kind": kinds[at],
            "metrics": {
                name: estimate(float(mean[at, m]), drawn[:, at, m] if enough else None)
                for m, name in enumerate(scored.metrics)
            },
        }
    for m, name in enumerate(scored.metrics):
        by = {method: float(mean[at, m]) for at, method in enumerate(scored.methods)}
        best = best_of(by, baselines)
        if best is not None:
            at, other = scored.methods.index(ours), scored.methods.index(best)
            difference = drawn[:, at, m] - drawn[:, other, m]
            made["against_best"][name] = against(best, by[ours] - by[best], difference if enough else None)
    return made


def best_of(means: dict[str, float], baselines: Sequence[str]) -> str | None:
    """Name the best baseline; of equals, the one that was named first."""
    return max(baselines, key=lambda name: rounded(means[name]), default=None)


def estimate(mean: float | None, drawn: Floats | None) -> Estimate:
    """Put a mean and the interval of its draws together; without draws, or a mean, it has no interval."""
    if mean is None or drawn is None or np.isnan(drawn).all():
        return {"mean": None if mean is None else rounded(mean), "low": None, "high": None}
    low, high = bootstrap.interval(drawn)
    return {"mean": rounded(mean), "low": rounded(low), "high": rounded(high)}


def against(baseline: str, difference: float, drawn: Floats | None) -> Difference:
    """Word a difference as a verdict: only an interval that leaves out 0 tells ours and the baseline apart."""
    found = estimate(difference, drawn)
    low, high = found["low"], found["high"]
    if low is None or high is None:
        verdict = Verdict.TOO_FEW
    else:
        verdict = Verdict.BETTER if low > 0 else Verdict.WORSE if high < 0 else Verdict.UNCLEAR
    return {"baseline": baseline, "difference": rounded(difference), "low": low, "high": high, "verdict": verdict}
