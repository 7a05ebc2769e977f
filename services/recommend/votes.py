"""Votes: the answered posts most similar to a new one vote for the people who answered them."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from services.recommend.past import Past
from services.recommend.threads import Threads


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


@dataclass(frozen=True, slots=True)
class Votes:
    """A ballot with the people whom its posts vote for: arrays of shape (votes,), a post's people one after another.

    `place` is the post's place in the ballot, `first` whether the person answered it first; `authors` has the
    post's author for each place.
    """

    ballot: Ballot
    person: NDArray[np.intp]
    place: NDArray[np.intp]
    first: NDArray[np.bool_]
    authors: NDArray[np.intp]

    def count(self, weights: NDArray[np.float64], people: int) -> NDArray[np.float64]:
        """Add up the votes for each person, a post's weighing as `weights` says: shape (people,).

        Each person's votes are added in the order of the ballot: the sum is the same however people are numbered.
        """
        return np.bincount(self.person, weights[self.place], people).astype(np.float64)

    def count_first(self, weights: NDArray[np.float64], people: int) -> NDArray[np.float64]:
        """Add up the votes for who answered first: shape (people,)."""
        return np.bincount(self.person[self.first], weights[self.place[self.first]], people).astype(np.float64)

    def count_authors(self, weights: NDArray[np.float64], people: int) -> NDArray[np.float64]:
        """Add up the votes for who wrote the posts: shape (people,)."""
        return np.bincount(self.authors, weights, people).astype(np.float64)

    def best(self, weights: NDArray[np.float64], people: int) -> NDArray[np.float64]:
        """Give the weightiest vote for each person, 0 for none: shape (people,)."""
        best = np.zeros(people)
        weight = weights[self.place]
        order = np.argsort(weight, kind="stable")
        best[self.person[order]] = weight[order]  # of several the last one stands, which is the weightiest
        return best


def gather(ballot: Ballot, threads: Threads, past: Past) -> Votes:
    """Look up for whom a ballot's posts vote: everybody who answered one, once each."""
    rows = ballot.rows.tolist()
    answerers = [threads.answerers[row] for row in rows]
    sizes = [len(here) for here in answerers]
    person = np.fromiter(chain.from_iterable(answerers), np.intp, sum(sizes))
    return Votes(
        ballot,
        person,
        np.repeat(np.arange(len(rows)), sizes),
        person == np.repeat(past.firsts(ballot.rows), sizes),
        np.array([threads.authors[row] for row in rows], np.intp),
    )
