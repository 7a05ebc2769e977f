"""A list that is not ten times the same: what is like something further up gives way."""

import numpy as np
from numpy.typing import NDArray

from services.recommend.rounding import DECIMALS

Floats = NDArray[np.float64]


def diversify(relevance: Floats, cosines: Floats, most: int, alike: float) -> list[int]:
    """Choose at most `most` places of a list, best first, by maximal marginal relevance.

    `relevance` of shape (list,), of which the highest counts 1 and the lowest 0; `cosines` (list, list) says how
    alike two are; `alike` how much it counts against one that it is like one that was chosen before. Equal ones
    in the order of the list. Carbonell & Goldstein 1998, "The use of MMR, diversity-based reranking".
    """
    if not len(relevance):
        return []
    low, high = relevance.min(), relevance.max()
    worth = (1 - alike) * (relevance - low) / (high - low if high > low else 1.0)
    nearest = np.zeros(len(relevance))
    left = np.ones(len(relevance), np.bool_)
    chosen: list[int] = []
    while left.any() and len(chosen) < most:
        gains = np.where(left, np.round(worth - alike * nearest, DECIMALS), -np.inf)
        best = int(gains.argmax())
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, cosines[best])
    return chosen
