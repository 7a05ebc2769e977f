"""The form with which a leader names who may act for them, from when to when, and ends that."""

from dataclasses import dataclass
from datetime import date, datetime

from pydantic import ValidationError

from services.nudge.delegates import coming
from services.nudge.documents import MEMBERS, Member
from services.nudge.links import Visitor
from services.nudge.pages.told import Told
from services.nudge.read_delegated import read_people
from services.nudge.shelf import Person
from services.nudge.take_answer import Desk
from services.nudge.words import Words
from shared.events import Delegate, Role
from shared.limits import MOST_DELEGATES


@dataclass(frozen=True, slots=True)
class ShownDelegates:
    """Who acts for a leader, each with their name, and the days in words, and who could be named besides."""

    named: tuple[tuple[Delegate, str, str], ...]
    offered: tuple[Person, ...]


async def shown_delegates(
    desk: Desk, visitor: Visitor, known: Member, words: Words, now: datetime
) -> ShownDelegates | None:
    """Give what a leader sees of it; None for who is none."""
    if Role.LEADER not in known.roles:
        return None
    named = coming(known, now)
    members = await desk.reader.get_many(visitor.community, MEMBERS, [one.member for one in named])
    names = [(who and who.name) or one.member for one, who in zip(named, members, strict=True)]
    offered = await read_people(desk.reader, visitor.community, visitor.member, now)
    shown = [(one, name, when(words, one)) for one, name in zip(named, names, strict=True)]
    return ShownDelegates(tuple(shown), offered)


def when(words: Words, delegate: Delegate) -> str:
    """Say from when to when somebody acts for a leader."""
    first, last = (day and words.day(day) for day in (delegate.first, delegate.last))
    if first and last:
        return words.say("page.acts_between", first=first, last=last)
    if first:
        return words.say("page.acts_from", first=first)
    return words.say("page.acts_until", last=last) if last else words.say("page.acts_always")


async def change_delegates(
    desk: Desk, visitor: Visitor, known: Member, person: str, first: str, last: str, *, add: bool
) -> Told:
    """Name somebody, by their id or the name by which they are offered, from one day to another, or end that.

    Those whose days are over go.
    """
    now = desk.press.now()
    found = await _find(desk, visitor, person.strip(), now) if add else person
    if found is None:
        return Told.PEOPLE
    try:
        days = [date.fromisoformat(day) if day else None for day in (first, last)]
        named = Delegate(member=found, first=days[0], last=days[1])
    except (ValueError, ValidationError):
        return Told.DELEGATE_DATES
    others = tuple(one for one in coming(known, now) if one != named)
    if add and len(others) >= MOST_DELEGATES:
        return Told.PEOPLE
    delegates = (*others, named) if add else others
    saved = await desk.prefer(visitor.community, visitor.member, {"delegates": delegates})
    return Told.SAVED if saved else Told.ACCEPTED


async def _find(desk: Desk, visitor: Visitor, person: str, now: datetime) -> str | None:
    """Find who is meant; None where nobody is, or several could be."""
    if not person or person == visitor.member:
        return None
    known = await desk.reader.get(visitor.community, MEMBERS, person)
    if known is not None and not known.left and not known.bot:
        return person
    offered = await read_people(desk.reader, visitor.community, visitor.member, now)
    called = [one.id for one in offered if one.name.casefold() == person.casefold()]
    return called[0] if len(called) == 1 else None
