"""The demo's community: invented, the same for the same seed, and as large and quiet as it claims to be."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindling.demo.facts import COMMUNITY
from kindling.demo.generate import history, live_start, with_roles
from kindling.demo.people import HISTORY
from kindling.demo.phrase import SLOT
from kindling.demo.topics import OPEN_TOPICS, TOPICS
from shared.events import (
    ChannelChanged,
    ChannelOpened,
    CommunityEvent,
    Event,
    MemberJoined,
    MessageEdited,
    PostPublished,
    PreferencesChanged,
    Privacy,
    ReactionAdded,
    ReplyPublished,
    Role,
    RolesChanged,
    ThreadResolved,
)
from shared.wire import Envelope, decode, encode

UNTIL = datetime(2026, 3, 2, 8, tzinfo=UTC)
SEEDS = (1, 2, 3)


@cache
def past(seed: int) -> tuple[Event, ...]:
    return tuple(history(seed, UNTIL))


def posts(seed: int) -> dict[str, PostPublished]:
    return {event.message: event for event in past(seed) if isinstance(event, PostPublished)}


def test_the_same_seed_invents_the_same_community() -> None:
    """A demo can be shown again; another seed shows another one."""
    assert list(history(1, UNTIL)) == list(past(1))
    assert past(1) != past(2)


@pytest.mark.parametrize("seed", SEEDS)
def test_history_is_eight_weeks_in_order(seed: int) -> None:
    """The log is written in order of time, from eight weeks before the live traffic up to it; ids are unique."""
    times = [event.at for event in past(seed)]
    assert times == sorted(times)
    assert times[0] == UNTIL - HISTORY == UNTIL - timedelta(weeks=8)
    assert UNTIL - timedelta(hours=6) < times[-1] < UNTIL
    assert len({(type(event), event.id) for event in past(seed)}) == len(past(seed))


def test_every_event_travels() -> None:
    """What the demo publishes is what any system could have sent: it goes through the wire unchanged."""
    for event in past(1):
        assert isinstance(event, CommunityEvent)
        assert event.community == COMMUNITY
        assert decode(encode(Envelope(event))).event == event


@pytest.mark.parametrize("seed", SEEDS)
def test_the_community_is_as_large_as_it_claims(seed: int) -> None:
    """Sixty members in many zones, ten channels of which two are private, a few champions and two leaders."""
    members = [event for event in past(seed) if isinstance(event, MemberJoined)]
    assert len({member.member for member in members}) == 60
    assert len({member.name for member in members}) == 60
    assert {str(member.zone).split("/")[0] for member in members} >= {"Europe", "America", "Asia", "Africa"}
    assert all(ZoneInfo(str(member.zone)) for member in members)
    channels = [event for event in past(seed) if isinstance(event, ChannelOpened)]
    assert len({channel.channel for channel in channels}) == 10
    private = [channel for channel in channels if channel.privacy is Privacy.PRIVATE]
    assert len(private) == 2
    assert all(5 <= len(channel.members) <= 20 for channel in private)
    roles = [event.roles for event in past(seed) if isinstance(event, RolesChanged)]
    assert sum(Role.LEADER in given for given in roles) == 2
    assert 5 <= sum(Role.CHAMPION in given for given in roles) <= 8


@pytest.mark.parametrize("seed", SEEDS)
def test_a_good_quarter_of_posts_stays_unanswered(seed: int) -> None:
    """There is something to mend: 25 to 30 % of posts have no reply by anybody else."""
    authors = {message: post.author for message, post in posts(seed).items()}
    answered = {
        event.post for event in past(seed) if isinstance(event, ReplyPublished) and event.author != authors[event.post]
    }
    assert len(authors) > 700
    assert 0.25 <= 1 - len(answered) / len(authors) <= 0.30


@pytest.mark.parametrize("seed", SEEDS)
def test_only_members_write_and_only_readers_in_private(seed: int) -> None:
    """Nobody writes or reacts before joining, nor in a private channel that they are not in at that time."""
    joined: set[str] = set()
    inside: dict[str, set[str]] = {}
    channels = {message: post.channel for message, post in posts(seed).items()}
    for event in past(seed):
        match event:
            case MemberJoined():
                joined.add(event.member)
            case ChannelOpened() if event.privacy is Privacy.PRIVATE:
                inside[event.channel] = set(event.members)
            case ChannelChanged():
                inside[event.channel] |= set(event.joined)
            case PostPublished() | ReplyPublished():
                assert event.author in inside.get(event.channel, joined) & joined
            case ReactionAdded():
                thread = event.message.rsplit("-r", 1)[0]
                assert event.member in inside.get(channels[thread], joined) & joined
            case _:
                pass


@pytest.mark.parametrize("seed", SEEDS)
def test_threads_are_told_in_order(seed: int) -> None:
    """Replies, reactions, edits and resolutions come after what they are about, in its channel."""
    channels: dict[str, str] = {}
    seen = dict.fromkeys((ReactionAdded, MessageEdited, ThreadResolved), 0)
    for event in past(seed):
        match event:
            case PostPublished():
                channels[event.message] = event.channel
            case ReplyPublished():
                assert channels[event.post] == event.channel
                channels[event.message] = event.channel
            case ReactionAdded() | MessageEdited() | ThreadResolved():
                assert event.message in channels
                seen[type(event)] += 1
                if isinstance(event, ThreadResolved):
                    assert event.answer in channels
            case _:
                pass
    assert all(count > 10 for count in seen.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_newcomers_write_a_first_post(seed: int) -> None:
    """People keep joining through the weeks, and most of them write within two hours."""
    newcomers = {
        event.member: event.at
        for event in past(seed)
        if isinstance(event, MemberJoined) and event.at > UNTIL - HISTORY + timedelta(days=1)
    }
    assert 12 <= len(newcomers) <= 14
    first: dict[str, datetime] = {}
    for post in posts(seed).values():
        first.setdefault(post.author, post.at)
    soon = [m for m, at in newcomers.items() if m in first and first[m] - at < timedelta(hours=2)]
    assert len(soon) >= len(newcomers) * 0.5


def test_posts_on_a_topic_look_alike_but_are_hardly_ever_equal() -> None:
    """There is enough to say: at least ten topics with eight patterns each, every slot known, few equal texts."""
    assert len(OPEN_TOPICS) >= 10
    for topic in TOPICS:
        assert len(set(topic.questions)) >= 8
        for pattern in topic.questions + topic.details + topic.replies:
            assert set(SLOT.findall(pattern)) <= set(topic.words), pattern
        assert all(len(set(words)) >= 3 for words in topic.words.values())
    texts = [post.text for seed in SEEDS for post in posts(seed).values()]
    assert len(set(texts)) / len(texts) > 0.98
    assert not any("{" in event.text for event in past(1) if isinstance(event, PostPublished | ReplyPublished))


def test_nobody_is_asked_before_the_history_ends() -> None:
    """The history is that of a community without nudges: whoever may be asked is so from its end on."""
    paused = {e.member: e.paused_until for e in past(1) if isinstance(e, PreferencesChanged)}
    assert set(paused) == {e.member for e in past(1) if isinstance(e, RolesChanged)}
    assert set(paused) == {person.id for person in with_roles(1, UNTIL)}
    assert set(paused.values()) == {UNTIL}


@settings(max_examples=50)
@given(st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_live_traffic_starts_on_a_monday_morning_at_least_a_week_ago(now: datetime) -> None:
    """An hour of the demo at its usual speed stays in the past or near the present."""
    start = live_start(now)
    assert (start.weekday(), start.hour, start.minute) == (0, 8, 0)
    assert timedelta(days=7) <= now - start < timedelta(days=14)
