"""`kindling member export`: what is held of one person, over all services, for them and nobody else."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kindling.exporting import Export, export
from kindling.own_events import NOT_OWN, OWN, sent_by
from services.ingest.importing import folder_of
from services.nudge.settings import NudgeSettings
from shared import events
from shared.connections import Connections
from shared.dead_letters import Cause, DeadLetter, outgoing
from shared.events import EVENTS, CommunityEvent, Privacy
from shared.service import ServiceName, TopicName
from shared.topics import partition_of
from shared.wire import Envelope, encode
from tests.chain import chain
from tests.holding import words
from tests.loop.harness import PARTITIONS, Place
from tests.test_commands import kindling

# Written in JSON as it is, and escaped.
ZOE = 'zoë "🌿"'
NOW = datetime.now(UTC) - timedelta(hours=3)


def test_every_event_is_somebodys_own_or_is_not() -> None:
    """An event that is new is in the list of what an export may hold, or in that of what it may not with the reason."""
    assert sorted(one.__name__ for one in [*OWN, *NOT_OWN]) == sorted(EVENTS)
    assert all(NOT_OWN.values())


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ({"type": "kindling.PostPublished.v1", "data": {"author": "ann", "channel": "open", "text": 7}}, True),
        ({"type": "kindling.PostPublished.v1", "data": {"author": "ben", "channel": "open", "text": "ann"}}, False),
        ({"type": "kindling.PostPublished.v1", "data": {"author": "ann", "text": "where?"}}, False),
        ({"type": "kindling.MemberJoined.v1", "data": {"member": "ann", "zone": "Nowhere"}}, True),
        ({"type": "kindling.NudgeReviewed.v1", "data": {"member": "ann", "reason": "no"}}, False),
        ({"type": "kindling", "data": {"member": "ann"}}, False),
        ({"type": 7, "data": []}, False),
        (["ann"], False),
    ],
)
def test_what_is_no_event_is_somebodys_where_it_says_so(body: Any, own: bool) -> None:
    """What was refused as an event is told to whom it says that it is of, where it says in which channel."""
    assert (sent_by(body, "ann") is not None) is own


# Real servers


@pytest.fixture
def place(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The same, where commands look for it."""
    monkeypatch.setenv("KINDLING_STORE", place.redis_url)
    monkeypatch.setenv("KINDLING_LOG", place.log_url)
    monkeypatch.setenv("KINDLING_PREFIX", place.prefix)
    return place


def made(kind: type[CommunityEvent], number: int, **fields: Any) -> CommunityEvent:
    return kind(id=f"e{number}", source="test", at=NOW + timedelta(minutes=number), community="garden", **fields)


def happened() -> list[CommunityEvent]:
    """Two channels, one of which Ann is in no more; Ben keeps apart from her, which she must not learn."""
    e = events
    hidden: dict[str, Any] = {"channel": "shed", "author": "ann"}
    return [
        *(made(e.MemberJoined, n, member=who, name=who.title()) for n, who in enumerate(("ann", "ben", "cas"))),
        made(e.ChannelOpened, 3, channel="open", privacy=Privacy.PUBLIC),
        made(e.ChannelOpened, 4, channel="shed", members=("ann", "ben")),
        made(e.PostPublished, 5, message="p1", channel="open", author="ben", text="how do I prune roses?"),
        made(e.ReplyPublished, 6, message="r1", post="p1", channel="open", author="ann", text="with shears, in winter"),
        made(e.PostPublished, 7, message="p2", **hidden, text="a word in the shed"),
        made(e.ReplyPublished, 8, message="r2", post="p2", **hidden, text="another one in the shed"),
        made(e.PostPublished, 9, message="p3", channel="open", author="ann", text="what eats my tulips"),
        made(e.MessageEdited, 10, message="p3", text="what eats my tulips at night?"),
        made(e.ReactionAdded, 11, message="p1", member="ann", emoji="rose"),
        made(e.ReactionAdded, 12, message="p2", member="ann", emoji="lock"),
        made(e.PreferencesChanged, 13, member="ann", interests=("tulips",), weekly_asks=2),
        made(e.MatchDeclined, 14, member="ben", other="ann"),
        made(e.TopicDeclined, 15, member="ann", post="p1"),
        made(e.NudgeReviewed, 16, member="ann", nudge="n", approved=False, reason="Ann is rude"),
        made(e.ChannelChanged, 17, channel="shed", left=("ann",)),
        made(e.MemberJoined, 18, member=ZOE, name="Zoë"),
        made(e.PostPublished, 19, message="ü 🌹", channel="open", author=ZOE, text="who waters my ferns"),
        made(e.MessageEdited, 20, message="ü 🌹", text="who waters my ferns in May?"),
    ]


def letters() -> list[DeadLetter]:
    own = made(events.PostPublished, 20, message="p9", channel="open", author="ann", text="a post that died")
    elsewhere = made(events.PostPublished, 21, message="p8", channel="shed", author="ann", text="one that died there")
    bodies = [encode(Envelope(own)).decode(), encode(Envelope(elsewhere)).decode(), "{ann"]
    return [
        DeadLetter(
            id=f"letter-{n}", service=ServiceName.NUDGE, topic=TopicName.MATCHES,
            partition=partition_of("garden", PARTITIONS), offset=n, community="garden", cause=Cause.FAILED, reason="",
            frame="", attempts=1, died=NOW, body=body,
        )
        for n, body in enumerate(bodies)
    ]  # fmt: skip


def imports(data: Path) -> None:
    """Leave what imports leave: a line of Ann's that was wrong, one of hers in the shed, one of Ben's; a role."""
    folder = folder_of(data, "garden")
    (folder / "roles").mkdir(parents=True)
    (folder / "roles" / "x.json").write_text('{"champions": ["ann"], "named": [], "until": null}')
    lines = [
        {"id": 7, "channel": "open", "author": "ann", "text": "a line that was wrong"},
        {"id": 8, "channel": "shed", "author": "ann", "text": "a wrong line in the shed"},
        {"id": 9, "channel": "open", "author": "ben", "text": "I told ann so"},
    ]
    kept = [{"line_number": n, "reason": "id: is no text", "line": json.dumps(line)} for n, line in enumerate(lines)]
    (folder / "y.rejected.jsonl").write_text("".join(json.dumps(one) + "\n" for one in kept))


async def test_an_operator_exports_a_member_from_real_servers(place: Place, tmp_path: Path) -> None:
    """States, log, dead letters and files, as typed, with the services at work: what is Ann's, for her eyes alone."""
    data, out = tmp_path / "data", tmp_path / "ann.json"
    imports(data)
    async with chain(place) as services:

        async def typed(code: int = 0) -> str:
            arguments = ("member", "export", "garden", "ann", "--out", str(out))
            return await asyncio.to_thread(lambda: kindling(data, *arguments, code=code))

        assert "there is no community garden" in await typed(2)
        first = services[ServiceName.RECOMMEND]
        await first.feed(happened())
        await first.log.publish([outgoing(letter, "garden") for letter in letters()])
        for name in (ServiceName.RECOMMEND, ServiceName.NUDGE, ServiceName.INGEST, ServiceName.RECOMMEND):
            await services[name].settle()

        # Who had the file open for reading, or may read it, has what it was.
        out.write_text("of before")
        out.chmod(0o644)
        with out.open() as opened:
            said, told = await typed(), json.loads(out.read_text())
            assert opened.read() == "of before"
        assert out.stat().st_mode & 0o077 == 0
        assert "2 dead letters name them and are left out" in said
        assert "2 wrong lines of imports name them" in said
        assert "tulips" not in said
        said_in_it = words({**told, "left_out": "", "elsewhere": ""})
        texts = " ".join(said_in_it)
        for own in ("with shears, in winter", "what eats my tulips at night?", "a post that died", "a line that was"):
            assert own in texts
        for others in ("the shed", "prune roses", "Ann is rude", "MatchDeclined", "I told"):
            assert others not in texts
        assert said_in_it.isdisjoint({"shed", "lock", "p2", "r2", "p8"})
        log = told["log"]["events"]
        assert told["log"]["looked_through"] is True
        assert {one["event"] for one in log} == {
            "MemberJoined", "ReplyPublished", "PostPublished", "MessageEdited", "ReactionAdded", "PreferencesChanged",
            "TopicDeclined",
        }  # fmt: skip
        assert [one["sent"]["text"] for one in told["dead_letters"]["letters"]] == ["a post that died"]
        roles, line = told["imports"]["entries"]
        assert roles["made_champion"] is True
        assert line["line_number"] == 0

        async def exported(member: str, **how: bool) -> Export:
            connections = Connections(place.log_url, place.redis_url, place.prefix)
            return await export(connections, first.log, NudgeSettings(), data, "garden", member, **how)

        # Ben's is his: he keeps apart from Ann.
        assert "MatchDeclined" in words((await exported("ben")).log)
        # Records of the log are written with escapes; an edit names the message alone.
        zoe = await exported(ZOE)
        assert [one["event"] for one in zoe.log or ()] == ["MemberJoined", "PostPublished", "MessageEdited"]
        whole = await exported("ann", own_words=True, with_log=False)
        found = words([list(one.entries) for held in whole.services for one in held.sections])
        assert "a word in the shed" in found
        assert found.isdisjoint({"shed", "p2", "r2"})
        assert whole.log is None
        assert (await exported("nobody")).entries == 0

        await first.feed([made(events.MemberForgotten, 30, member="ann")])
        for name in (ServiceName.RECOMMEND, ServiceName.NUDGE):
            await services[name].settle()
        gone = await exported("ann", own_words=True)
        assert [one.entries for one in gone.services] == [0, 0]
        assert gone.forgotten
        # The log forgets with time, and says so; who reads nothing any more is told of no channel.
        assert {one["event"] for one in gone.log or ()} == {"MemberJoined", "PreferencesChanged", "MemberForgotten"}
