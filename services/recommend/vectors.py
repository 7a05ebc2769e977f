"""Quantised unit vectors: integers, so that similarities are the same to the last bit everywhere.

A unit vector is kept as round(v * SCALE) in int16. The dot product of two of them is a sum of integers, and
float32 holds every integer up to 2**24 exactly. By Cauchy-Schwarz the sum over any subset of the coordinates,
which is what any partial sum is, stays within |a| * |b|. Rounding moves each coordinate by at most one half,
so |a| <= SCALE + sqrt(dimension) / 2, and (4000 + sqrt(d) / 2)**2 < 2**24 for every d up to MAX_DIMENSION.
Hence no partial sum is ever rounded, and BLAS may add in whatever order, with whatever number of threads and
with fused instructions or without: the result is the same. Decisions can be compared bit for bit.
"""

import numpy as np
from numpy.typing import NDArray

SCALE = 4000
MAX_DIMENSION = 36_000  # (4000 + sqrt(36000) / 2)**2 = 16.77 million, just below 2**24


def quantise(vectors: NDArray[np.floating]) -> NDArray[np.int16]:
    """Unit vectors along the last axis to int16, same shape; they are normalised again in float64 first.

    A zero vector stays zero. Raises ValueError for what is not finite or has too many dimensions.
    """
    exact = np.asarray(vectors, dtype=np.float64)
    if exact.shape[-1] > MAX_DIMENSION:
        raise ValueError(f"at most {MAX_DIMENSION} dimensions keep dot products exact, not {exact.shape[-1]}")
    if not np.isfinite(exact).all():
        raise ValueError("a vector holds a value that is not finite")
    # Dividing by the largest coordinate first keeps the squares from overflowing or vanishing.
    largest = np.abs(exact).max(axis=-1, keepdims=True, initial=0.0)
    exact = np.divide(exact, largest, out=np.zeros_like(exact), where=largest > 0)
    length = np.sqrt((exact * exact).sum(axis=-1, keepdims=True))
    unit = np.divide(exact, length, out=np.zeros_like(exact), where=length > 0)
    rounded: NDArray[np.int16] = np.rint(unit * SCALE).astype(np.int16)
    return rounded


def similarities(matrix: NDArray[np.float32], vector: NDArray[np.generic]) -> NDArray[np.float64]:
    """Cosines of each row of `matrix` with `vector`, both quantised: shape (rows,), bit for bit reproducible.

    Of several vectors, the columns of an array (dimension, n): shape (rows, n).

    `matrix` is float32 of shape (rows, dimension) holding `quantise`'s integers, because BLAS has no int16
    product; keep it converted. `vector` may be int16 or float32, of shape (dimension,). Rounding costs less
    than 0.001 on embeddings of 384 dimensions; whatever the vectors, no more than about sqrt(dimension) / SCALE.
    """
    products = matrix @ vector.astype(np.float32)
    return products.astype(np.float64) / SCALE**2
