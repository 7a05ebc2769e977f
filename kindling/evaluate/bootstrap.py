"""How sure a mean is: clusters of cases are drawn again and again, and what that moves is the interval.

Cases of one thread or one member are alike, so they are drawn together. All methods are measured on the same draws:
the difference of two is far surer than each of them.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 1_000
LEVEL = 0.95
# With fewer clusters the draws are too much alike to tell anything.
FEWEST = 10
_SEED = 20_231
_CELLS = 1_000_000
# Sums are whole multiples of this, so that adding them up is exact below 2**23 cases: neither the order of summing
# nor the number of threads changes a bit.
_GRAIN = 2.0**-30


def clusters(names: Sequence[str]) -> Ints:
    """Number the clusters, from 0, in the order of their names."""
    known = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([known[name] for name in names], dtype=np.int64)


def draws(number: int, resamples: int = RESAMPLES) -> Iterator[Ints]:
    """Draw as many clusters as there are, with replacement: how often each was drawn, (draw, cluster), in batches.

    The draws depend on the number of clusters alone, and a batch has at most a million cells or one row.
    """
    rng = np.random.default_rng([_SEED, number])
    batch = max(1, min(resamples, _CELLS // max(1, number)))
    for start in range(0, resamples, batch):
        rows = min(batch, resamples - start)
        drawn = rng.integers(0, number, size=(rows, number))
        drawn += np.arange(rows)[:, None] * number
        yield np.bincount(drawn.ravel(), minlength=rows * number).reshape(rows, number)


def means(values: Floats, cluster: Ints, resamples: int = RESAMPLES) -> tuple[Floats, Floats]:
    """Give the means of the columns of `values` (case, column), and of each draw: (column,) and (draw, column)."""
    number = int(cluster.max()) + 1
    sums = np.zeros((number, values.shape[1]))
    np.add.at(sums, cluster, values)
    sums = np.rint(sums / _GRAIN) * _GRAIN
    sizes = np.bincount(cluster, minlength=number).astype(np.float64)
    made = []
    for drawn in draws(number, resamples):
        counts = drawn.astype(np.float64)
        made.append((counts @ sums) / (counts @ sizes)[:, None])
    return sums.sum(axis=0) / sizes.sum(), np.concatenate(made)


def interval(drawn: Floats) -> tuple[float, float]:
    """Give the middle 95 % of what the draws gave; draws that gave nothing (NaN) are left out."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn[~np.isnan(drawn)], [tail, 1 - tail])
    return float(low), float(high)
