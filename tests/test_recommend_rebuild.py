"""What a restart must not change: the index is derived from the facts, bit for bit."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events import (
    ChannelChanged,
    ChannelClosed,
    ChannelOpened,
    CommunityClosed,
    CommunityOpened,
    Event,
    MatchDeclined,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessageEdited,
    MessageRemoved,
    NudgeIssued,
    PostPublished,
    Privacy,
    ReplyPublished,
    Role,
    RolesChanged,
    ThreadResolved,
    TopicDeclined,
)
from tests.recommending import DAY, START, Place, asked, channel, made, post

WHO = st.sampled_from(["ann", "ben", "cas", "dan"])
WHERE = st.sampled_from(["general", "board"])
POSTED = st.sampled_from([f"p{i}" for i in range(5)])
REPLIED = st.sampled_from([f"r{i}" for i in range(5)])
TEXT = st.sampled_from(["segment the volume", "volume rendering is slow", "install on linux", "linux volume", ""])
PRIVACY = st.sampled_from(Privacy)


def happens(kind: type[Event], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Event]:
    """Any event of a kind, within two hundred days, often several at the same time."""
    at = st.integers(0, 40).map(lambda n: START + timedelta(days=5 * n))
    return st.builds(lambda at, **more: made(kind, at, **more), at, **fields)


WRITTEN = [
    happens(PostPublished, message=POSTED, author=WHO, channel=WHERE, text=TEXT, title=st.sampled_from(["", "help"])),
    happens(ReplyPublished, message=REPLIED, post=POSTED, author=WHO, channel=WHERE, text=TEXT),
]
ASKS = st.builds(lambda post, who, n: asked(post, who, START + timedelta(days=5 * n)), POSTED, WHO, st.integers(0, 40))
EVENTS = st.one_of(
    *WRITTEN,
    *WRITTEN,
    *WRITTEN,
    happens(MessageEdited, message=POSTED, text=TEXT, title=st.sampled_from([None, "", "title"])),
    happens(MessageRemoved, message=st.one_of(POSTED, REPLIED)),
    happens(ThreadResolved, message=POSTED),
    ASKS,
    happens(MemberJoined, member=WHO, bot=st.booleans()),
    happens(MemberUpdated, member=WHO, bot=st.booleans()),
    happens(MemberLeft, member=WHO),
    happens(MemberForgotten, member=WHO),
    happens(MatchDeclined, member=WHO, other=WHO, declined=st.booleans()),
    happens(TopicDeclined, member=WHO, post=POSTED, declined=st.booleans()),
    happens(RolesChanged, member=WHO, roles=st.sampled_from([(), (Role.CHAMPION,)])),
    happens(ChannelOpened, channel=WHERE, privacy=PRIVACY, members=st.lists(WHO, max_size=2).map(tuple)),
    happens(ChannelChanged, channel=WHERE, privacy=st.one_of(st.none(), PRIVACY), joined=st.tuples(WHO)),
    happens(ChannelChanged, channel=WHERE, left=st.tuples(WHO)),
    happens(ChannelClosed, channel=WHERE),
    happens(CommunityClosed),
    happens(CommunityOpened),
)
HISTORIES = st.lists(EVENTS, max_size=14)


def settled(history: list[Event]) -> list[Event]:
    """Leave out edits and asks that come before their post: they are not kept, and count when repeated.

    And a message under an id that somebody else's has: when that one is forgotten, this would be new.
    """
    known: set[str] = set()
    authors: dict[str, str] = {}
    kept: list[Event] = []
    for event in history:
        if isinstance(event, PostPublished | ReplyPublished):
            if authors.setdefault(event.message, event.author) != event.author:
                continue
            if isinstance(event, PostPublished):
                known.add(event.message)
        about = {MessageEdited: "message", NudgeIssued: "post"}.get(type(event))
        if about is None or getattr(event, about) in known:
            kept.append(event)
    return kept


def probes(at: int) -> list[Event]:
    """Posts that ask everything of the index: words, meaning, channels, peers."""
    when = START + at * DAY
    return [
        made(CommunityOpened, when, id=f"probe-{at}"),
        post("probe1", "eve", "volume on linux", when, id="probe1"),
        post("probe2", "eve", "segment", when, id="probe2", channel="board", mentions=("ben",)),
        post("probe3", "ben", "slow", when + 8 * DAY, id="probe3"),
    ]


@settings(max_examples=60, deadline=None)
@given(HISTORIES)
def test_a_restart_at_any_moment_changes_nothing(history: list[Event]) -> None:
    """Whatever happened, a community opened from what is stored decides and stores the very same as one that ran on."""
    place = Place()
    place.see(channel(), *history)
    ran_on, restarted = place, place.open_again()
    assert ran_on.see(*probes(201)) == restarted.see(*probes(201))
    assert ran_on.stored == restarted.stored


@settings(max_examples=60, deadline=None)
@given(HISTORIES.map(settled), st.data())
def test_events_that_come_again_change_nothing(history: list[Event], data: st.DataObject) -> None:
    """Any events that come again, however late and in whatever order, leave the stored state as it is."""
    place = Place()
    place.see(channel(), *history)
    stored = dict(place.stored)
    for event in data.draw(st.permutations(history)):
        assert place.see(event) == [event]
    assert place.stored == stored


@settings(max_examples=40, deadline=None)
@given(HISTORIES, st.integers(0, 14))
def test_a_run_with_a_restart_is_the_run_without(history: list[Event], cut: int) -> None:
    """Where a restart falls cannot be seen in what is emitted or stored."""
    straight, first = Place(), Place()
    out = straight.see(channel(), *history, *probes(201))
    before = first.see(channel(), *history[:cut])
    second = first.open_again()
    after = second.see(*history[cut:], *probes(201))
    # Both runs share the events but for the channel's, which is made anew with its own id.
    assert before[1:] + after == out[1:]


@pytest.mark.parametrize("seed", range(2))
def test_a_batch_has_all_vectors_that_it_needs(seed: int) -> None:
    """Posts, edits and removals within one batch find the vectors of each text that may stand."""
    place = Place()
    batch = [
        post("p1", "ann", "one", START, title="first"),
        made(MessageEdited, START + DAY, message="p1", text="two"),
        made(MessageEdited, START + (seed * 2) * DAY, message="p1", text="three", title="second"),
        made(MessageEdited, START + 3 * DAY, message="p1", text="four"),
    ]
    aids = asyncio.run(place.service.prepare(place.state, batch))
    place.driven.aids = aids
    for event in batch:
        assert place.driven.step(event) == [event]
