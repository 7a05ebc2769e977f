import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.votes import Ballot, Votes, dense_ballot, nearest, word_ballot

# Few different values, so that ties are common.
SIMILARITIES = st.lists(st.tuples(st.sampled_from([-0.5, 0.0, 0.25, 0.5, 0.75]), st.booleans()), max_size=20)


@given(SIMILARITIES, st.integers(1, 8))
def test_the_nearest_answered_posts_are_chosen(posts: list[tuple[float, bool]], most: int) -> None:
    """The chosen posts are those that sorting all of them would give, ties by arrival."""
    similarity = np.array([s for s, _ in posts], np.float64)
    answered = np.array([a for _, a in posts], np.bool_)
    expected = sorted((row for row, (s, a) in enumerate(posts) if a and s > 0), key=lambda row: (-posts[row][0], row))
    assert nearest(similarity, answered, most).tolist() == expected[:most]


@given(
    st.lists(st.floats(0.1, 9), max_size=6),
    st.lists(st.lists(st.integers(0, 4), max_size=3, unique=True), min_size=6, max_size=6),
)
def test_each_vote_goes_to_everybody_who_answered(weights: list[float], answerers: list[list[int]]) -> None:
    """Votes add up as if they were counted by hand: for all, for who was first, for authors, and the best one."""
    rows = range(len(weights))
    person = [p for row in rows for p in answerers[row]]
    place = [row for row in rows for _ in answerers[row]]
    first = [p == answerers[row][0] for row in rows for p in answerers[row]]
    weight = np.array(weights, np.float64)
    votes = Votes(
        Ballot(np.arange(len(weights), dtype=np.intp), weight),
        np.array(person, np.intp), np.array(place, np.intp), np.array(first, np.bool_),
        np.array([row % 5 for row in rows], np.intp),
    )  # fmt: skip
    everybody, firsts, best, authors = [0.0] * 5, [0.0] * 5, [0.0] * 5, [0.0] * 5
    for row in rows:
        authors[row % 5] += weights[row]
        for nth, p in enumerate(answerers[row]):
            everybody[p] += weights[row]
            firsts[p] += weights[row] * (nth == 0)
            best[p] = max(best[p], weights[row])
    assert votes.count(weight, 5).tolist() == everybody
    assert votes.count_first(weight, 5).tolist() == firsts
    assert votes.best(weight, 5).tolist() == best
    assert votes.count_authors(weight, 5).tolist() == authors


def test_votes_weigh_by_similarity() -> None:
    """A post votes with its BM25 score for words, and with exp(kernel * cosine) for meaning."""
    answered = np.array([True, True, False])
    assert word_ballot(np.array([2.0, 3.0, 9.0]), answered, 5).weights.tolist() == [3.0, 2.0]
    ballot = dense_ballot(np.array([0.5, 0.1, 0.9]), answered, 1, 14.0)
    assert ballot.rows.tolist() == [0]
    assert ballot.weights.tolist() == pytest.approx([np.exp(7.0)])
