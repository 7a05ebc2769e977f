"""What recommend says that it holds of a member: all of it, and nothing that another person may not have told them."""

import asyncio
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from services import recommend
from services.recommend.documents import DECLINED_PEOPLE, POSTS, REPLIES
from services.recommend.held import OF_NOBODY, RULES, HeldView, held_of
from services.recommend.read_held import read_held
from shared.events import (
    ChannelChanged,
    Event,
    MatchDeclined,
    MemberForgotten,
    MemberLeft,
    PreferencesChanged,
    Privacy,
    Role,
    RolesChanged,
    ThreadFlagged,
    TopicDeclined,
)
from shared.held import Holding
from tests.holding import left_of, tables_of, words
from tests.recommending import DAY, START, Place, channel, joined, let_in, made, post, reply, settings
from tests.test_recommend_api import Stored

PEOPLE = ["ann", "ben", "cas", "dan"]
TEXTS = ["segment the volume", "volume rendering is slow", "install on linux", "secret budget"]
SHORT = settings(matches=3, posts=2, peers=2, similar_posts=2, evidence_posts=1, peers_every_days=1)
person, where = st.sampled_from(PEOPLE), st.sampled_from(["general", "board"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), person, where, st.sampled_from(TEXTS), person),
        st.tuples(st.just("post"), person, where, st.sampled_from(TEXTS), person),
        st.tuples(st.just("reply"), person, st.integers(0, 9)),
        st.tuples(st.just("reply"), person, st.integers(0, 9)),
        st.tuples(st.just("apart"), person, person, st.booleans()),
        st.tuples(st.just("topic"), person, st.integers(0, 9)),
        st.tuples(st.just("interests"), person, st.sampled_from(TEXTS)),
        st.tuples(st.just("out"), person),
        st.tuples(st.just("in"), person),
        st.tuples(st.just("left"), person),
        st.tuples(st.just("back"), person),
        st.tuples(st.just("flag"), st.integers(0, 9)),
        st.tuples(st.just("privacy"), where, st.sampled_from(Privacy)),
    ),
    min_size=4,
    max_size=30,
)


def lived(played: list[tuple[Any, ...]]) -> Place:
    """Let a community with a private channel live through some steps, half a day each."""
    place = Place(SHORT)
    place.see(*(joined(name) for name in PEOPLE), channel(), channel("board", Privacy.PRIVATE, ["ann", "ben"]))
    place.see(made(RolesChanged, START - DAY, member="ann", roles=(Role.CHAMPION,)))
    for number, step in enumerate(played):
        place.see(*_happened(place, number, step))
    return place


def _happened(place: Place, number: int, step: tuple[Any, ...]) -> list[Event]:
    at, posts = START + timedelta(days=number / 2), sorted(place.documents.table(POSTS))
    match step:
        case ("post", who, channel_, text, other):
            return [post(f"p{number}", who, f"{text} {who}", at, channel=channel_, mentions=(other,))]
        case ("interests", who, text):
            return [made(PreferencesChanged, at, member=who, interests=(text,))]
        case ("apart", who, other, declined):
            return [made(MatchDeclined, at, member=who, other=other, declined=declined)]
        case ("out", who):
            return [made(ChannelChanged, at, channel="board", left=(who,))]
        case ("in", who):
            return [let_in("board", who, at=at)]
        case ("left", who):
            return [made(MemberLeft, at, member=who)]
        case ("back", who):
            return [joined(who, at)]
        case ("privacy", channel_, privacy):
            return [made(ChannelChanged, at, channel=channel_, privacy=privacy)]
    if not posts:
        return []
    about = posts[step[-1] % len(posts)]
    match step:
        case ("reply", who, _):
            known = place.documents.table(POSTS)[about]
            return [reply(f"r{number}", about, who, at, channel=known.channel)]
        case ("topic", who, _):
            return [made(TopicDeclined, at, member=who, post=about)]
        case _:
            return [made(ThreadFlagged, at, message=about)]


def held(place: Place, member: str, *, own_words: bool = False) -> Holding:
    return held_of(HeldView(place.documents, "c", member, own_words=own_words))


def said(place: Place, member: str, *, own_words: bool = False) -> set[str]:
    return words([list(one.entries) for one in held(place, member, own_words=own_words).sections])


def reads(place: Place, member: str, where_: str) -> bool:
    index = place.state.index
    number = index.people.number(member)
    return bool(index.people.present[number]) and index.reads(number, where_)


def test_every_table_is_told_or_is_of_nobody() -> None:
    """A table that is new is in the list of what is exported, or in that of what is not with the reason: never both."""
    told = [rule.table.name for rule in RULES]
    assert sorted([*told, *OF_NOBODY]) == sorted(tables_of(recommend))
    assert all(rule.about.endswith(".") for rule in RULES)
    assert all(OF_NOBODY.values())


@tried(max_examples=60, deadline=None)
@given(steps)
def test_nobody_is_told_of_a_channel_that_they_cannot_read(played: list[tuple[Any, ...]]) -> None:
    """Whatever happened: no id of a channel that a member cannot read now, of a message in it, nor a word of it."""
    place = lived(played)
    for member in PEOPLE:
        shown = said(place, member)
        unread = {one for one in ("general", "board") if not reads(place, member, one)}
        posts, replies = place.documents.table(POSTS), place.documents.table(REPLIES)
        gone = {name for name, one in posts.items() if one.channel in unread}
        gone |= {name for name, one in replies.items() if one.channel in unread}
        assert shown.isdisjoint(unread | gone)
        texts = {one.text for one in place.documents.table(POSTS).values() if one.author != member}
        assert shown.isdisjoint(texts), "other people's words"
        # An operator may add what they wrote themselves, which still says nothing of where.
        assert said(place, member, own_words=True).isdisjoint(unread | gone | texts)


@tried(max_examples=60, deadline=None)
@given(steps)
def test_nobody_is_told_who_keeps_apart_from_them(played: list[tuple[Any, ...]]) -> None:
    """Whatever happened: of who declines whom only one's own word."""
    place = lived(played)
    own = {(one.member, one.about) for one in place.documents.table(DECLINED_PEOPLE).values()}
    for member in PEOPLE:
        (found,) = [one for one in held(place, member).sections if one.table == DECLINED_PEOPLE.name]
        assert {(member, one["about"]) for one in found.entries} == {pair for pair in own if pair[0] == member}


@tried(max_examples=60, deadline=None)
@given(steps)
def test_nothing_is_held_of_who_was_forgotten(played: list[tuple[Any, ...]]) -> None:
    """Whatever happened before: no table has an entry, and nothing that is stored names them, but when they were."""
    place = lived(played)
    at = START + 30 * DAY
    for member in PEOPLE:
        place.see(made(MemberForgotten, at, member=member))
        found = held(place, member, own_words=True)
        assert found.entries == 0
        assert found.forgotten == at
        assert left_of(place.stored, member) == []


@tried(max_examples=60, deadline=None)
@given(steps)
def test_what_is_read_is_all_that_there_is(played: list[tuple[Any, ...]]) -> None:
    """Looking for what names a member finds as much as looking through everything."""
    place = lived(played)
    for member in PEOPLE:
        found = asyncio.run(read_held(Stored(place), "c", member))
        assert found == held(place, member)


def test_a_member_sees_what_they_wrote_and_how_they_are_matched() -> None:
    """Their posts word for word, their replies without words, interests, lists with reasons; and what is for whom."""
    place = Place(SHORT)
    place.see(*(joined(name) for name in PEOPLE), channel(), channel("board", Privacy.PRIVATE, ["ann", "ben"]))
    place.see(post("p1", "ann", "segment the volume", mentions=("ben",)), reply("r1", "p1", "ben"))
    place.see(made(PreferencesChanged, START, member="ben", interests=("volume rendering",)))
    place.see(
        post("p2", "cas", "segment a volume", START + DAY), post("b1", "ben", "secret", START + DAY, channel="board")
    )
    found = {one.table: one.entries for one in held(place, "ben").sections}
    assert {one["post"] for one in found["post"]} == {"p1", "b1"}
    assert {"post": "p1", "channel": "general", "at": START.isoformat(), "mentions_you": True} in found["post"]
    assert [one["reply"] for one in found["reply"]] == ["r1"]
    assert found["interests"][0]["topics"] == ["volume rendering"]
    assert any(one["post"] == "p2" and one["evidence"] for one in found["responders"])
    assert "text" not in words(found["reply"])
    place.see(made(ChannelChanged, START + 2 * DAY, channel="board", left=("ben",)))
    assert said(place, "ben").isdisjoint({"b1", "board", "secret"})
    (posts,) = [one for one in held(place, "ben", own_words=True).sections if one.table == POSTS.name]
    assert {"title": "", "text": "secret", "at": "2024-03-05T09:00:00Z"} in posts.entries
