"""How long a post waits before anybody is asked."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.waiting import Curve, best_age

AGES = (1.0, 4.0, 12.0, 24.0, 72.0)
CHANCES = st.lists(st.floats(0.001, 1), min_size=len(AGES), max_size=len(AGES)).map(lambda c: sorted(c, reverse=True))
PATIENCE = st.floats(0.25, 100)
STEP = 1 / 32


def cost(curve: Curve, age: float, asked: float, patience: float) -> float:
    """Add up, slowly, what it costs to ask about a post that is open at `age` at the age `asked`."""
    steps = max(1, round((asked - age) / STEP))
    width = (asked - age) / steps
    hours = sum(curve.at(age + (n + 0.5) * width) * width for n in range(steps))
    return (hours / patience + curve.at(asked)) / curve.at(age)


@given(CHANCES, PATIENCE, st.sampled_from([0.0, 0.5, 2.0, 13.0]))
def test_no_other_moment_costs_less(chances: list[float], patience: float, age: float) -> None:
    """Of all moments up to the last one that is spoken of, none costs less than the one that is chosen."""
    curve = Curve.of(zip(AGES, chances, strict=True))
    chosen = best_age(curve, age, patience, 72)
    assert age <= chosen <= 24
    least = cost(curve, age, chosen, patience)
    others = [age + n * 0.75 for n in range(int((24 - age) / 0.75) + 1)]
    assert all(cost(curve, age, other, patience) >= least - 0.01 * max(1, least) for other in others)


@given(CHANCES, PATIENCE, PATIENCE)
def test_who_has_more_patience_never_asks_earlier(chances: list[float], one: float, other: float) -> None:
    """The more hours of silence an ask is worth, the later it comes."""
    curve = Curve.of(zip(AGES, chances, strict=True))
    early, late = (best_age(curve, 0.0, patience, 72) for patience in sorted((one, other)))
    assert early <= late


def test_what_nobody_answers_by_itself_is_asked_about_at_once() -> None:
    """Where waiting brings nothing, nobody waits; where most are answered in an hour, everybody waits that long."""
    silent = Curve.of((age, 0.99) for age in AGES)
    assert best_age(silent, 0.0, 12, 72) == 0
    busy = Curve.of(zip(AGES, (0.4, 0.38, 0.36, 0.35, 0.34), strict=True))
    assert best_age(busy, 0.0, 12, 72) == 1
    assert best_age(busy, 2.5, 12, 72) == 2.5


def test_a_lull_is_waited_over_where_what_comes_after_makes_up_for_it() -> None:
    """A post of the evening that is answered in the morning waits through the night."""
    night = Curve.of(zip(AGES, (1.0, 1.0, 0.05, 0.05, 0.05), strict=True))
    assert best_age(night, 0.0, 24, 72) == 12
    assert best_age(night, 0.0, 1, 72) == 0


def test_a_curve_falls_at_a_constant_hazard_between_what_is_said() -> None:
    """Halfway in time, the chance is the geometric mean; a rise is taken as none, an end as staying so."""
    curve = Curve.of([(4, 0.25), (2, 0.5), (8, 0.9)])
    assert curve.at(3) == pytest.approx(math.sqrt(0.5 * 0.25))
    assert curve.at(6) == curve.at(99) == 0.25
    assert curve.stays_open(2, 2) == pytest.approx(0.5)
