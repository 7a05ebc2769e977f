"""Importing again with more knowledge: what a later import says of people and channels holds."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.ingest.archive import Archive, Found
from services.ingest.importing import Import, import_file
from services.ingest.mapping import ArchiveMap
from services.nudge import documents as kept
from shared.events import Event, MemberJoined, MemberLeft, Privacy, Role, RolesChanged
from shared.failures import UnsafeSettings
from tests.ingesting import COMMUNITY, NOW, Recorder, incoming, noon
from tests.nudging import Garden

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
CHAMPION, LEADER = (Role.MEMBER, Role.CHAMPION), (Role.LEADER,)


def history(path: Path, helpers: str, days: int = 10) -> Path:
    """Write a post a day by one of twenty, each answered by one of the helpers (a letter each, in turn)."""
    lines = []
    for day in range(days):
        at = START + timedelta(days=day)
        named = {"channel": "forum", "topic": "", "text": "x"}
        helper = helpers[day % len(helpers)]
        asked = {"id": f"p{day}", "author": f"asker{day % 20}", "at": at.isoformat(), "reply_to": None}
        answered = {"id": f"r{day}", "author": helper, "at": (at + timedelta(hours=1)).isoformat()}
        lines += [{**named, **asked}, {**named, **answered, "reply_to": f"p{day}"}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def mapping(**parts: Any) -> ArchiveMap:
    return ArchiveMap.model_validate(parts)


def an_import(path: Path, **options: Any) -> Import:
    return Import(path, COMMUNITY, path.parent / "data", **options)


async def imported(what: Import) -> list[Event]:
    log = Recorder()
    await import_file(what, log, clock=noon)
    return log.events


def roles(garden: Garden) -> dict[str, tuple[Role, ...]]:
    everybody = garden.documents.table(kept.MEMBERS).items()
    return {member: about.roles for member, about in sorted(everybody) if about.roles}


async def test_a_mapping_holds_over_an_earlier_import(tmp_path: Path) -> None:
    """Whoever learns of zones, names, roles and privacy after a first import imports again, and they are in force."""
    what = an_import(history(tmp_path / "a.jsonl", "ab"))
    garden = Garden(await imported(what))
    assert roles(garden) == {"a": CHAMPION}
    known = mapping(
        members={"a": {"roles": ["leader"], "zone": "Europe/Berlin", "name": "Ada", "bot": False}},
        channels={"forum": {"privacy": "public", "name": "Forum", "members": ["c"]}},
    )
    again = await imported(replace(what, known=known))
    garden.step(*again)
    member, channel = garden.documents.get(kept.MEMBERS, "a"), garden.documents.get(kept.CHANNELS, "forum")
    assert member is not None
    assert channel is not None
    assert (member.roles, member.zone, member.name) == (LEADER, "Europe/Berlin", "Ada")
    assert (channel.privacy, channel.name) == (Privacy.PUBLIC, "Forum")
    assert garden.documents.get(kept.READERS, kept.reader_key("forum", "c")) is not None
    # Another mapping says another thing, at a later time; what it does not say stays.
    closed = mapping(channels={"forum": {"privacy": "private"}})
    garden.step(*[event.model_copy(update={"at": NOW + timedelta(hours=1)}) if event.at == NOW else event
                  for event in await imported(replace(what, known=closed))])  # fmt: skip
    channel = garden.documents.get(kept.CHANNELS, "forum")
    assert channel is not None
    assert (channel.privacy, channel.name) == (Privacy.PRIVATE, "Forum")
    assert roles(garden)["a"] == LEADER


async def test_what_says_something_else_is_another_event(tmp_path: Path) -> None:
    """An id stands for one fact for ever: a changed mapping does not come under the ids of the one before."""
    what = an_import(history(tmp_path / "a.jsonl", "ab"))
    seen: dict[str, Event] = {}
    for known in (
        mapping(),
        mapping(members={"a": {"zone": "Asia/Tokyo"}}, channels={"forum": {"privacy": "public"}}),
        mapping(members={"a": {"zone": "Asia/Kolkata", "roles": ["leader"]}}, channels={"forum": {"members": ["a"]}}),
    ):
        for event in await imported(replace(what, known=known)):
            assert seen.setdefault(event.id, event) == event


async def test_who_left_is_not_brought_back_by_a_mapping(tmp_path: Path) -> None:
    """A mapping that still names somebody who left says who they were, not that they are here."""
    what = an_import(history(tmp_path / "a.jsonl", "ab"), known=mapping(members={"a": {"zone": "Asia/Tokyo"}}))
    garden = Garden(await imported(what))
    left = NOW - timedelta(days=1)
    garden.step(MemberLeft(id="left", source="forum", at=left, community=COMMUNITY, member="a"))
    garden.step(*await imported(replace(what, rejected_to=tmp_path / "other")))
    member = garden.documents.get(kept.MEMBERS, "a")
    assert member is not None
    assert member.left


async def test_a_later_import_takes_champions_back(tmp_path: Path) -> None:
    """However often history is imported, at most the rule's share of people are champions by it."""
    what = an_import(history(tmp_path / "a.jsonl", "a"))
    garden = Garden(await imported(what))
    assert roles(garden) == {"a": CHAMPION}
    garden.step(*await imported(replace(what, path=history(tmp_path / "b.jsonl", "b", days=200))))
    assert roles(garden) == {"a": (Role.MEMBER,), "b": CHAMPION}
    # An older file says nothing of lately.
    assert not [e for e in await imported(replace(what, rejected_to=tmp_path / "x")) if isinstance(e, RolesChanged)]


async def test_roles_that_a_mapping_gave_stay(tmp_path: Path) -> None:
    """An import without the mapping does not overrule what an earlier one said of somebody's roles."""
    what = an_import(history(tmp_path / "a.jsonl", "ab"), known=mapping(members={"a": {"roles": ["leader"]}}))
    garden = Garden(await imported(what))
    later = history(tmp_path / "b.jsonl", "aab", days=200)
    garden.step(*await imported(replace(what, path=later, known=ArchiveMap())))
    assert roles(garden) == {"a": LEADER, "b": CHAMPION}


async def test_taking_back_is_no_repeat_of_appointing(tmp_path: Path) -> None:
    """Of two imports that end at the same time the second one's champions stand."""
    what = an_import(history(tmp_path / "a.jsonl", "a"))
    garden = Garden(await imported(what))
    garden.step(*await imported(replace(what, path=history(tmp_path / "b.jsonl", "b"))))
    assert roles(garden) == {"a": (Role.MEMBER,), "b": CHAMPION}


async def test_a_mapping_for_events_is_refused(tmp_path: Path) -> None:
    """CloudEvents say themselves who is who: a mapping that nothing would come of is not passed over in silence."""
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(incoming()) + "\n")
    known = mapping(members={"a": {"roles": ["leader"]}})
    with pytest.raises(UnsafeSettings, match="a mapping is for an archive"):
        await imported(an_import(path, known=known))


async def test_a_replay_states_a_mapping_at_its_first_message(tmp_path: Path) -> None:
    """In event time nothing is said of a time that has not come."""
    path = history(tmp_path / "a.jsonl", "ab")
    archive = Archive(COMMUNITY, known=mapping(members={"a": {"zone": "Asia/Tokyo", "roles": ["leader"]}}))
    found = [f.event for f in archive.read(enumerate(path.read_bytes().splitlines(), 1)) if isinstance(f, Found)]
    said = [event for event in found if isinstance(event, MemberJoined | RolesChanged) and event.member == "a"]
    assert {event.at for event in said} == {START}
    assert max(event.at for event in found) < START + timedelta(days=10)
