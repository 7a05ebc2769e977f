import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.decay import DAY, EPOCH, decayed, log2_of, weight

HALF_LIFE = 30 * DAY
NOW = EPOCH + 17 * 365 * DAY
TIMES = st.lists(st.floats(EPOCH, NOW, allow_nan=False), min_size=1, max_size=20)


def read(total: int, now: float) -> float:
    return float(decayed(np.array([log2_of(total)]), now, HALF_LIFE)[0])


@given(TIMES)
def test_a_sum_is_worth_what_its_records_are_worth(times: list[float]) -> None:
    """Each record counts half after every half-life, by its own time."""
    total = sum(weight(at, HALF_LIFE) for at in times)
    assert read(total, NOW) == pytest.approx(sum(2 ** ((at - NOW) / HALF_LIFE) for at in times), rel=1e-9, abs=1e-15)


@given(TIMES, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_taking_away_leaves_the_rest(times: list[float], chance: object) -> None:
    """Late and removed records give the very sum of what is left."""
    shuffled = sorted(times, key=lambda _: chance.random())  # type: ignore[attr-defined]
    total = sum(weight(at, HALF_LIFE) for at in times)
    assert sum(weight(at, HALF_LIFE) for at in shuffled) == total
    assert total - weight(times[0], HALF_LIFE) == sum(weight(at, HALF_LIFE) for at in times[1:])


def test_nothing_and_the_far_away_are_worth_next_to_nothing() -> None:
    """Times long before the epoch, long half-life counts and empty sums do not break the reading."""
    assert log2_of(0) == -math.inf
    assert read(0, NOW) == 0.0
    assert weight(EPOCH - 400 * 365 * DAY, HALF_LIFE) == 0
    century = EPOCH + 100 * 365 * DAY
    assert decayed(np.array([log2_of(weight(century, DAY))]), century, DAY).tolist() == [1.0]
