import math
from collections import defaultdict
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.documents import POSTS, REPLIES, Post
from services.recommend.rank import best
from services.recommend.settings import RecommendSettings
from services.recommend.text import tokenise
from services.recommend.vectors import SCALE
from shared.events import MatchesRanked, PostPublished
from shared.state import Documents
from tests.recommending import DAY, START, HashedVectors, Place, channel, post, reply
from tests.test_recommend_bm25 import slow as slow_bm25

PEOPLE = ["ann", "ben", "cas"]
TEXTS = ["segment the volume", "volume rendering is slow", "install on linux", "linux install fails"]
THREADS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(TEXTS),
        st.lists(st.sampled_from(PEOPLE), max_size=3),
        st.integers(0, 90),
    ),
    min_size=1,
    max_size=6,
)


def slow(documents: Documents, rules: RecommendSettings, asked: PostPublished, clock: datetime) -> dict[str, float]:
    """The fused score, person by person, from the facts alone."""
    posts = documents.table(POSTS)
    answers = [(r, posts[r.post]) for r in documents.table(REPLIES).values() if r.author != posts[r.post].author]
    candidates = {r.author for r, _ in answers} - {asked.author}
    activity, inside, given_ = (defaultdict[str, float](float) for _ in range(3))
    for r, p in answers:
        activity[r.author] += 0.5 ** ((clock - r.at) / DAY / rules.activity_half_life_days)
        inside[r.author] += p.channel == asked.channel
        given_[r.author] += 1
    order = sorted(posts.values(), key=lambda p: p.ordinal)
    answerers = [{r.author for r, p in answers if p is asked_} for asked_ in order]
    words = slow_bm25({i: tokenise(p.words()) for i, p in enumerate(order)}, tokenise(asked.text), len(order), 40)
    vector = HashedVectors().vector
    mine = vector(asked.text).astype(int)
    near = [int((vector(p.words()).astype(int) * mine).sum()) / SCALE**2 for p in order]
    bm25 = votes(order, words, words, answerers, rules, clock)
    dense = votes(order, near, [math.exp(rules.dense_kernel * n) for n in near], answerers, rules, clock)
    w = rules.weights
    return {
        person: w.activity * math.log1p(activity[person])
        + w.bm25 * bm25[person] / (max(bm25[c] for c in candidates) or 1)
        + w.dense * dense[person] / (max(dense[c] for c in candidates) or 1)
        + w.channel * inside[person] / (given_[person] + 2)
        + w.mention * (person in asked.mentions)
        for person in candidates
    }


def votes(
    order: list[Post],
    similar: list[float],
    weights: list[float],
    answerers: list[set[str]],
    rules: RecommendSettings,
    clock: datetime,
) -> dict[str, float]:
    total = defaultdict[str, float](float)
    voting = [i for i, s in enumerate(similar) if s > 0 and answerers[i]]
    for i in sorted(voting, key=lambda i: (-similar[i], i))[: rules.similar_posts]:
        for person in answerers[i]:
            total[person] += weights[i] * 0.5 ** ((clock - order[i].at) / DAY / rules.vote_half_life_days)
    return total


@settings(max_examples=40, deadline=None)
@given(THREADS, st.sampled_from(TEXTS), st.sampled_from([(), ("ben",), ("cas", "dan")]))
def test_scores_are_those_of_the_formula(
    threads: list[tuple[str, str, list[str], int]], text: str, mentions: tuple[str, ...]
) -> None:
    """A responder's score is the weighted sum of its five features, whatever happened before."""
    rules = RecommendSettings(similar_posts=3)
    place = Place(rules)
    place.see(channel())
    for i, (author, said, repliers, day) in enumerate(threads):
        place.see(post(f"p{i}", author, said, START + day * DAY))
        for j, replier in enumerate(repliers):
            place.see(reply(f"r{i}.{j}", f"p{i}", replier, START + day * DAY))
    asked = post("asked", "ann", text, START + 91 * DAY, mentions=mentions)
    expected = slow(place.documents, rules, asked, asked.at)
    ranked = place.ranked(asked)
    if not expected:
        assert ranked is None
        return
    assert isinstance(ranked, MatchesRanked)
    assert {m.member: m.score for m in ranked.matches} == pytest.approx(expected, abs=2e-6)
    assert [(-m.score, m.member) for m in ranked.matches] == sorted((-m.score, m.member) for m in ranked.matches)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.booleans()), max_size=12), st.integers(1, 5))
def test_the_best_are_those_of_sorting_everybody(people: list[tuple[float, bool]], most: int) -> None:
    """The best are chosen by score and then by id, among the eligible only."""
    ids = [f"m{(7 * i) % 12}" for i in range(len(people))]
    scores, eligible = np.array([s for s, _ in people], np.float64), np.array([e for _, e in people], np.bool_)
    expected = sorted((-s, ids[i], i) for i, (s, e) in enumerate(people) if e)[:most]
    assert best(scores, eligible, ids, most) == [(i, -s) for s, _, i in expected]
