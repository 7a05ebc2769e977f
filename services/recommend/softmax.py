"""A linear listwise softmax: who of a list is chosen, as log-linear weights of signals.

The conditional logit of McFadden (1974), "Conditional logit analysis of qualitative choice behavior"; as a
ranking loss ListNet's (Cao et al. 2007, "Learning to rank: from pairwise approach to listwise approach").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]

_MOST_STEPS = 100
# A step that lowers the cross entropy by less than such a share of it ends the search.
_ENOUGH = 1e-6


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists one after another: `signals` of shape (all, signals), `target` of shape (all,), which sums to 1 in each.

    `starts` has where each list begins.
    """

    signals: NDArray[np.float32]
    target: NDArray[np.float32]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, lists: Sequence[tuple[NDArray[np.floating[Any]], NDArray[np.float32]]]) -> "Lists":
        """Put lists of (signals, target) one after another."""
        sizes = [len(target) for _, target in lists]
        return cls(
            np.concatenate([signals for signals, _ in lists], dtype=np.float32),
            np.concatenate([target for _, target in lists]),
            np.cumsum([0, *sizes[:-1]]),
        )


def fit(lists: Lists, centre: Floats, worth: float, start: Floats | None = None) -> Floats:
    """Find the weights that the lists make most likely, from where one believes them to be: shape (signals,).

    The belief is normal around `centre` (signals,), and worth so many lists: few lists move the weights little,
    many carry them where they must. Its width is the same for each signal in units of its spread within lists.
    The search begins at `start`, by default the centre: from an earlier model's weights it takes a fraction.
    """
    spread = _spread(lists).astype(np.float64)
    ridge = worth / len(lists.starts)

    def loss(scaled: Floats) -> tuple[float, Floats]:
        value, gradient = cross_entropy(lists, scaled / spread)
        off = scaled - centre * spread
        return value + ridge / 2 * float(off @ off), gradient / spread + ridge * off

    first = (centre if start is None else start) * spread
    options = {"maxiter": _MOST_STEPS, "ftol": _ENOUGH}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options=options)
    weights: Floats = found.x / spread
    return weights


def cross_entropy(lists: Lists, weights: Floats) -> tuple[float, Floats]:
    """Give the mean cross entropy of the lists, in nats, and its gradient."""
    scores = (lists.signals @ weights.astype(np.float32)).astype(np.float64)
    logs = log_softmax(scores, lists.starts)
    count = len(lists.starts)
    excess = (np.exp(logs) - lists.target).astype(np.float32)
    gradient = (excess @ lists.signals).astype(np.float64) / count
    return -float(lists.target @ logs) / count, gradient


def log_softmax(scores: Floats, starts: NDArray[np.intp]) -> Floats:
    """Give the logarithm of each one's probability within its list: shape of `scores`."""
    sizes = np.diff(np.append(starts, len(scores)))
    shifted = scores - np.repeat(np.maximum.reduceat(scores, starts), sizes)
    totals = np.add.reduceat(np.exp(shifted), starts)
    logs: Floats = shifted - np.repeat(np.log(totals), sizes)
    return logs


def shares(scores: Floats) -> Floats:
    """Give each one's probability within one list: shape of `scores`."""
    probabilities: Floats = np.exp(log_softmax(scores, np.zeros(1, np.intp)))
    return probabilities


def _spread(lists: Lists) -> NDArray[np.float32]:
    """Give each signal's standard deviation within lists, 1 where it never differs: shape (signals,)."""
    sizes = np.diff(np.append(lists.starts, len(lists.target)))
    means = np.add.reduceat(lists.signals, lists.starts) / sizes[:, None]
    squares = np.einsum("ij,ij->j", lists.signals, lists.signals, dtype=np.float64)
    variance = np.maximum(squares - (means.astype(np.float64) ** 2 * sizes[:, None]).sum(axis=0), 0) / sizes.sum()
    spread = np.sqrt(variance)
    return np.where(spread > 1e-6, spread, 1.0).astype(np.float32)
