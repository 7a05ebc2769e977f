"""Quantised vectors: exact sums, small error."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from services.recommend.vectors import MAX_DIMENSION, SCALE, quantise, similarities

COORDINATES = st.floats(-1, 1, width=32)
PAIRS = st.integers(1, 384).flatmap(lambda d: arrays(np.float32, (2, d), elements=COORDINATES))


def exactly(a: NDArray[np.int16], b: NDArray[np.int16]) -> int:
    return sum(int(x) * int(y) for x, y in zip(a, b, strict=True))


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_summation_does_not_matter(pair: NDArray[np.float32], chance: Random) -> None:
    """Summing in float32 in any order, one by one, gives the integer sum: nothing is ever rounded."""
    a, b = quantise(pair)
    order = list(range(len(a)))
    chance.shuffle(order)
    total = np.float32(0)
    for place in order:
        total = np.float32(total + np.float32(a[place]) * np.float32(b[place]))
    assert int(total) == exactly(a, b)
    assert similarities(a[None].astype(np.float32), b)[0] == exactly(a, b) / SCALE**2


@given(st.integers(0, 2**32 - 1), st.integers(1, 384))
def test_a_matrix_of_any_shape_gives_the_same_bits(seed: int, rows: int) -> None:
    """BLAS takes other kernels for other shapes; a row's similarity is the same alone and among others."""
    random = np.random.default_rng(seed)
    matrix = quantise(random.normal(size=(rows, 384)) ** 3).astype(np.float32)
    vector = quantise(random.normal(size=384) ** 3)
    together = similarities(matrix, vector)
    assert np.array_equal(together, [similarities(row[None], vector)[0] for row in matrix])
    assert np.array_equal(together, similarities(np.asfortranarray(matrix), vector))


@pytest.mark.parametrize("dimension", [1, 2, 384, 4096, MAX_DIMENSION])
def test_the_largest_sum_stays_exact(dimension: int) -> None:
    """A vector with itself is the largest product there is; it and the bound on all stay below 2**24."""
    vector = quantise(np.ones(dimension))
    assert exactly(vector, vector) < 2**24
    assert (SCALE + np.sqrt(dimension) / 2) ** 2 < 2**24


@given(PAIRS)
def test_no_vectors_miss_their_cosine_by_more_than_the_bound(pair: NDArray[np.float32]) -> None:
    """The error against cosines in float64 has a bound that holds for every pair."""
    exact = pair.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1)
    if (lengths < 1e-30).any():  # float64 itself loses the squares of such numbers
        return
    error = similarities(quantise(pair)[:1].astype(np.float32), quantise(pair)[1])[0] - (
        exact[0] @ exact[1] / lengths[0] / lengths[1]
    )
    assert abs(error) <= np.sqrt(exact.shape[1]) / SCALE * 1.01


@given(st.integers(0, 2**32 - 1), st.floats(-1, 1))
def test_cosines_of_embeddings_are_within_a_thousandth(seed: int, likeness: float) -> None:
    """Vectors of 384 dimensions with coordinates spread as in embeddings lose less than 0.001."""
    random = np.random.default_rng(seed)
    a, other = random.normal(size=(2, 384))
    b = likeness * a + (1 - abs(likeness)) * other
    exact = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert abs(similarities(quantise(a)[None].astype(np.float32), quantise(b))[0] - exact) < 1e-3


def test_zero_stays_zero_and_what_is_not_finite_is_refused() -> None:
    """A vector without direction is like nothing; a broken one never enters an index."""
    assert not quantise(np.zeros((2, 3))).any()
    for broken in (np.nan, np.inf):
        with pytest.raises(ValueError, match="not finite"):
            quantise(np.array([1.0, broken]))
    with pytest.raises(ValueError, match="dimensions"):
        quantise(np.ones(MAX_DIMENSION + 1))
