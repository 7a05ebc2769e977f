"""Read what a delegate may answer for leaders: what they may read themselves, and not why the leader was asked."""

from dataclasses import dataclass, replace

from services.nudge.delegates import DELEGATED, acts_for
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
from services.nudge.read_inbox import InboxReader, ShownNudge
from services.nudge.settings import NudgeSettings
from services.nudge.shelf import Person, Shelf
from shared.reading import StateReader


@dataclass(frozen=True, slots=True)
class Delegated:
    """What is open of a leader for whom somebody stands in, newest first."""

    leader: Person
    nudges: tuple[ShownNudge, ...]


async def read_delegated(
    reader: StateReader, guard: Guard, community: str, member: str, settings: NudgeSettings
) -> tuple[Delegated, ...]:
    """Read what a member may answer for each leader who named them; of whom nothing is open is left out."""
    named = await reader.get(community, STANDS_IN, member) or StandsIn()
    if not named.leaders:
        return ()
    delegate = await reader.get(community, MEMBERS, member)
    found = [await _of(reader, guard, community, member, delegate, one, settings) for one in named.leaders]
    return tuple(one for one in found if one.nudges)


async def _of(
    reader: StateReader,
    guard: Guard,
    community: str,
    member: str,
    delegate: Member | None,
    leader: str,
    settings: NudgeSettings,
) -> Delegated:
    held = await guard.held(community, leader)
    inbox = await InboxReader(reader, community, leader, held, settings.language, delegate=delegate).read()
    answerable = [nudge for nudge in inbox.nudges if nudge.is_open]
    shown = [
        replace(
            nudge,
            answers=tuple(one for one in nudge.answers if one in DELEGATED),
            declines=(),
            why=replace(nudge.why, you=()),
        )
        for nudge in answerable
        if await may_answer(reader, community, leader, nudge.nudge, member)
    ]
    return Delegated(Person(leader, inbox.member.name or leader), tuple(shown))


async def may_answer(reader: StateReader, community: str, leader: str, nudge: str, by: str) -> bool:
    """Say whether somebody may answer a leader's nudge, as the handlers will."""
    shelf = Shelf(reader, community)
    await shelf.fetch(NUDGES, [nudge])
    found = shelf.get(NUDGES, nudge)
    await shelf.fetch(MEMBERS, [leader, by])
    known = shelf.get(MEMBERS, by)
    if found is None or found.member != leader or known is None or known.left or known.bot:
        return False
    if not acts_for(by, shelf.get(MEMBERS, leader), found):
        return False
    await shelf.fetch(CHANNELS, [found.channel])
    await shelf.fetch(READERS, [reader_key(found.channel, by)])
    await shelf.fetch(OPPORTUNITIES, [found.post])
    opportunity = shelf.get(OPPORTUNITIES, found.post)
    if opportunity is None or by in opportunity.concerned or (found.channel and not shelf.reads(by, found.channel)):
        return False
    await shelf.fetch(WISHES, [by, *opportunity.concerned])
    return not any(shelf.apart(by, other) for other in opportunity.concerned)
