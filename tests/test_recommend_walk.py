"""Walks: what lies ahead shapes nothing, and what is seen on the way is what the live service saw."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.recommend.documents import Channel, Member, Post, Reader, Reply, reader_key
from services.recommend.features import PLACES, Question, features
from services.recommend.rank import rank
from services.recommend.ranker import hand_set
from services.recommend.settings import RecommendSettings
from services.recommend.silence import silence_features
from services.recommend.silence_model import base_model
from services.recommend.walk import History, Step, walk
from shared.events import Event, MatchesRanked, PostPublished, Privacy, Role, RolesChanged
from shared.stamps import Stamp
from tests.recommending import DAY, START, HashedVectors, Place, asked, channel, joined, made, post, reply
from tests.test_recommend_features import NOW as ASKED
from tests.test_recommend_features import drawn, indexed

RULES = RecommendSettings(similar_posts=4, candidates=4, matches=4)
PEOPLE = ["ann", "ben", "cas", "dan", "eve"]
TEXTS = ["segment the volume", "volume rendering is slow", "install on linux", "linux install fails"]
HASHED = HashedVectors()
VECTORS = {text: HASHED.vector(text) for text in TEXTS}
# Few different minutes, so that much happens at one time, some apart by hours, some by months.
MINUTES = st.sampled_from([0, 1, 2, 30, 61, 200, 3000, 3001, 90_000, 90_001, 200_000])

POSTS = st.tuples(
    st.sampled_from(["general", "hall", "board"]), st.sampled_from(PEOPLE), st.sampled_from(TEXTS), MINUTES,
    st.sampled_from([(), ("ben",), ("cas", "nobody"), ("eve",)]),
)  # fmt: skip
REPLIES = st.tuples(st.integers(0, 7), st.sampled_from(PEOPLE), MINUTES)
READERS = [Reader("board", who, who != "dan", Stamp(START, "s")) for who in ("ann", "ben", "dan")]


def _minute(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def facts(posts: Iterable[tuple[str, str, str, int, tuple[str, ...]]], replies: list[tuple[int, str, int]]) -> History:
    """Make a history of two public channels and a private one, in which posts arrived in the order of their time."""
    known = {
        f"p{number}": Post(where, who, "", text, _minute(at), number, mentions=mentions)
        for number, (where, who, text, at, mentions) in enumerate(sorted(posts, key=lambda one: one[3]))
    }
    answers = {
        f"r{number:02}": Reply(f"p{to}", to_post.channel, who, _minute(at), who != to_post.author)
        for number, (to, who, at) in enumerate(replies)
        if (to_post := known.get(f"p{to}"))
    }
    return History(
        {
            name: Channel(Privacy.PRIVATE if name == "board" else Privacy.PUBLIC)
            for name in ("general", "hall", "board")
        },
        {"ann": Member(roles=(Role.CHAMPION,)), "dan": Member(bot=True)}
        | {who: Member() for who in ("ben", "cas", "eve")},
        {reader_key("board", reader.member): reader for reader in READERS},
        known,
        answers,
    )


HISTORIES = st.builds(facts, st.lists(POSTS, min_size=2, max_size=8), st.lists(REPLIES, max_size=14))


def seen(step: Step, asked: Post) -> dict[str, Any]:
    """Give all that is computed of a post at a step: by name, to the last bit."""
    question = step.question(asked, VECTORS)
    values = features(step.index, RULES, question, step.now).values
    ranking = rank(step.index, RULES, hand_set(), question, step.now)
    ids = step.index.people.ids
    return {
        "features": {who: values[:, number].tobytes() for who, number in step.index.people.numbers.items()},
        "silence": silence_features(step.index, question, step.now).tobytes(),
        "ranking": None if ranking is None else [(ids[number], chance) for number, chance in ranking.chosen],
        "parts": None if ranking is None else {group: part.tobytes() for group, part in ranking.parts.items()},
    }


def at_step(history: History, name: str) -> dict[str, Any]:
    for step in walk(RULES, HASHED.dimension, history, VECTORS):
        if name in step.posts:
            return seen(step, step.posts[name])
    raise LookupError(name)


def until(history: History, name: str) -> History:
    """Leave of a history only a post and what lies strictly before it; who writes later is nobody yet."""
    now = history.posts[name].at
    posts = {other: one for other, one in history.posts.items() if one.at < now or other == name}
    replies = {n: r for n, r in history.replies.items() if r.at < now}
    wrote = {p.author for p in posts.values()} | {r.author for r in replies.values()}
    members = {who: known for who, known in history.members.items() if who in wrote or known != Member()}
    return replace(history, members=members, posts=posts, replies=replies)


def another_future(history: History, name: str, other: History) -> History:
    """Let after a post, and at its very moment, something else happen: other posts, other replies also to old ones."""
    past, now = until(history, name), history.posts[name].at
    posts = {f"x{n}": replace(one, ordinal=100 + one.ordinal) for n, one in other.posts.items() if one.at >= now}
    answers = {}
    for n, answer in other.replies.items():
        for to in (answer.post, f"x{answer.post}"):
            target = past.posts.get(to) or posts.get(to)
            if target and answer.at >= now:
                told = target.author != answer.author
                answers[f"x{n}{to}"] = replace(answer, post=to, channel=target.channel, answers=told)
    return replace(past, members=history.members, posts={**past.posts, **posts}, replies={**past.replies, **answers})


@settings(max_examples=40, deadline=None)
@given(HISTORIES, HISTORIES)
def test_what_happens_then_or_later_changes_nothing(history: History, other: History) -> None:
    """Drop or alter all from a post's moment on: features, forecasts and rankings of the post stay the same bits."""
    for step in walk(RULES, HASHED.dimension, history, VECTORS):
        for name, one in step.posts.items():
            whole = seen(step, one)
            for changed in (until(history, name), another_future(history, name, other)):
                _assert_same(at_step(changed, name), whole)


def _assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for who, values in found.pop("features").items():
        assert values == expected["features"][who], who
    for what, value in found.items():
        assert value == expected[what], what


@settings(max_examples=40, deadline=None)
@given(HISTORIES)
def test_every_fact_is_in_one_step_at_its_time(history: History) -> None:
    """A walk leaves nothing out and tells nothing twice; only replies whose post came later are in no step."""
    posts: list[str] = []
    replies: list[str] = []
    times: list[float] = []
    for step in walk(RULES, HASHED.dimension, history, VECTORS):
        times.append(step.now)
        posts += step.posts
        replies += step.replies
        assert {p.at.timestamp() for p in step.posts.values()} <= {step.now}
        assert {r.at.timestamp() for r in step.replies.values()} <= {step.now}
        assert not any(name in step.index.threads.rows for name in step.posts)
        assert all(history.posts[name].at.timestamp() < step.now for name in step.index.threads.rows)
    assert times == sorted(set(times))
    assert sorted(posts) == sorted(history.posts)
    known = {n for n, r in history.replies.items() if r.at >= history.posts[r.post].at}
    assert sorted(replies) == sorted(known)


def spread(draws: list[tuple[str, int, str, str, str, tuple[str, ...], int]]) -> list[Event]:
    """Make a history's events, each some minutes after the one before."""
    events: list[Event] = []
    posted: list[PostPublished] = []
    at = START
    for number, (what, to, who, where, text, mentions, minutes) in enumerate(draws):
        at += timedelta(minutes=minutes)
        target = posted[-1 - to % len(posted)] if posted else None
        if target is not None and what == "reply":
            events.append(reply(f"r{number}", target.message, who, at, channel=target.channel))
        elif target is not None and what == "ask":
            events.append(asked(target.message, who, at, channel=target.channel))
        else:
            posted.append(post(f"p{number}", who, text, at, channel=where, mentions=mentions))
            events.append(posted[-1])
    return events


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["post", "post", "reply", "reply", "ask"]), st.integers(0, 3), st.sampled_from(PEOPLE),
        st.sampled_from(["general", "hall", "board"]),
        st.sampled_from(TEXTS), st.sampled_from([(), ("ben",), ("ann", "nobody")]),
        st.sampled_from([1, 7, 59, 60, 61, 500, 5000, 50_000]),
    ),
    min_size=3, max_size=25,
).map(spread)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_a_walk_sees_what_the_live_service_saw(events: list[Event]) -> None:
    """Over any history: the same people, scores and forecasts as the handlers published, none where they did not."""
    live, said = Place(RULES), dict[str, tuple[object, object]]()
    live.see(
        channel(), channel("hall"), channel("board", Privacy.PRIVATE, PEOPLE[:4]),
        *(joined(who) for who in PEOPLE), made(RolesChanged, START - DAY, member="ann", roles=(Role.CHAMPION,)),
    )  # fmt: skip
    for event in events:
        for out in live.see(event):
            if isinstance(out, MatchesRanked):
                matches = [(match.member, match.score) for match in out.matches]
                said[out.message] = matches, {one.hours: one.probability for one in out.still_open}
    again = dict[str, tuple[object, object]]()
    for step in walk(RULES, HASHED.dimension, History.of(live.documents), VECTORS):
        for name, one in step.posts.items():
            question = step.question(one, VECTORS)
            ranking = rank(step.index, RULES, hand_set(), question, step.now)
            if ranking is not None:
                chosen = [(step.index.people.ids[number], chance) for number, chance in ranking.chosen]
                found: NDArray[np.float64] = silence_features(step.index, question, step.now, ranking.cosines)
                again[name] = chosen, base_model().survival(found)
    assert again == said


def test_the_name_of_somebody_yet_to_come_says_nothing() -> None:
    """That somebody who is named will write one day is not known when they are named."""
    asked = [("general", "ben", TEXTS[0], 0, ()), ("general", "ann", TEXTS[0], 1, ("eve",))]
    coming = facts([*asked, ("general", "eve", TEXTS[0], 3000, ())], [])
    assert "eve" in coming.members
    assert "eve" not in until(coming, "p1").members
    assert at_step(coming, "p1")["silence"] == at_step(until(coming, "p1"), "p1")["silence"]


def test_what_happens_at_the_very_moment_is_not_counted() -> None:
    """What is in the index already, and lies at the moment that is asked about or after it, is in no ledger's count."""
    for seed in range(4):
        facts = drawn(seed)
        index = indexed(facts)
        question = Question(
            index.people.number(facts.author), facts.channel, facts.text, HASHED.vector(facts.text), facts.mentions
        )
        before = features(index, RULES, question, ASKED.timestamp()).values.copy()
        for nth, at in enumerate((ASKED, ASKED, ASKED + timedelta(hours=5))):
            author, answerer = (f"m{(seed + nth + more) % 7}" for more in (0, 1))
            name, made = f"later{nth}", Post("general", author, "", "nothing alike", at, 100 + nth)
            index.add_post(name, made, HASHED.vector(""))
            index.add_reply(f"{name}r", Reply(name, "general", answerer, at, True))
        after = features(index, RULES, question, ASKED.timestamp()).values
        ledgers = [
            place for name, place in PLACES.items()
            if not name.startswith(("words", "meaning")) and not name.endswith("beginner")
        ]  # fmt: skip
        assert after[ledgers, : before.shape[1]].tobytes() == before[ledgers].tobytes()
