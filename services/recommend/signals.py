"""From features to signals: what is weighed, comparable from one post and one community to the next.

Counts are long-tailed and grow with a community, votes grow with the length of a post. So each feature enters as
the logarithm of its share of the list's highest: the sum of weighted signals is a product of powers of shares, as
in a pool of experts who each spread their bets over the list (Genest & Zidek 1986, "Combining probability
distributions"). Shares are taken over the list that is ranked, as it is when serving.
"""

import math

import numpy as np
from numpy.typing import NDArray

# A share of nothing is taken as so little: who has none of a feature falls behind, and is not out.
LEAST_SHARE = 0.003
NOTHING = math.log(LEAST_SHARE)


def signals(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Turn features of shape (features, list), none below 0, into signals of shape (list, features)."""
    highest = values.max(axis=1, keepdims=True, initial=0.0)
    share = np.divide(values, highest, out=np.zeros_like(values), where=highest > 0)
    return np.ascontiguousarray(np.log(share + LEAST_SHARE).T.astype(np.float32))
