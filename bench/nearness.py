"""How near a post is to all others, exactly: one product of a matrix and a vector, whatever the community's size."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.invented import DIMENSION
from bench.measuring import Figure, duration
from services.recommend.app import one_blas_thread
from services.recommend.vectors import quantise, similarities

SIZES, RUNS, SLICE = (50_000, 200_000), 21, 10_000


def figures() -> Iterator[Figure]:
    one_blas_thread()
    draw = np.random.default_rng(1)
    asked = quantise(draw.standard_normal(DIMENSION))
    for size in SIZES:
        matrix = np.zeros((size, DIMENSION), np.float32)
        for start in range(0, size, SLICE):
            matrix[start : start + SLICE] = quantise(draw.standard_normal((SLICE, DIMENSION)))
        yield duration(f"cosines of a post with {size:,} others", partial(similarities, matrix, asked), RUNS)
