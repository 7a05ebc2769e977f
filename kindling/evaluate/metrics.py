"""How good the rankings of each case are: every metric of every method, for all cases at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate.results import KEPT, Case, Ranked, Task

Floats = NDArray[np.float64]


class Metric(StrEnum):
    """What is measured of a ranking; each lies between 0 and 1, and more is better.

    `MRR` is 1 / place of the one who matters: the first responder, the thread that was chosen, the best-placed of
    the new peers. `HIT_1`: the first responder is in first place. `RECALL_k`: the share of the relevant in the first
    k places. `NDCG_10`: the relevant in the first ten, weighted by place, against the best order. `FOUND_k`: anyone
    relevant is in the first k places.
    """

    MRR = "mrr"
    HIT_1 = "hit_at_1"
    RECALL_5 = "recall_at_5"
    RECALL_10 = "recall_at_10"
    NDCG_10 = "ndcg_at_10"
    FOUND_1 = "found_at_1"
    FOUND_5 = "found_at_5"


# What tables show, by task, the metric to judge by first. FOUND is for the answer in plain words.
SHOWN = {
    Task.RESPONDERS: (Metric.MRR, Metric.HIT_1, Metric.RECALL_5, Metric.RECALL_10, Metric.NDCG_10),
    Task.POSTS: (Metric.MRR, Metric.RECALL_10),
    Task.PEERS: (Metric.MRR, Metric.RECALL_10),
}
PLAIN = (Metric.FOUND_1, Metric.FOUND_5)


@dataclass(frozen=True, slots=True)
class Scores:
    """Metrics of all cases: `values[case, method, metric]`, in the order of `methods` and `metrics`."""

    methods: tuple[str, ...]
    metrics: tuple[Metric, ...]
    values: Floats

    def of(self, method: str, metric: Metric) -> Floats:
        """Give one method's values of one metric, one for each case."""
        found: Floats = self.values[:, self.methods.index(method), self.metrics.index(metric)]
        return found


def methods(result: Ranked) -> tuple[str, ...]:
    """List the methods: ours, the baselines, then the ablations, in the order in which they were given."""
    given = result.cases[0].ranked if result.cases else ()
    return tuple(dict.fromkeys((result.ours, *result.baselines, *given)))


def scores(result: Ranked) -> Scores:
    """Score all methods on all cases. Raises ValueError where a case lacks a method or anything relevant."""
    named, metrics = methods(result), (*SHOWN[result.task], *PLAIN)
    for case in result.cases:
        if not case.relevant:
            raise ValueError(f"case {case.id} has nothing that is relevant: it cannot be scored")
        if case.ranked.keys() != set(named):
            raise ValueError(f"case {case.id} was not ranked by the same methods as the others")
    values = np.zeros((len(result.cases), len(named), len(metrics)))
    for column, method in enumerate(named):
        found, relevant = places(result.cases, method)
        for row, metric in enumerate(metrics):
            values[:, column, row] = _measured(metric, result.task, found, relevant)
    return Scores(named, metrics, values)


def places(cases: Sequence[Case], method: str) -> tuple[Floats, NDArray[np.int64]]:
    """Find the places of the relevant, from 1: (case, relevant), and how many are relevant, by case.

    What is not among the first 100 is at infinity, and so are the cells beyond a case's number of relevant.
    """
    distinct = [tuple(dict.fromkeys(case.relevant)) for case in cases]
    counts = np.array([len(ids) for ids in distinct], dtype=np.int64)
    found = np.full((len(cases), int(counts.max(initial=1))), np.inf)
    for row, (case, ids) in enumerate(zip(cases, distinct, strict=True)):
        place = {name: at for at, name in enumerate(case.ranked[method][:KEPT], start=1)}
        for column, name in enumerate(ids):
            if name in place:
                found[row, column] = place[name]
    return found, counts


def _measured(metric: Metric, task: Task, found: Floats, counts: NDArray[np.int64]) -> Floats:
    """Compute one metric for all cases from the places of the relevant."""
    best: Floats = np.sort(found, axis=1)[:, 0]
    # Of several new peers the best-placed one matters, else the first of the relevant.
    matters: Floats = best if task is Task.PEERS else found[:, 0]
    within: dict[Metric, int] = {Metric.RECALL_5: 5, Metric.RECALL_10: 10}
    any_within: dict[Metric, int] = {Metric.FOUND_1: 1, Metric.FOUND_5: 5}
    made: Floats
    if metric is Metric.MRR:
        made = 1.0 / matters
    elif metric is Metric.HIT_1:
        made = (matters == 1).astype(np.float64)
    elif metric in within:
        made = np.count_nonzero(found <= within[metric], axis=1) / counts
    elif metric in any_within:
        made = (best <= any_within[metric]).astype(np.float64)
    else:
        made = _ndcg(found, counts, 10)
    return made


def _ndcg(found: Floats, counts: NDArray[np.int64], first: int) -> Floats:
    """Compute the normalised discounted gain of the first places, each relevant one counting the same."""
    gains = np.where(found <= first, 1.0 / np.log2(found + 1.0), 0.0).sum(axis=1)
    ideal = np.cumsum(1.0 / np.log2(np.arange(2.0, first + 2.0)))
    made: Floats = np.minimum(1.0, gains / ideal[np.minimum(counts, first) - 1])
    return made
