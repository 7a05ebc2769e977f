"""The summary: what was found, compared fairly, and the same twice."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kindling.evaluate.results import Evaluation, Ranked, Silence, Task
from kindling.evaluate.shapes import Kind, Verdict
from kindling.evaluate.summary import summarise
from tests.evaluating import DAY, OURS, RULE, START, case, synthetic


def numbers(value: Any) -> Iterator[float]:
    """Walk all numbers of a JSON value."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, float):
        yield value


def test_plain_json() -> None:
    """The summary is JSON with finite numbers of six digits, and comes back as it was."""
    made = summarise(synthetic(60))
    text = json.dumps(made, allow_nan=False)
    assert json.dumps(json.loads(text)) == text
    assert all(math.isfinite(number) and round(number, 6) == number for number in numbers(made))


def test_the_same_twice() -> None:
    """The same evaluation gives the same summary, bit for bit."""
    assert json.dumps(summarise(synthetic(60))) == json.dumps(summarise(synthetic(60)))


def test_order_of_methods() -> None:
    """Ours comes first, then the baselines from the best, then the ablations."""
    whole = summarise(synthetic(100))["tasks"]["responders"]["whole"]
    kinds = [method["kind"] for method in whole["methods"].values()]
    assert kinds == [Kind.OURS, Kind.BASELINE, Kind.BASELINE, Kind.BASELINE, Kind.ABLATION]
    by_mrr = [method["metrics"]["mrr"]["mean"] or 0 for method in whole["methods"].values()][1:4]
    assert by_mrr == sorted(by_mrr, reverse=True)
    assert next(iter(whole["methods"])) == OURS


def test_best_baseline_by_that_metric() -> None:
    """Ours is compared with the baseline that is best by the very metric; an ablation is never that baseline."""
    cases = [
        case(
            ["a", "b"], f"c{number}", ours=["a", "b"], early=["a", *"12345", "b"], wide=["1", "a", "b"], part=["a", "b"]
        )
        for number in range(12)
    ]
    made = summarise(Evaluation("x", "m", {}, (Ranked(Task.RESPONDERS, "ours", ("early", "wide"), tuple(cases)),)))
    against = made["tasks"]["responders"]["whole"]["against_best"]
    assert against["mrr"]["baseline"] == "early"
    assert against["recall_at_5"]["baseline"] == "wide"
    assert against["recall_at_5"]["verdict"] == Verdict.UNCLEAR
    assert against["ndcg_at_10"]["verdict"] == Verdict.BETTER


def test_paired() -> None:
    """A small but steady gain is found, though the intervals of the two overlap widely."""
    rng = np.random.default_rng(2)
    cases = []
    for number in range(200):
        place = int(rng.integers(3, 20))
        listed = [f"p{at}" for at in range(30)]
        cases.append(case([listed[place]], f"c{number}", ours=listed[1:], rule=listed))
    made = summarise(Evaluation("x", "m", {}, (Ranked(Task.RESPONDERS, "ours", ("rule",), tuple(cases)),)))
    whole = made["tasks"]["responders"]["whole"]
    ours, rule = (whole["methods"][name]["metrics"]["mrr"] for name in ("ours", "rule"))
    difference = whole["against_best"]["mrr"]
    assert difference["verdict"] == Verdict.BETTER
    assert ours["low"] is not None
    assert rule["high"] is not None
    assert ours["low"] < rule["high"]
    assert difference["difference"] == pytest.approx((ours["mean"] or 0) - (rule["mean"] or 0), abs=1e-6)


def test_worse_is_worse() -> None:
    """Where the rule is better, the verdict says so."""
    swapped = [replace(task, ours=RULE, baselines=(OURS,)) for task in synthetic(200).ranked]
    made = summarise(replace(synthetic(200), ranked=tuple(swapped)))
    assert made["tasks"]["responders"]["whole"]["against_best"]["mrr"]["verdict"] == Verdict.WORSE


def test_groups_apart() -> None:
    """A group's figures are those of its cases alone."""
    evaluation = synthetic(90)
    task = evaluation.ranked[0]
    only = tuple(one for one in task.cases if "first-time authors" in one.groups)
    made = summarise(evaluation)["tasks"]["responders"]["groups"]
    alone = summarise(replace(evaluation, ranked=(replace(task, cases=only),)))["tasks"]["responders"]["whole"]
    assert list(made) == ["first-time authors", "with a mention"]
    assert made["first-time authors"] == alone


def test_few_clusters_have_no_interval() -> None:
    """Below ten threads nothing is said of how sure a figure is, and no verdict is given."""
    made = summarise(synthetic(16))["tasks"]["responders"]["whole"]
    assert (made["cases"], made["clusters"]) == (16, 8)
    assert made["methods"][OURS]["metrics"]["mrr"]["low"] is None
    assert made["against_best"]["mrr"]["verdict"] == Verdict.TOO_FEW


def test_spans() -> None:
    """The test's time is cut into eighths that hold all cases; cases of one moment are one span."""
    spans = summarise(synthetic(80))["tasks"]["responders"]["over_time"]
    assert [span["cases"] for span in spans] == [10] * 8
    once = tuple(case(["a"], f"c{number}", START + DAY, ours=["a"]) for number in range(5))
    made = summarise(Evaluation("x", "m", {}, (Ranked(Task.PEERS, "ours", (), once),)))["tasks"]["peers"]
    assert [span["cases"] for span in made["over_time"]] == [5]
    assert made["whole"]["against_best"] == {}


def test_no_case() -> None:
    """A task without a case is in the summary, with its reason and no figures."""
    made = summarise(synthetic(0))
    assert made["tasks"]["peers"]["whole"]["methods"] == {}
    assert made["tasks"]["peers"]["notes"] == ["The archive spans 3 days: at least 30 are needed."]
    assert made["silence"] is not None
    assert made["silence"]["ages"] == []


def test_silence_by_age() -> None:
    """Forecasts are judged age by age, youngest first, against the baseline with the best AUC."""
    silence = summarise(synthetic(400))["silence"]
    assert silence is not None
    assert [age["age"] for age in silence["ages"]] == [0, 1, 4, 12]
    for age in silence["ages"]:
        assert age["posts"] == 400
        assert next(iter(age["methods"])) == OURS
        assert age["methods"]["base rate"]["auc"]["mean"] == 0.5
        assert age["against_best"] is not None
        assert age["against_best"]["baseline"] == "channel's rate"
        assert age["against_best"]["verdict"] in (Verdict.BETTER, Verdict.UNCLEAR)
    assert silence["ages"][0]["methods"][OURS]["calibration"]["passed"]


def test_silence_of_one_kind() -> None:
    """Where all posts stayed silent, the AUC is not defined and is left out; the rest is told."""
    silence = synthetic(40).silence
    assert silence is not None
    all_silent = tuple(replace(one, silent=True) for one in silence.forecasts)
    made = summarise(Evaluation("x", "m", {}, (), Silence(OURS, silence.baselines, all_silent)))["silence"]
    assert made is not None
    assert made["ages"][0]["methods"][OURS]["auc"] == {"mean": None, "low": None, "high": None}
    assert made["ages"][0]["against_best"] is None
    assert made["ages"][0]["methods"][OURS]["average_precision"] == 1


def test_silence_same_methods() -> None:
    """A post without one method's forecast is refused: means over different posts do not compare."""
    silence = synthetic(20).silence
    assert silence is not None
    first = replace(silence.forecasts[0], probabilities={OURS: 0.5})
    with pytest.raises(ValueError, match="same methods"):
        summarise(Evaluation("x", "m", {}, (), replace(silence, forecasts=(first, *silence.forecasts[1:]))))
