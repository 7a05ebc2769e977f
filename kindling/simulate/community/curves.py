"""How long posts stay open: a curve for all of them, and the spread about it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kindling.simulate.community.parameters import HOURS

Floats = NDArray[np.float64]

# A normal distribution as points of the same weight.
GRID: Floats = np.array([NormalDist().inv_cdf((place + 0.5) / 2001) for place in range(2001)])
_WIDEST = 4.0


@dataclass(frozen=True, slots=True)
class Base:
    """The cumulated hazard of an answer at each of HOURS, of a post whose own factor is 1; constant between two."""

    cumulated: tuple[float, ...]

    @classmethod
    def of(cls, still_open: Sequence[float], spread: float) -> "Base":
        """Find the hazards with which posts are open so often on average, where their logarithms spread so much."""
        return cls(tuple(_cumulated(share, spread) for share in still_open))

    def hazard(self, age: float) -> float:
        """Cumulate to an age in hours; after the last of HOURS nothing is added."""
        found: float = np.interp(age, (0, *HOURS), (0.0, *self.cumulated))
        return float(found)

    def age(self, hazard: float) -> float:
        """Give the age at which so much is cumulated; infinite where it never is."""
        if hazard >= self.cumulated[-1]:
            return math.inf
        return float(np.interp(hazard, (0.0, *self.cumulated), (0, *HOURS)))


def _cumulated(share: float, spread: float) -> float:
    """Give the hazard h with E[exp(-h * exp(spread * normal))] = share, by bisection."""
    low, high = 1e-6, 1e4
    factors = np.exp(spread * GRID)
    for _ in range(80):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if float(np.exp(-middle * factors).mean()) > share else (low, middle)
    return middle


def spread_of(told_apart: float, silent: float, hidden: float) -> float:
    """Give the spread of the visible log hazard with which of two posts the silent one is told as often as that."""
    low, high = 0.0, _WIDEST
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _told_apart(middle, silent, hidden) < told_apart else (low, middle)
    return middle


def _told_apart(visible: float, silent: float, hidden: float) -> float:
    """Give the area under the curve of telling silent posts by the visible part of their hazard."""
    hazard = _cumulated(silent, math.hypot(visible, hidden))
    unseen = np.exp(hidden * GRID[::20])
    chances = np.exp(-hazard * np.exp(visible * GRID)[:, None] * unseen[None, :]).mean(axis=1)
    # From the most silent on: what is silent is told from what comes after it.
    answered = 1 - chances
    after = answered.sum() - np.cumsum(answered) + answered / 2
    return float((chances * after).sum() / (chances.sum() * answered.sum()))
