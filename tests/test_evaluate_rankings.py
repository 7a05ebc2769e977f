"""The rankings that anyone can score: complete, the same twice, whole or not at all."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from kindling.evaluate.metrics import Metric, scores
from kindling.evaluate.rankings import write_rankings
from kindling.evaluate.results import Evaluation
from tests.evaluating import OURS, case, ranked, synthetic


def test_scored_independently(tmp_path: Path) -> None:
    """From the file alone one comes to the MRR that the report has."""
    evaluation = synthetic(40)
    write_rankings(tmp_path / "r.jsonl", evaluation)
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    of = [line for line in lines if line["task"] == "responders"]
    assert len(lines) == 3 * 40 + 4 * 40
    places = [
        line["ranked"][OURS].index(line["relevant"][0]) + 1 if line["relevant"][0] in line["ranked"][OURS] else 0
        for line in of
    ]
    mrr = sum(1 / place for place in places if place) / len(of)
    assert mrr == pytest.approx(scores(evaluation.ranked[0]).of(OURS, Metric.MRR).mean())
    assert of[0]["at"] == "2023-11-14T22:13:20Z"
    assert of[0]["groups"] == ["first-time authors"]


def test_silence_lines(tmp_path: Path) -> None:
    """A forecast has its post, its age, all probabilities, and what happened."""
    evaluation = replace(synthetic(3), ranked=())
    write_rankings(tmp_path / "r.jsonl", evaluation)
    first = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[0])
    assert evaluation.silence is not None
    one = evaluation.silence.forecasts[0]
    assert first == {
        "task": "silence",
        "id": one.id,
        "at": "2023-11-14T22:13:20Z",
        "cluster": one.cluster,
        "age": 0.0,
        "probabilities": dict(one.probabilities),
        "silent": one.silent,
    }


def test_packed_the_same_twice(tmp_path: Path) -> None:
    """A name that ends with .gz is packed, and neither time nor name gets into it."""
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        write_rankings(tmp_path / name, synthetic(10))
    write_rankings(tmp_path / "plain.jsonl", synthetic(10))
    packed = (tmp_path / "one.jsonl.gz").read_bytes()
    assert packed == (tmp_path / "two.jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "plain.jsonl").read_bytes()


def test_first_hundred(tmp_path: Path) -> None:
    """Just the first hundred are written, which are those that were scored."""
    listed = [f"p{number}" for number in range(150)]
    write_rankings(tmp_path / "r", Evaluation("x", "m", {}, (ranked(case(["p1"], ours=listed)),)))
    assert json.loads((tmp_path / "r").read_text())["ranked"]["ours"] == listed[:100]


def test_whole_or_not_at_all(tmp_path: Path) -> None:
    """A failure half-way leaves the old file, and nothing beside it."""
    path = tmp_path / "r.jsonl"
    path.write_text("old")
    fine, broken = case(["a"], ours=["a"]), replace(case(["a"], ours=["a"]), at=float("nan"))
    with pytest.raises(ValueError, match="NaN"):
        write_rankings(path, Evaluation("x", "m", {}, (ranked(fine, broken),)))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
