"""Which open threads a member would join: what is open, and what is known of it."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.documents import Channel, Post, Reply
from services.recommend.index import Index
from services.recommend.open_threads import OpenThreads
from services.recommend.settings import RecommendSettings
from services.recommend.suits import FEATURES, PLACES, Suits, hand_set, thread_features
from shared.events import Privacy
from tests.recommending import START, HashedVectors

VECTORS = HashedVectors()
WRITTEN = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 30), st.integers(0, 3)), max_size=30)


@given(WRITTEN, st.integers(0, 60))
def test_open_is_what_somebody_wrote_in_lately(written: list[tuple[str, int, int]], later: int) -> None:
    """A thread is open so long after its last message, the most recently active comes first, and people count once."""
    made = OpenThreads(10.0)
    last: dict[str, int] = {}
    first: dict[str, int] = {}
    people: dict[str, set[int]] = {}
    for post, at, person in sorted(written, key=lambda one: one[1]):
        if post in last:
            made.write(post, "general", first[post], 0.0, person, float(at))
        else:
            first[post] = person
            made.start(post, "general", person, float(at))
        last[post] = at
        people.setdefault(post, set()).add(person)
    now = max(last.values(), default=0) + later
    found = list(made.at(float(now)))
    assert {thread.post for thread in found} == {post for post, at in last.items() if at >= now - 10}
    assert {thread.post: thread.people for thread in found} == {t.post: people[t.post] for t in found}
    assert [thread.last for thread in found] == sorted((thread.last for thread in found), reverse=True)


def community() -> tuple[Index, OpenThreads]:
    """Ann knows volumes and ben; two threads are open, in two channels."""
    index, threads = Index(RecommendSettings(), VECTORS.dimension), OpenThreads(48 * 3600.0)
    for name in ("general", "hall"):
        index.set_channel(name, Channel(Privacy.PUBLIC), {}, {})
    posts = {
        "old": Post("general", "ben", "", "volume rendering", START, 0),
        "near": Post("general", "ben", "", "volume rendering is slow", START + timedelta(days=9), 1),
        "far": Post("hall", "cas", "", "install on linux", START + timedelta(days=9, hours=5), 2, mentions=("ann",)),
    }
    for name, post in posts.items():
        index.add_post(name, post, VECTORS.vector(post.words()))
        threads.start(name, post.channel, index.people.number(post.author), post.at.timestamp())
    index.add_reply("r", Reply("old", "general", "ann", START + timedelta(hours=1), True))
    return index, threads


def test_each_feature_says_what_its_name_does() -> None:
    """What goes on, where the member is at home, whom they know and what they know are told apart."""
    index, threads = community()
    now = (START + timedelta(days=10)).timestamp()
    ann = index.people.number("ann")
    found = list(threads.at(now))
    assert [thread.post for thread in found] == ["far", "near"]
    values = thread_features(index, ann, found, [True, False], [0.1, 0.4], now)
    assert values.shape == (len(FEATURES), 2)
    told = {name: values[place].tolist() for name, place in PLACES.items()}
    assert told["active 1d"] == [1 / (1 + 19 / 24), 1 / 2]
    assert told["mentioned"] == [1, 0]
    assert told["match"] == [0.1, 0.4]
    assert told["unanswered"] == [1, 1]
    assert told["beginner"] == [1, 0]
    assert told["last channel"] == [0, 1]
    assert told["channel messages ever"] == [0, 1]
    assert told["helps author ever"] == [0, 1]
    assert told["near best"][1] > told["near best"][0] > 0


def test_a_model_goes_through_plain_values_unharmed() -> None:
    """Weights come back as they were; those of other features are refused."""
    model = Suits("v", np.random.default_rng(1).standard_normal(len(FEATURES)))
    again = Suits.from_dict(model.as_dict())
    assert again.weights.tobytes() == model.weights.tobytes()
    with pytest.raises(ValueError, match="train it anew"):
        Suits.from_dict({"version": "v", "weights": {}})


def test_by_hand_what_goes_on_where_one_is_at_home_comes_first() -> None:
    """Of two threads that are alike but for one thing, the one that has more of it comes first."""
    for name in ("active 1h", "channel messages 30d", "mentioned", "match"):
        values = np.ones((len(FEATURES), 2))
        values[PLACES[name], 1] = 0.1
        scores = hand_set().scores(values)
        assert scores[0] > scores[1], name
