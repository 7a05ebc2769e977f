"""Sum up the forecasts of silence, age by age."""

from collections.abc import Sequence

import numpy as np

from kindling.evaluate import bootstrap, forecasts
from kindling.evaluate.comparing import against, best_of, estimate, kind, rounded
from kindling.evaluate.results import Forecast, Silence
from kindling.evaluate.shapes import AgeSummary, CalibrationSummary, Difference, ForecasterSummary, Kind, SilenceSummary
from kindling.evaluate.times import figures, span_of

_ORDER = {Kind.OURS: 0, Kind.BASELINE: 1, Kind.ABLATION: 2}


def summarise_silence(silence: Silence) -> SilenceSummary:
    """Sum up all ages. Raises ValueError where a post lacks a method's probability, or it is none."""
    since, until = span_of(forecast.at for forecast in silence.forecasts)
    ages = sorted({forecast.age for forecast in silence.forecasts})
    return {
        "ours": silence.ours,
        "baselines": list(silence.baselines),
        "since": since,
        "until": until,
        "ages": [_age(silence, age, [f for f in silence.forecasts if f.age == age]) for age in ages],
        "notes": list(silence.notes),
        "facts": figures(silence.facts),
    }


def _age(silence: Silence, age: float, posts: Sequence[Forecast]) -> AgeSummary:
    """Compare the methods on the posts of one age, of which there is one at least."""
    methods = tuple(dict.fromkeys((silence.ours, *silence.baselines, *posts[0].probabilities)))
    for post in posts:
        if post.probabilities.keys() != set(methods):
            raise ValueError(f"post {post.id} was not forecast by the same methods as the others")
    silent = np.array([post.silent for post in posts])
    cluster = bootstrap.clusters([post.cluster for post in posts])
    enough = int(cluster.max()) + 1 >= bootstrap.FEWEST
    claims = [forecasts.checked(np.array([post.probabilities[m] for post in posts], dtype=np.float64)) for m in methods]
    drawn: dict[str, forecasts.Floats] = {}
    if enough:
        drawn = dict(zip(methods, forecasts.resampled_aucs(claims, silent, cluster).T, strict=True))
    made: dict[str, ForecasterSummary] = {}
    for method, said in zip(methods, claims, strict=True):
        made[method] = {
            "kind": kind(method, silence.ours, silence.baselines),
            "auc": estimate(forecasts.auc(said, silent), drawn.get(method)),
            "average_precision": _maybe(forecasts.average_precision(said, silent)),
            "brier": rounded(forecasts.brier(said, silent)),
            "calibration": _calibration(forecasts.calibration(said, silent)),
        }
    areas = {method: found["auc"]["mean"] for method, found in made.items()}
    known = {method: area for method, area in areas.items() if area is not None}
    best = best_of(known, silence.baselines) if known else None
    order = sorted(methods, key=lambda m: (_ORDER[made[m]["kind"]], -known.get(m, 0.0), methods.index(m)))
    return {
        "age": rounded(age),
        "posts": len(posts),
        "silent": rounded(float(silent.mean())),
        "methods": {method: made[method] for method in order},
        "against_best": _against(silence.ours, best, known, drawn),
    }


def _against(
    ours: str, best: str | None, known: dict[str, float], drawn: dict[str, forecasts.Floats]
) -> Difference | None:
    if best is None:
        return None
    return against(best, known[ours] - known[best], drawn[ours] - drawn[best] if drawn else None)


def _maybe(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _calibration(found: forecasts.Calibration) -> CalibrationSummary:
    return {
        "error": rounded(found.error),
        "floor": rounded(found.floor),
        "excess": rounded(found.excess),
        "p_value": rounded(found.p_value),
        "passed": found.p_value >= forecasts.ALARM,
        "bins": [
            {
                "probability": rounded(one.probability),
                "observed": rounded(one.observed),
                "low": rounded(one.low),
                "high": rounded(one.high),
                "posts": one.posts,
            }
            for one in found.bins
        ],
    }
