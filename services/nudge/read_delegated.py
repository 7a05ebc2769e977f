"""Read what a delegate may answer for leaders: what they may read themselves, and not why the leader was asked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from services.nudge.delegates import DELEGATED, coming, may_act, stands_in
from services.nudge.documents import (
    CHANNELS,
    MEMBERS,
    NUDGES,
    OPPORTUNITIES,
    READERS,
    STANDS_IN,
    WISHES,
    Member,
    StandsIn,
    reader_key,
)
from services.nudge.guard import Guard
from services.nudge.load import LOADS, Load
from services.nudge.measure import week_of
from services.nudge.read_inbox import InboxReader, ShownNudge
from services.nudge.settings import NudgeSettings
from services.nudge.shelf import Person, Shelf
from shared.events import Delegate
from shared.reading import StateReader

# People who are offered to a leader to choose from; anybody else is named by their id.
MOST_OFFERED: Final = 50


@dataclass(frozen=True, slots=True)
class Delegated:
    """What is open of a leader for whom somebody stands in, newest first; `named` are from when to when they do."""

    leader: Person
    nudges: tuple[ShownNudge, ...]
    named: tuple[Delegate, ...]


async def read_delegated(
    reader: StateReader, guard: Guard, community: str, member: str, settings: NudgeSettings, now: datetime
) -> tuple[Delegated, ...]:
    """Read what a member may answer now for each leader who named them, also of whom nothing is open."""
    named = (await reader.get(community, STANDS_IN, member) or StandsIn()).leaders
    if not named:
        return ()
    delegate = await reader.get(community, MEMBERS, member)
    leaders = await reader.get_many(community, MEMBERS, named)
    found = [
        await _of(reader, guard, community, member, delegate, one, known, settings, now)
        for one, known in zip(named, leaders, strict=True)
        if known is not None and stands_in(member, known, now)
    ]
    return tuple(found)


async def _of(
    reader: StateReader,
    guard: Guard,
    community: str,
    member: str,
    delegate: Member | None,
    leader: str,
    known: Member,
    settings: NudgeSettings,
    now: datetime,
) -> Delegated:
    held = await guard.held(community, leader)
    inbox = await InboxReader(reader, community, leader, held, settings.language, now, delegate=delegate).read()
    shown = [
        replace(
            nudge,
            answers=tuple(one for one in nudge.answers if one in DELEGATED),
            declines=(),
            why=replace(nudge.why, you=()),
        )
        for nudge in inbox.nudges
        if nudge.is_open and await may_answer(reader, community, leader, nudge.nudge, member, now)
    ]
    named = tuple(one for one in coming(known, now) if one.member == member)
    return Delegated(Person(leader, inbox.member.name or leader), tuple(shown), named)


async def may_answer(reader: StateReader, community: str, leader: str, nudge: str, by: str, now: datetime) -> bool:
    """Say whether somebody may answer a leader's nudge now, as the handlers will: fetch what that rests on, and ask."""
    shelf = Shelf(reader, community)
    await shelf.fetch(NUDGES, [nudge])
    found = shelf.get(NUDGES, nudge)
    if found is None or found.member != leader:
        return False
    await shelf.fetch(MEMBERS, [leader, by])
    await shelf.fetch(CHANNELS, [found.channel])
    await shelf.fetch(READERS, [reader_key(found.channel, by)])
    await shelf.fetch(OPPORTUNITIES, [found.post])
    opportunity = shelf.opportunity(found.post)
    await shelf.fetch(WISHES, [by, *(opportunity.concerned if opportunity is not None else ())])
    return may_act(shelf, found, by, now)


async def read_people(reader: StateReader, community: str, leader: str, now: datetime) -> tuple[Person, ...]:
    """Read whom a leader could name, by name: who came into question lately, and is not kept apart from them."""
    weeks = [week_of(now - timedelta(weeks=ago)) for ago in range(2)]
    loads = [load or Load() for load in await reader.get_many(community, LOADS, weeks)]
    people = sorted({member for load in loads for member in load.asks} - {leader})[:MOST_OFFERED]
    shelf = Shelf(reader, community)
    await shelf.fetch(MEMBERS, people)
    await shelf.fetch(WISHES, {*people, leader})
    offered = [
        shelf.person(who)
        for who in people
        if (known := shelf.member(who)) and not (known.left or known.bot or shelf.apart(who, leader))
    ]
    return tuple(sorted(offered, key=lambda one: (one.name.casefold(), one.id)))
