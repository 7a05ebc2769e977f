"""Sum an evaluation up: a plain object of everything that is reported, of the shape that `shapes` documents."""

from collections.abc import Sequence

import numpy as np

from kindling.evaluate import concentration
from kindling.evaluate.comparing import compared, rounded
from kindling.evaluate.metrics import SHOWN, Metric, Scores, scores
from kindling.evaluate.results import Evaluation, Ranked, Task
from kindling.evaluate.shapes import FORMAT, Capped, Compared, Concentration, RankedSummary, SharedPlaces, Span, Summary
from kindling.evaluate.silence import summarise_silence
from kindling.evaluate.times import figures, iso, span_of

# The test's time is cut into so many spans of equal length.
SPANS = 8


def summarise(evaluation: Evaluation) -> Summary:
    """Compute everything that is reported. The same evaluation gives the same object, bit for bit."""
    return {
        "format": FORMAT,
        "archive": evaluation.archive,
        "model": evaluation.model,
        "facts": figures(evaluation.facts),
        "tasks": {result.task.value: _ranked(result) for result in evaluation.ranked},
        "silence": None if evaluation.silence is None else summarise_silence(evaluation.silence),
    }


def _ranked(result: Ranked) -> RankedSummary:
    since, until = span_of(case.at for case in result.cases)
    scored = scores(result)
    some = bool(result.cases)
    whole = _among(result, scored, range(len(result.cases)))
    return {
        "task": result.task.value,
        "ours": result.ours,
        "baselines": list(result.baselines),
        "metrics": [metric.value for metric in SHOWN[result.task]],
        "since": since,
        "until": until,
        "whole": whole,
        "groups": {name: _among(result, scored, rows) for name, rows in _groups(result).items()},
        "concentration": _concentration(result, whole) if some else None,
        "over_time": _over_time(result, scored) if some else [],
        "notes": list(result.notes),
        "facts": figures(result.facts),
    }


def _groups(result: Ranked) -> dict[str, list[int]]:
    """Give each group's cases, by number; groups in the order of their names."""
    found: dict[str, list[int]] = {}
    for at, case in enumerate(result.cases):
        for name in case.groups:
            found.setdefault(name, []).append(at)
    return dict(sorted(found.items()))


def _among(result: Ranked, scored: Scores, rows: Sequence[int]) -> Compared:
    if not rows:
        return {"cases": 0, "clusters": 0, "methods": {}, "against_best": {}}
    part = Scores(scored.methods, scored.metrics, scored.values[np.array(rows)])
    return compared(part, [result.cases[at].cluster for at in rows], result.ours, result.baselines)


def _concentration(result: Ranked, whole: Compared) -> Concentration:
    among = concentration.ever_listed(result)
    return {
        "people": among,
        "methods": {
            method: _shared(concentration.shared(concentration.first_places(result, method), among))
            for method in whole["methods"]
        },
        "really": _shared(concentration.shared(concentration.really(result), among)),
        "caps": [_capped(result, cap, among) for cap in concentration.CAPS] if result.task is Task.RESPONDERS else [],
    }


def _capped(result: Ranked, cap: int | None, among: int) -> Capped:
    firsts, right = concentration.capped(result, cap)
    found = concentration.shared(firsts, among)
    return {
        "cap": cap,
        "right": rounded(right),
        "gini": rounded(found.gini),
        "top_ten": rounded(found.ten),
        "chosen": found.chosen,
    }


def _shared(found: concentration.Shared) -> SharedPlaces:
    return {
        "gini": rounded(found.gini),
        "top_ten": rounded(found.ten),
        "chosen": found.chosen,
        "curve": [(number, rounded(share)) for number, share in found.curve],
    }


def _over_time(result: Ranked, scored: Scores) -> list[Span]:
    """Give each method's MRR in eighths of the time from the first case to the last; one span if all are at once."""
    at = np.array([case.at for case in result.cases])
    first, last = float(at.min()), float(at.max())
    spans = SPANS if last > first else 1
    length = (last - first) / spans
    which = np.minimum(spans - 1, ((at - first) / length).astype(np.int64)) if length else np.zeros(len(at), np.int64)
    made: list[Span] = []
    for number in range(spans):
        chosen = which == number
        cases = int(chosen.sum())
        made.append(
            {
                "since": iso(first + number * length),
                "until": iso(first + (number + 1) * length),
                "cases": cases,
                "mrr": {
                    method: rounded(scored.of(method, Metric.MRR)[chosen].mean()) if cases else None
                    for method in scored.methods
                },
            }
        )
    return made
