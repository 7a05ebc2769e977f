"""Metrics of rankings: against a slow obvious version, and the laws that hold for any ranking."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.evaluate.metrics import PLAIN, SHOWN, Metric, scores
from kindling.evaluate.results import Case, Task
from tests.evaluating import case, ranked

IDS = [f"p{number}" for number in range(30)]
RELEVANT = st.lists(st.sampled_from(IDS), min_size=1, max_size=14, unique=True)
LISTED = st.lists(st.sampled_from(IDS), max_size=30, unique=True)


def slow(metric: Metric, task: Task, one: Case) -> float:
    """Compute a metric of the method `ours` as one would by hand."""
    listed, relevant = list(one.ranked["ours"]), list(one.relevant)
    who = [name for name in listed if name in relevant] if task is Task.PEERS else relevant
    place = listed.index(who[0]) + 1 if who and who[0] in listed else None
    if metric is Metric.MRR:
        return 1 / place if place else 0.0
    if metric is Metric.HIT_1:
        return 1.0 if place == 1 else 0.0
    if metric in (Metric.RECALL_5, Metric.RECALL_10):
        first = listed[: 5 if metric is Metric.RECALL_5 else 10]
        return len(set(first) & set(relevant)) / len(relevant)
    if metric in PLAIN:
        return float(bool(set(listed[: 1 if metric is Metric.FOUND_1 else 5]) & set(relevant)))
    gained = sum(1 / math.log2(at + 2) for at, name in enumerate(listed[:10]) if name in relevant)
    return gained / sum(1 / math.log2(at + 2) for at in range(min(10, len(relevant))))


@given(st.lists(st.tuples(RELEVANT, LISTED), min_size=1, max_size=5), st.sampled_from(list(SHOWN)))
def test_slow(drawn: list[tuple[list[str], list[str]]], task: Task) -> None:
    """Every metric of many cases at once is what one computes by hand, and lies between 0 and 1."""
    cases = [case(relevant, f"c{at}", ours=listed) for at, (relevant, listed) in enumerate(drawn)]
    found = scores(ranked(*cases, task=task))
    assert found.metrics == (*SHOWN[task], *PLAIN)
    for metric in found.metrics:
        values = found.of("ours", metric)
        assert values == pytest.approx([slow(metric, task, one) for one in cases], abs=1e-12)
        assert values.min() >= 0
        assert values.max() <= 1


@given(RELEVANT.filter(lambda ids: len(ids) <= 5), st.sampled_from(list(SHOWN)))
def test_perfect(relevant: list[str], task: Task) -> None:
    """A ranking that has just the relevant first, in their order, scores 1 in everything."""
    others = [name for name in IDS if name not in relevant]
    assert (scores(ranked(case(relevant, ours=relevant + others), task=task)).values == 1).all()


@given(RELEVANT, LISTED, st.randoms(use_true_random=False))
def test_order_of_the_rest(relevant: list[str], listed: list[str], chance: Random) -> None:
    """Whoever is not relevant may change places with another such one: nothing moves."""
    rest = [at for at, name in enumerate(listed) if name not in relevant]
    mixed = listed.copy()
    shuffled = rest.copy()
    chance.shuffle(shuffled)
    for before, after in zip(rest, shuffled, strict=True):
        mixed[after] = listed[before]
    one, two = (scores(ranked(case(relevant, ours=ids))).values for ids in (listed, mixed))
    assert np.array_equal(one, two)


def test_never_rankable_is_missed() -> None:
    """A responder who could not be ranked counts as missed, and in the number to be found."""
    found = scores(ranked(case(["unknown", "p1"], ours=["p1", "p2"])))
    assert found.of("ours", Metric.MRR)[0] == 0
    assert found.of("ours", Metric.HIT_1)[0] == 0
    assert found.of("ours", Metric.RECALL_10)[0] == 0.5


def test_first_hundred() -> None:
    """What comes after the first hundred counts as not found, even if a method gave more."""
    listed = [f"p{number}" for number in range(150)]
    found = scores(ranked(case(["p99"], "a", ours=listed), case(["p100"], "b", ours=listed)))
    assert found.of("ours", Metric.MRR).tolist() == [0.01, 0]


def test_peers_best_placed() -> None:
    """For peers the best-placed of the new ones counts; for responders who was first in fact."""
    one = case(["late", "early"], ours=["early", "other", "late"])
    assert scores(ranked(one, task=Task.PEERS)).of("ours", Metric.MRR)[0] == 1
    assert scores(ranked(one)).of("ours", Metric.MRR)[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("broken", [case([], ours=["a"]), case(["a"], ours=["a"], other=["a"]), case(["a"], other=[])])
def test_refused(broken: Case) -> None:
    """A case without anything relevant, or with other methods than the rest, is refused and not scored as 0."""
    with pytest.raises(ValueError, match="case"):
        scores(ranked(case(["a"], "first", ours=["a"]), broken))
