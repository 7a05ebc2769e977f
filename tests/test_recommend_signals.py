"""Signals: logarithms of shares of the list's highest."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.signals import LEAST_SHARE, NOTHING, signals

VALUES = st.lists(
    st.lists(st.floats(0, 1e12), min_size=4, max_size=4), min_size=1, max_size=5
).map(lambda rows: np.array(rows, np.float64))  # fmt: skip


@given(VALUES)
def test_a_signal_is_the_log_of_a_share(values: np.ndarray) -> None:
    """Each signal is computed by hand, lies between nothing and all, and keeps the order of the feature."""
    found = signals(values)
    assert (found.dtype.name, found.shape) == ("float32", values.T.shape)
    for feature, row in enumerate(values.tolist()):
        for person, value in enumerate(row):
            share = value / max(row) if max(row) else 0.0
            assert math.isclose(found[person, feature], math.log(share + LEAST_SHARE), abs_tol=1e-6)
            assert NOTHING - 1e-6 <= found[person, feature] <= math.log(1 + LEAST_SHARE) + 1e-6
        assert (np.diff(found[np.argsort(values[feature], kind="stable"), feature]) >= 0).all()


@given(VALUES, st.lists(st.integers(-40, 40), min_size=5, max_size=5))
def test_the_unit_of_a_feature_does_not_matter(values: np.ndarray, powers: list[int]) -> None:
    """Counted in other units, each feature in its own, the signals are the same."""
    units = np.array([2.0**power for power in powers[: len(values)]])[:, None]
    assert np.allclose(signals(values * units), signals(values), atol=1e-6)


@given(VALUES, st.permutations(range(4)))
def test_the_order_of_the_list_does_not_matter(values: np.ndarray, order: list[int]) -> None:
    """People keep their signals to the last bit wherever they stand in the list."""
    assert signals(values[:, order]).tobytes() == signals(values)[order].tobytes()


def test_who_has_nothing_falls_behind_and_is_not_out() -> None:
    """Nothing is a finite signal, and a feature that nobody has says nothing of anybody."""
    found = signals(np.array([[0.0, 2.0], [0.0, 0.0]]))
    assert np.isfinite(found).all()
    assert found[0, 0] < found[1, 0]
    assert found[0, 1] == found[1, 1] == np.float32(NOTHING)
