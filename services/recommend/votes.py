"""Votes: the answered posts most similar to a new one vote for the people who answered them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ballot:
    """Rows of posts, most similar first, and what the vote of each weighs; both of shape (n,)."""

    rows: NDArray[np.intp]
    weights: NDArray[np.float64]


def nearest(similarity: NDArray[np.float64], answered: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """Choose the `most` answered rows with the highest similarity above zero, ties by row."""
    valid = np.where(answered, similarity, 0.0)
    if most < len(valid):
        least = np.partition(valid, len(valid) - most)[len(valid) - most]
        rows = np.flatnonzero((valid >= least) & (valid > 0))
    else:
        rows = np.flatnonzero(valid > 0)
    return rows[np.argsort(-valid[rows], kind="stable")][:most]


def word_ballot(scores: NDArray[np.float64], answered: NDArray[np.bool_], most: int) -> Ballot:
    """Posts vote with their BM25 score."""
    rows = nearest(scores, answered, most)
    return Ballot(rows, scores[rows])


def dense_ballot(cosines: NDArray[np.float64], answered: NDArray[np.bool_], most: int, kernel: float) -> Ballot:
    """Posts vote with exp(kernel * cosine): near ones decide, many far ones do not add up to one that is near."""
    rows = nearest(cosines, answered, most)
    return Ballot(rows, np.exp(kernel * cosines[rows]))


def aged(ballot: Ballot, ages: NDArray[np.float64], half_life: float) -> Ballot:
    """Let old posts' votes weigh less: half after every half-life. `ages` of shape (n,), in its unit."""
    return Ballot(ballot.rows, ballot.weights * np.exp2(-ages / half_life))


def count(ballot: Ballot, answerers: Sequence[Collection[int]], people: int) -> NDArray[np.float64]:
    """Add up the votes for each person: shape (people,). `answerers` holds the people of each row, once each.

    Each person's votes are added in the order of the ballot, so the sum is the same however people are numbered.
    """
    chosen: list[int] = []
    sizes: list[int] = []
    for row in ballot.rows.tolist():
        here = answerers[row]
        chosen.extend(here)
        sizes.append(len(here))
    weights = np.repeat(ballot.weights, sizes)
    return np.bincount(np.array(chosen, dtype=np.intp), weights, people).astype(np.float64)
