"""How good probabilities are: do they tell silent posts from others, and do they mean what they say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate.bootstrap import draws

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BINS = 10
SIMULATIONS = 500
# The test at 95 %: it calls one of twenty perfect forecasters miscalibrated.
ALARM = 0.05
_SEED = 20_232
_CELLS = 2_000_000
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Bin:
    """Posts with like probabilities: their mean, the share that stayed silent with its 95 % interval, how many."""

    probability: float
    observed: float
    low: float
    high: float
    posts: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether probabilities mean what they say.

    `error` is the expected calibration error over ten bins of equally many posts, `floor` what a perfect forecaster
    with the same probabilities would show for as many posts, `p_value` the share of perfect forecasters that would
    show as large an error.
    """

    error: float
    floor: float
    p_value: float
    bins: tuple[Bin, ...]

    @property
    def excess(self) -> float:
        """The error above what chance alone would show."""
        return max(0.0, self.error - self.floor)


def checked(probabilities: Floats) -> Floats:
    """Give them back. Raises ValueError where one is no probability."""
    if not bool(np.all((probabilities >= 0) & (probabilities <= 1))):
        raise ValueError("a probability must lie between 0 and 1")
    return probabilities


def brier(probabilities: Floats, silent: Bools) -> float:
    """Give the mean squared error of the probabilities: 0 is perfect."""
    return float(np.mean((probabilities - silent) ** 2))


def _tied(probabilities: Floats) -> tuple[Ints, Ints]:
    """Number the distinct probabilities, from the lowest: each post's number, and how many posts each has."""
    _, group, sizes = np.unique(probabilities, return_inverse=True, return_counts=True)
    return group.astype(np.int64), sizes.astype(np.int64)


def auc(probabilities: Floats, silent: Bools) -> float | None:
    """Say how often a silent post has the higher probability than another one, ties half; None if one kind lacks."""
    found = float(_areas(np.ones((len(silent), 1)), *_faced(probabilities, silent))[0])
    return None if np.isnan(found) else found


def resampled_aucs(probabilities: Sequence[Floats], silent: Bools, cluster: Ints) -> Floats:
    """Give each method's AUC in each draw of clusters, (draw, method); NaN where a draw has one kind only.

    The draws are those of `bootstrap.draws`, the same for all methods.
    """
    faced = [_faced(said, silent) for said in probabilities]
    made = []
    for counts in draws(int(cluster.max()) + 1):
        # Posts are rows, so that the many gathers below copy whole rows.
        weights = np.ascontiguousarray(counts.T, dtype=np.float64)[cluster]
        made.append(np.stack([_areas(weights, *one) for one in faced], axis=1))
    return np.concatenate(made)


def _faced(probabilities: Floats, silent: Bools) -> tuple[Ints, Ints, Ints, Ints]:
    """Put the posts of both kinds face to face.

    Gives the silent ones, the others by ascending probability, and for each silent one how many of the others have a
    lower probability, and a lower one or the same.
    """
    yes, no = np.flatnonzero(silent), np.flatnonzero(~silent)
    no = no[np.argsort(probabilities[no], kind="stable")]
    below = np.searchsorted(probabilities[no], probabilities[yes], "left")
    upto = np.searchsorted(probabilities[no], probabilities[yes], "right")
    return yes.astype(np.int64), no.astype(np.int64), below.astype(np.int64), upto.astype(np.int64)


def _areas(weights: Floats, yes: Ints, no: Ints, below: Ints, upto: Ints) -> Floats:
    """Compute the AUC for each column of whole weights (post, draw), exactly up to the last division."""
    reached = np.zeros((len(no) + 1, weights.shape[1]))
    np.cumsum(weights[no], axis=0, out=reached[1:])
    chosen = weights[yes]
    twice = (chosen * (reached[below] + reached[upto])).sum(axis=0)
    pairs = chosen.sum(axis=0) * reached[-1]
    made: Floats = np.where(pairs > 0, twice / (2.0 * np.maximum(pairs, 1.0)), np.nan)
    return made


def average_precision(probabilities: Floats, silent: Bools) -> float | None:
    """Give the mean precision over recall, from the highest probability down, ties together; None if none is silent."""
    group, sizes = _tied(probabilities)
    hits = np.bincount(group, weights=silent, minlength=len(sizes))[::-1]
    if not hits.sum():
        return None
    precision = np.cumsum(hits) / np.cumsum(sizes[::-1])
    return float((hits * precision).sum() / hits.sum())


def binned(probabilities: Floats) -> Ints:
    """Put posts into ten bins of equally many, by probability; the same probability is never in two bins.

    Posts of one probability count as standing at their mean rank, so their order does not matter.
    """
    group, sizes = _tied(probabilities)
    middle = np.cumsum(sizes) - sizes / 2
    bins: Ints = np.minimum(BINS - 1, (BINS * middle / sizes.sum()).astype(np.int64))[group]
    return bins


def calibration(probabilities: Floats, silent: Bools) -> Calibration:
    """Measure calibration, and what chance alone would show: seeded, the same twice."""
    which = binned(probabilities)
    order = np.argsort(which, kind="stable")
    ascending, bins = probabilities[order], which[order]
    starts = np.flatnonzero(np.r_[True, bins[1:] != bins[:-1]])
    expected = np.add.reduceat(ascending, starts)
    error = float(_errors(silent[order][None, :], expected, starts)[0])
    simulated = _simulated(ascending, expected, starts)
    return Calibration(
        error, float(simulated.mean()), float(np.mean(simulated >= error)), _curve(ascending, silent[order], starts)
    )


def _errors(silent: Bools, expected: Floats, starts: NDArray[np.intp]) -> Floats:
    """Compute the expected calibration error of each row of outcomes (row, post in order of the bins)."""
    happened = np.add.reduceat(silent.astype(np.int64), starts, axis=1)
    made: Floats = np.abs(happened - expected).sum(axis=1) / silent.shape[1]
    return made


def _simulated(ascending: Floats, expected: Floats, starts: NDArray[np.intp]) -> Floats:
    """Let each post stay silent with its own probability, many times: the errors that this shows."""
    rng, posts = np.random.default_rng([_SEED, len(ascending)]), len(ascending)
    batch = max(1, min(SIMULATIONS, _CELLS // posts))
    made = []
    for start in range(0, SIMULATIONS, batch):
        outcomes = rng.random((min(batch, SIMULATIONS - start), posts)) < ascending
        made.append(_errors(outcomes, expected, starts))
    return np.concatenate(made)


def _curve(ascending: Floats, silent: Bools, starts: NDArray[np.intp]) -> tuple[Bin, ...]:
    ends = np.r_[starts[1:], len(ascending)]
    made = []
    for start, end in zip(starts, ends, strict=True):
        posts, share = int(end - start), float(silent[start:end].mean())
        made.append(Bin(float(ascending[start:end].mean()), share, *_wilson(share, posts), posts))
    return tuple(made)


def _wilson(share: float, number: int) -> tuple[float, float]:
    """Give Wilson's 95 % interval of a share."""
    scale = 1 + _Z**2 / number
    middle = (share + _Z**2 / (2 * number)) / scale
    half = _Z * ((share * (1 - share) / number + _Z**2 / (4 * number**2)) ** 0.5) / scale
    return max(0.0, middle - half), min(1.0, middle + half)
