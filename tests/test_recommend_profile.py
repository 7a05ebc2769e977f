import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.profile import PERIOD, PERIODS, Profiles, period_of
from services.recommend.spans import DAY
from services.recommend.vectors import quantise, similarities

START = 54 * 365 * DAY
VECTORS = quantise(np.random.default_rng(7).normal(size=(6, 8))).astype(np.float32)
HALF_LIFE = 90 * DAY
WRITTEN = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 600), st.booleans()), min_size=1, max_size=25
)


def slow(written: list[tuple[int, int, int]], person: int, now: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Decay each vector by the age of its period and add them up."""
    total = np.zeros(8)
    for who, vector, day in written:
        age = period_of(now) - period_of(START + day * DAY)
        if who == person and age < PERIODS:
            total += VECTORS[vector] * 2 ** (-age * PERIOD / HALF_LIFE)
    return quantise(total)


@given(WRITTEN)
def test_a_profile_is_the_decayed_sum_of_the_last_year(steps: list[tuple[int, int, int, bool]]) -> None:
    """In whatever order posts come, and after some were taken away, profiles compare as computed from scratch."""
    profiles, written = Profiles(8, HALF_LIFE), list[tuple[int, int, int]]()
    now = START + 601 * DAY
    for person, vector, day, away in steps:
        profiles.add("s", person, START + day * DAY, VECTORS[vector], 1)
        if away:
            profiles.add("s", person, START + day * DAY, VECTORS[vector], -1)
        else:
            written.append((person, vector, day))
    me = steps[0][0] if "s" in profiles.scopes_of(steps[0][0]) else None
    if me is None:
        return
    others = np.array([0, 1, 2])
    matrix = np.array([slow(written, person, now) for person in range(3)], np.float32)
    expected = similarities(matrix, slow(written, me, now))
    # Additions in another order may round a coordinate to its neighbour.
    assert profiles.near("s", me, others, now).tolist() == pytest.approx(expected.tolist(), abs=2e-3)


def test_scopes_are_apart() -> None:
    """What somebody wrote in one private channel says nothing in another."""
    profiles = Profiles(8, HALF_LIFE)
    for scope, person in (("one", 0), ("two", 1), ("one", 2)):
        profiles.add(scope, person, START, VECTORS[0], 1)
    assert profiles.scopes_of(0) == ["one"]
    assert profiles.near("one", 0, np.array([1, 2]), START).tolist() == [0.0, pytest.approx(1.0, abs=1e-2)]
