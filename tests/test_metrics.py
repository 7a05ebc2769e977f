"""What is measured is a closed set: every metric is made in one module, and every one is measured somewhere."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import REGISTRY

from services.nudge.count import count
from shared import metrics
from shared.lag import Lag

ROOT = Path(__file__).parent.parent
KINDS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def _modules() -> dict[Path, ast.Module]:
    files = [file for folder in ("shared", "services", "kindling") for file in sorted((ROOT / folder).rglob("*.py"))]
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}


def test_nothing_else_makes_a_metric() -> None:
    """Only `shared/metrics.py` takes the kinds of metrics from the library."""
    makers = {
        file.relative_to(ROOT).as_posix()
        for file, tree in _modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "prometheus_client"
        for name in node.names
        if name.name in KINDS
    }
    assert makers == {"shared/metrics.py"}


def test_every_metric_is_measured() -> None:
    """A name in the table that no code ever sets would be an empty graph."""
    used = {
        node.attr
        for file, tree in _modules().items()
        if file != ROOT / "shared/metrics.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "metrics"
    }
    assert metrics.metrics().keys() <= used


def test_the_registry_holds_these_alone_and_the_process_own() -> None:
    ours = {one.name.removesuffix("_total") for one in metrics.described()}
    found = {family.name for family in REGISTRY.collect()}
    assert {name for name in found if name.startswith("kindling")} == ours


def test_no_label_names_people_or_communities() -> None:
    """Labels are few: a series each for members, texts or communities would have no bound, and tell on people."""
    labels = {label for one in metrics.described() for label in one.labels}
    known = {
        "service",
        "type",
        "reason",
        "dependency",
        "partition",
        "status",
        "cache",
        "kind",
        "outcome",
        "channel",
        "result",
    }
    assert labels <= known


def test_the_lag_is_the_age_of_the_oldest_record_not_handled() -> None:
    lag, second = Lag(), timedelta(seconds=1)
    assert lag.seconds(10, 10, START) == 0
    assert lag.seconds(10, 15, START + second) == 0  # seen for the first time
    assert lag.seconds(10, 20, START + 6 * second) == 5
    assert lag.seconds(15, 20, START + 7 * second) == 1  # what was seen first is handled
    assert lag.seconds(20, 20, START + 8 * second) == 0
    assert lag.seconds(20, 21, START + 90 * second) == 0


def test_the_lag_at_a_start_counts_from_the_last_tick_handled() -> None:
    """A service that was away for an hour says so at once."""
    assert Lag().seconds(10, 15, START, START - timedelta(hours=1)) == 3600


def test_a_decision_that_found_nobody_is_counted() -> None:
    before = REGISTRY.get_sample_value("kindling_decisions_nobody_total") or 0.0
    count([], dict.fromkeys(("decision/post/p1", "decision/n1", "opportunity/p1"), b""))
    assert REGISTRY.get_sample_value("kindling_decisions_nobody_total") == before + 1
