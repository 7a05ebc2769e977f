"""`kindling plan`: an estimate that follows from figures, and never says less for more."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.plan.estimate import BUSY, PARTITIONS, Load, plan
from kindling.plan.figures import measured
from shared.failures import Unprocessable
from tests.test_commands import kindling

FIGURES = measured()
LOADS = st.builds(
    Load,
    members=st.integers(1, 10**6),
    posts_per_day=st.floats(0, 10**5),
    communities=st.integers(1, 1000),
    years=st.floats(0, 20),
    peak=st.floats(1, 50),
)
NEEDS = (
    "posts_kept", "redis_bytes", "recommend_bytes", "recommend_cores", "recommend_cores_at_peak", "nudge_cores_at_peak",
    "kafka_bytes_a_month", "recommend_replicas", "nudge_replicas", "import_hours",
)  # fmt: skip


@given(LOADS, st.sampled_from(["members", "posts_per_day", "communities", "years", "peak"]), st.integers(1, 1000))
def test_more_to_do_never_needs_less(load: Load, name: str, more: int) -> None:
    """More members, posts, communities, years or a sharper peak: nothing that is needed becomes less."""
    little = plan(load, FIGURES)
    much = plan(replace(load, **{name: getattr(load, name) + more}), FIGURES)
    assert all(getattr(little, need) <= getattr(much, need) for need in NEEDS)


@given(LOADS)
def test_what_fits_is_kept_below_the_limit(load: Load) -> None:
    """Where it is said to fit, no community keeps a process busier than it may be, and Kafka has partitions enough."""
    found = plan(load, FIGURES)
    if found.fits:
        assert found.recommend_cores_at_peak / load.communities <= BUSY
        assert max(found.recommend_replicas, found.nudge_replicas) <= PARTITIONS


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": 0}, {"members": -5}, {"posts_per_day": -1.0}, {"posts_per_day": float("nan")},
        {"posts_per_day": float("inf")}, {"communities": 0}, {"years": -1.0}, {"peak": 0.5}, {"members": 10**10},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_is_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    """Nobody gets a plan for a community of nobody, or for a number that is none."""
    with pytest.raises(Unprocessable, match="must be a number from"):
        plan(replace(Load(1000, 20.0), **wrong), FIGURES)


def test_the_figures_are_measured_ones() -> None:
    """Each is above nothing but what noise may hide, and says by which command, when and on what it was measured."""
    assert FIGURES.command == "python -m bench.capacity"
    assert FIGURES.measured
    assert "cores" in FIGURES.machine
    assert all(value >= 0 for value in asdict(FIGURES).values() if isinstance(value, float | int))
    assert min(FIGURES.post_ms, FIGURES.embed_ms, FIGURES.redis_a_post, FIGURES.redis_a_member, FIGURES.log_a_post) > 0


def test_an_operator_sees_what_is_needed_and_why(tmp_path: Path) -> None:
    """A table, the reasons and the figures' origin; everything in a file; nonsense ends with a sentence."""
    told = tmp_path / "plan.json"
    shown = kindling(tmp_path, "plan", "--members", "5000", "--posts-per-day", "40", "--json", str(told))
    assert "Redis: memory" in shown
    assert FIGURES.measured in shown
    assert json.loads(told.read_text())["plan"]["recommend_replicas"] == 1
    assert "members must be" in kindling(tmp_path, "plan", "--members", "0", "--posts-per-day", "40", code=2)
    assert "does not fit" in kindling(tmp_path, "plan", "--members", "5000", "--posts-per-day", "90000")
