"""Which open threads a member would join: what is open, and what is known of it."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.documents import Channel, Member, Post, Reply
from services.recommend.index import Index
from services.recommend.open_threads import may_join, open_threads
from services.recommend.profile import PUBLIC
from services.recommend.settings import RecommendSettings
from services.recommend.suits import FEATURES, PLACES, Suits, hand_set, thread_features
from shared.events import Privacy
from tests.recommending import DAY, START, HashedVectors

VECTORS = HashedVectors()
MINUTE = timedelta(minutes=1)
# Posts by minute, and replies: to which post, by whom, how many minutes after it.
STARTED = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=1, max_size=8)
WRITTEN = st.lists(st.tuples(st.integers(0, 7), st.sampled_from("abc"), st.integers(0, 9)), max_size=15)


def empty() -> Index:
    index = Index(RecommendSettings(), VECTORS.dimension)
    for name in ("general", "hall"):
        index.set_channel(name, Channel(Privacy.PUBLIC), {}, {})
    return index


@given(STARTED, WRITTEN, st.sets(st.integers(0, 14)), st.integers(0, 30), st.randoms())
def test_what_is_open_follows_from_what_is_written_in_any_order(
    started: list[tuple[int, str]], written: list[tuple[int, str, int]], removed: set[int], since: int, draw: object
) -> None:
    """Of each young thread the last message, how many there are and by whom is known, also when some are taken back."""
    index = empty()
    for n, (at, who) in enumerate(started):
        index.add_post(f"p{n}", Post("general", who, "", "hello", START + at * MINUTE, n), VECTORS.vector("hello"))
    replies = {
        f"r{n:02}": Reply(f"p{to}", "general", who, START + (started[to][0] + later) * MINUTE, started[to][1] != who)
        for n, (to, who, later) in enumerate(written)
        if to < len(started)
    }
    order = list(replies)
    draw.shuffle(order)  # type: ignore[attr-defined]
    for name in order:
        index.add_reply(name, replies[name])
    for n in removed:
        if (gone := replies.pop(f"r{n:02}", None)) is not None:
            index.remove_reply(f"r{n:02}", gone)
    expected = []
    for n, (at, who) in enumerate(started):
        messages = [(START + at * MINUTE, "", who)]
        messages += [(r.at, name, r.author) for name, r in replies.items() if r.post == f"p{n}"]
        last, _, last_by = max(messages)
        if at >= since:
            expected.append((-last.timestamp(), f"p{n}", last_by, len(messages), {by for _, _, by in messages}))
    found = open_threads(index, (START + since * MINUTE).timestamp())
    ids, written_by = index.people.ids, index.threads.messages
    assert found.facts["people"].tolist() == [len(written_by[row]) for row in found.facts["row"]]
    assert [
        (-fact["last"], post, ids[fact["last_by"]], fact["messages"], {ids[p] for p in written_by[fact["row"]]})
        for post, fact in zip(found.posts, found.facts, strict=True)
    ] == sorted(expected)


def community() -> Index:
    """Ann knows volumes and ben; two threads are open, in two channels."""
    index = empty()
    posts = {
        "old": Post("general", "ben", "", "volume rendering", START, 0),
        "near": Post("general", "ben", "", "volume rendering is slow", START + timedelta(days=9), 1),
        "far": Post("hall", "cas", "", "install on linux", START + timedelta(days=9, hours=5), 2, mentions=("ann",)),
    }
    for name, post in posts.items():
        index.add_post(name, post, VECTORS.vector(post.words()))
    index.add_reply("r", Reply("old", "general", "ann", START + timedelta(hours=1), True))
    return index


def test_each_feature_says_what_its_name_does() -> None:
    """What goes on, where the member is at home, whom they know and what they know are told apart."""
    index = community()
    now = (START + 10 * DAY).timestamp()
    ann = index.people.number("ann")
    found = open_threads(index, (START + DAY).timestamp())
    assert found.posts == ["far", "near"]
    values = thread_features(index, ann, (PUBLIC,), found, [True, False], [0.1, 0.4], now)
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


def test_a_bot_answers_nobody() -> None:
    """A thread that a bot alone has answered is unanswered, until it turns out that it is none."""
    index = community()
    index.add_reply("by bot", Reply("near", "general", "bot", START + timedelta(days=9, hours=1), True))
    unanswered = []
    for bot in (True, False):
        index.set_member("bot", Member(bot=bot))
        found = open_threads(index, (START + DAY).timestamp())
        ann, now = index.people.number("ann"), (START + 10 * DAY).timestamp()
        values = thread_features(index, ann, (PUBLIC,), found, [False] * len(found), [0.1] * len(found), now)
        unanswered.append(values[PLACES["unanswered"], found.posts.index("near")])
    assert unanswered == [1, 0]


def test_who_has_written_in_a_thread_or_cannot_read_it_does_not_join_it() -> None:
    """The author, who replied, and who is kept out: none of them is offered a thread."""
    index = community()
    found = open_threads(index, START.timestamp())
    old = found.posts.index("old")
    may = {name: may_join(index, found, index.people.number(name)).tolist()[old] for name in ("ann", "ben", "cas")}
    assert may == {"ann": False, "ben": False, "cas": True}
    index.closed.add("general")
    assert not may_join(index, found, index.people.number("cas"))[old]


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
