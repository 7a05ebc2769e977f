"""Votes against slow obvious versions."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.documents import POSTS, REPLIES
from services.recommend.votes import Ballot, Votes, aged, dense_ballot, gather, nearest, word_ballot
from shared.events import Event
from tests.recommending import Place, channel, joined
from tests.test_recommend_walk import EVENTS, PEOPLE

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


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False), st.lists(st.floats(0.1, 9), min_size=25, max_size=25))
def test_who_is_voted_for_is_who_answered(events: list[Event], random: Random, drawn: list[float]) -> None:
    """A ballot's posts vote for everybody who answered them, once each, and know who was first and who asked."""
    place = Place()
    place.see(channel(), channel("hall"), *(joined(who) for who in PEOPLE), *events)
    index, replies, posts = place.state.index, place.documents.table(REPLIES), place.documents.table(POSTS)
    names = list(posts)
    random.shuffle(names)
    names = names[: random.randint(0, len(names))]
    weights = np.array(drawn[: len(names)])
    rows = np.array([index.threads.rows[name] for name in names], np.intp)
    votes, size = gather(Ballot(rows, weights), index.threads, index.past), len(index.people)
    everybody, firsts, best, authors = (dict.fromkeys(index.people.ids, 0.0) for _ in range(4))
    for name, weight in zip(names, weights.tolist(), strict=True):
        authors[posts[name].author] += weight
        answers = sorted((r.at, n, r.author) for n, r in replies.items() if r.post == name and r.answers)
        for who in {who for _, _, who in answers}:
            everybody[who] += weight
            best[who] = max(best[who], weight)
        if answers:
            firsts[answers[0][2]] += weight
    for found, expected in (
        (votes.count(weights, size), everybody), (votes.count_first(weights, size), firsts),
        (votes.best(weights, size), best), (votes.count_authors(weights, size), authors),
    ):  # fmt: skip
        assert dict(zip(index.people.ids, found.tolist(), strict=True)) == pytest.approx(expected)


@given(st.lists(st.tuples(st.floats(0.1, 9), st.floats(0, 1e9)), max_size=6), st.floats(60, 1e9))
def test_old_votes_weigh_half_after_each_half_life(votes: list[tuple[float, float]], half_life: float) -> None:
    """A vote loses half with every half-life, and none of its rank in the ballot."""
    ballot = Ballot(np.arange(len(votes), dtype=np.intp), np.array([weight for weight, _ in votes]))
    found = aged(ballot, np.array([age for _, age in votes]), half_life)
    assert found.rows.tolist() == ballot.rows.tolist()
    assert found.weights.tolist() == pytest.approx([weight * 0.5 ** (age / half_life) for weight, age in votes])


def test_an_empty_ballot_votes_for_nobody() -> None:
    """Where nothing is similar, everybody has no votes."""
    place, nothing = Place(), np.zeros(0)
    votes = gather(Ballot(np.zeros(0, np.intp), nothing), place.state.index.threads, place.state.index.past)
    for count in (votes.count, votes.count_first, votes.count_authors, votes.best):
        assert count(nothing, 3).tolist() == [0.0] * 3
