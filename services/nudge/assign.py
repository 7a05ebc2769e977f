"""Give posts to people together, so that the best for one is not the best for all. Pure."""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

# Values are compared to so many decimals, so that builds agree.
DECIMALS = 6


def assign(values: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """Give each post at most one person and each person at most one post, so that the sum of values is the highest.

    `values` are by post and person; who is not worth more than nothing for a post, or not in it, does not get it.
    Crouse 2016, "On implementing 2D rectangular assignment algorithms", as scipy has it.
    """
    worth = {pair: round(value, DECIMALS) for pair, value in values.items() if round(value, DECIMALS) > 0}
    posts, people = (sorted({pair[place] for pair in worth}) for place in (0, 1))
    rows, columns = ({name: place for place, name in enumerate(names)} for names in (posts, people))
    matrix = np.zeros((len(posts), len(people)))
    for (post, person), value in worth.items():
        matrix[rows[post], columns[person]] = value
    pairs = ((posts[row], people[column]) for row, column in zip(*linear_sum_assignment(matrix, True), strict=True))
    return {post: person for post, person in pairs if (post, person) in worth}
