"""How long posts stay without an answer in a community of which nothing is known yet."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.recommend.spans import HOUR

# Of all posts so many are without an answer, so many hours after their birth.
OPEN: Final = {1: 0.55, 4: 0.42, 12: 0.35, 24: 0.3, 72: 0.24, 168: 0.21}
_AGES = np.array([0.0, *OPEN]) * HOUR
_LOGS = np.log([1.0, *OPEN.values()])


def still_open(ages: NDArray[np.float64], until: float) -> NDArray[np.float64]:
    """Say how likely posts that are open at some ages are to be open at a later one, all in seconds."""
    logs = np.interp(until, _AGES, _LOGS) - np.interp(ages, _AGES, _LOGS)
    chances: NDArray[np.float64] = np.exp(logs)
    return chances
