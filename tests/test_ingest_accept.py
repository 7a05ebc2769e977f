import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.accept import EVENT_BYTES, Accepted, Door, Refused, Scope, accept, is_array, scope_of, split
from shared.events import EVENTS
from shared.failures import Invalid
from shared.limits import TEXT_BYTES
from shared.wire import decode
from tests.ingesting import COMMUNITY, NOW, incoming

ALL = frozenset(Scope)


def judge(event: dict[str, Any], scopes: frozenset[Scope] = ALL, community: str = COMMUNITY) -> Accepted | Refused:
    return accept(json.dumps(event).encode(), Door(community, scopes, NOW))


def refused_at(verdict: Accepted | Refused) -> str:
    assert isinstance(verdict, Refused)
    return verdict.problems[0].pointer


def test_an_event_is_recorded_as_of_now() -> None:
    """What Kindling says of an event's journey cannot be claimed from outside."""
    event = incoming(sequence="00000000000000000007", recordedtime="2020-01-01T00:00:00Z", replayof="letter")
    verdict = judge(event)
    assert isinstance(verdict, Accepted)
    envelope = decode(verdict.body)
    assert (envelope.sequence, envelope.recorded, envelope.replay_of) == (None, NOW, None)
    assert envelope.event == verdict.event == decode(json.dumps(event).encode()).event


@pytest.mark.parametrize(
    "kind",
    ["Tick", "MatchesRanked", "NudgeIssued", "NudgeWithdrawn", "NudgeExpired", "NudgeActed", "OpportunityHeld"],
)
def test_decisions_and_ticks_are_not_taken_from_outside(kind: str) -> None:
    """Nobody can forge the clock, a match or a nudge, whatever their key may do."""
    assert refused_at(judge(incoming(kind))) == "/type"


@pytest.mark.parametrize("kind", sorted(set(EVENTS) - {"Tick"}))
def test_a_key_sends_what_its_scopes_allow(kind: str) -> None:
    """A platform's key cannot press for people or change settings; each scope opens its own events only."""
    needed = scope_of(EVENTS[kind])
    for scope in Scope:
        verdict = judge(incoming(kind), frozenset([scope]))
        assert isinstance(verdict, Accepted) == (scope is needed)
        if needed is not None and scope is not needed:
            assert isinstance(verdict, Refused)
            assert verdict.forbidden


@pytest.mark.parametrize(
    ("wire_type", "says"),
    [
        ("kindling.PostPublished.v2", "PostPublished is read up to version 1: send that, or upgrade Kindling"),
        ("kindling.PostPinned.v1", "unknown event type 'kindling.PostPinned.v1'; `kindling schema` lists them all"),
    ],
)
def test_what_is_newer_is_refused_with_what_to_do(wire_type: str, says: str) -> None:
    """Who sends an event of a later release hears it at once; nothing in the log waits for it."""
    verdict = judge(incoming(type=wire_type))
    assert isinstance(verdict, Refused)
    assert [(p.pointer, p.detail) for p in verdict.problems] == [("/type", says)]


def test_presses_and_operations_have_their_own_scopes() -> None:
    """The border between what a platform says, what a person pressed and what an operator decided."""
    presses = {name for name, event in EVENTS.items() if scope_of(event) is Scope.PRESS}
    operations = {name for name, event in EVENTS.items() if scope_of(event) is Scope.OPERATE}
    wishes = {"PreferencesChanged", "TopicDeclined", "MatchDeclined"}
    assert presses == {"NudgeAnswered", "NudgeSeen", "NudgeDelivered", "NudgeReviewed"} | wishes
    assert operations == {"SettingsChanged", "CommunityOpened", "CommunityClosed", "ModelPromoted"}


def test_an_event_stays_in_its_community() -> None:
    """The community of the address and of the event are the same; a key cannot write into another by the body."""
    assert refused_at(judge(incoming(partitionkey="others"))) == "/partitionkey"
    assert refused_at(judge(incoming(partitionkey=None))) == "/partitionkey"
    assert refused_at(judge(incoming(), community="others")) == "/partitionkey"


def test_an_event_of_the_future_is_refused() -> None:
    """A wrong clock outside cannot move a community's clock ahead."""
    assert isinstance(judge(incoming(time=(NOW + timedelta(minutes=5)).isoformat())), Accepted)
    assert refused_at(judge(incoming(time=(NOW + timedelta(minutes=5, seconds=1)).isoformat()))) == "/time"
    assert refused_at(judge(incoming(time="0001-01-01T00:00:00+14:00"))) == "/time"


def test_an_event_fits_into_the_log() -> None:
    """The longest texts fit however they are written; a list that no broker would take is refused with a reason."""
    longest = "🌱" * (TEXT_BYTES // 4)
    post = incoming()
    assert isinstance(judge({**post, "data": {**post["data"], "text": longest, "title": longest}}), Accepted)
    channel = incoming("ChannelOpened")
    members = [f"member-{i:06}" for i in range(60_000)]
    verdict = judge({**channel, "data": {**channel["data"], "members": members}})
    assert refused_at(verdict) == "/data"
    assert str(EVENT_BYTES) in str(verdict)


def test_what_is_taken_does_not_depend_on_whether_it_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event of as many bytes as are taken is taken with a trace, too; of one more it is refused with and without."""
    followed = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    event = json.dumps(incoming("ChannelOpened")).encode()
    taken = accept(event, Door(COMMUNITY, ALL, NOW))
    assert isinstance(taken, Accepted)
    for limit, kind in ((len(taken.body), Accepted), (len(taken.body) - 1, Refused)):
        monkeypatch.setattr("services.ingest.accept.EVENT_BYTES", limit)
        for trace in (None, followed):
            verdict = accept(event, Door(COMMUNITY, ALL, NOW, trace))
            assert isinstance(verdict, kind)
            assert not isinstance(verdict, Accepted) or decode(verdict.body).traceparent == trace


SPACE = st.text(" \t\r\n", max_size=3)
VALUES = st.none() | st.booleans() | st.integers() | st.text()
JSON = VALUES | st.lists(VALUES, max_size=3) | st.dictionaries(st.text(), VALUES, max_size=3)


def spaced(items: Sequence[Any], space: str) -> bytes:
    comma = f"{space},{space}"
    return f"{space}[{space}{comma.join(json.dumps(item) for item in items)}{space}]{space}".encode()


@given(st.lists(JSON, max_size=5), SPACE)
def test_an_array_is_cut_into_its_items(items: list[Any], space: str) -> None:
    """Cutting an array item by item gives what reading it at once would give."""
    assert [json.loads(item) for item in split(spaced(items, space))] == items


@given(JSON.filter(lambda value: not isinstance(value, list)))
def test_what_is_no_array_is_one_item(value: Any) -> None:
    body = json.dumps(value).encode()
    assert not is_array(body)
    assert list(split(body)) == [body]


@pytest.mark.parametrize(
    "body", [b"[", b"[1", b"[1,", b"[1,]", b"[,1]", b"[1 2]", b"[1]]", b"[1] x", b"[nope]", b"[\xff]", b"[" * 99_999]
)
def test_a_broken_array_is_refused(body: bytes) -> None:
    """An array that was cut off or is none ends in Invalid, never in half of it or in another error."""
    with pytest.raises(Invalid):
        list(split(body))
