"""Intervals of means: seeded, over clusters, paired."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kindling.evaluate.bootstrap import Floats, clusters, draws, interval, means

VALUES = arrays.arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1))


def test_draws_batched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each draw takes as many clusters as there are, the same twice, and in bounded memory."""
    monkeypatch.setattr("kindling.evaluate.bootstrap._CELLS", 100)
    batches = list(draws(30, 10))
    assert max(batch.size for batch in batches) <= 100
    assert sum(len(batch) for batch in batches) == 10
    assert all((batch.sum(axis=1) == 30).all() for batch in batches)
    assert np.array_equal(np.concatenate(batches), np.concatenate(list(draws(30, 10))))


@settings(max_examples=30)
@given(VALUES)
def test_holds_the_mean(values: Floats) -> None:
    """The interval of a mean contains it, and lies within the values."""
    mean, drawn = means(values[:, None], np.arange(len(values)), 400)
    low, high = interval(drawn[:, 0])
    assert mean[0] == pytest.approx(values.mean(), abs=1e-9)
    assert low <= mean[0] <= high
    assert values.min() - 1e-9 <= low <= high <= values.max() + 1e-9


@settings(max_examples=30)
@given(VALUES, st.data())
def test_slow(values: Floats, data: Any) -> None:
    """A draw's mean is that of the cases of the drawn clusters, each as often as it was drawn."""
    cluster = clusters(data.draw(st.lists(st.sampled_from("abcd"), min_size=len(values), max_size=len(values))))
    drawn = means(values[:, None], cluster, 5)[1][:, 0]
    counts = np.concatenate(list(draws(int(cluster.max()) + 1, 5)))
    for row, found in zip(counts, drawn, strict=True):
        assert found == pytest.approx(np.repeat(values, row[cluster]).mean(), abs=1e-9)


def test_order_changes_no_bit() -> None:
    """The same cases in another order give the same means and draws, bit for bit."""
    rng = np.random.default_rng(3)
    values, cluster = rng.random((500, 4)), rng.integers(0, 80, 500)
    cluster[:80] = np.arange(80)
    mixed = rng.permutation(500)
    for one, two in zip(means(values, cluster, 50), means(values[mixed], cluster[mixed], 50), strict=True):
        # Within a cluster sums are rounded to a grain, so only a tie of it could differ.
        assert np.array_equal(one, two)


def test_clusters_widen() -> None:
    """Cases that come in alike pairs tell half as much: the interval over pairs is wider than one over cases."""
    values = np.repeat(np.random.default_rng(1).random(200), 2)[:, None]
    apart = interval(means(values, np.arange(400))[1][:, 0])
    pairs = interval(means(values, np.arange(400) // 2)[1][:, 0])
    assert pairs[1] - pairs[0] > 1.2 * (apart[1] - apart[0])


def test_coverage() -> None:
    """Of many samples, about 95 in 100 of the intervals hold the true mean."""
    rng = np.random.default_rng(5)
    samples = rng.random((150, 200))
    mean_and_draws = [means(sample[:, None], np.arange(150), 400)[1][:, 0] for sample in samples.T]
    held = [low <= 0.5 <= high for low, high in map(interval, mean_and_draws)]
    assert 0.89 <= np.mean(held) <= 0.99


def test_names_number_clusters() -> None:
    """Clusters are numbered by the order of their names, whatever comes first."""
    assert clusters(["b", "a", "b"]).tolist() == [1, 0, 1]
