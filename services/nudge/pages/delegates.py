"""The form with which a leader names who may act for them, from when to when, and ends that."""

from dataclasses import dataclass
from datetime import date, datetime

from pydantic import ValidationError

from services.nudge.delegates import coming, is_over
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


class _NotFound(Exception):
    """Nobody can be named so; `told` is why."""

    def __init__(self, told: Told) -> None:
        super().__init__(told)
        self.told = told


async def shown_delegates(
    desk: Desk, visitor: Visitor, known: Member, words: Words, now: datetime
) -> ShownDelegates | None:
    """Give what a leader sees of it; None for who is none."""
    if Role.LEADER not in known.roles:
        return None
    named, names = coming(known, now), await _names(desk, visitor, known, now)
    people = await read_people(desk.reader, visitor.community, visitor.member, now)
    # Days besides could be named for the others, and say nothing new of these.
    always = {one.member for one in named if one.first is None and one.last is None}
    offered = tuple(one for one in people if one.id not in always)
    return ShownDelegates(tuple((one, names[one.member], when(words, one)) for one in named), offered)


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
    """Name somebody, by their id or the name by which the page shows them, from one day to another, or end that.

    Those whose days are over go.
    """
    now = desk.press.now()
    try:
        found = await _find(desk, visitor, known, person.strip(), now) if add else person
    except _NotFound as error:
        return error.told
    try:
        days = [date.fromisoformat(day) if day else None for day in (first, last)]
        named = Delegate(member=found, first=days[0], last=days[1])
    except (ValueError, ValidationError):
        return Told.DELEGATE_DATES
    if add and is_over(named, known, now):
        return Told.DELEGATE_OVER
    others = tuple(one for one in coming(known, now) if one != named)
    if add and len(others) >= MOST_DELEGATES:
        return Told.DELEGATES_FULL
    delegates = (*others, named) if add else others
    saved = await desk.prefer(visitor.community, visitor.member, {"delegates": delegates})
    return Told.SAVED if saved else Told.ACCEPTED


async def _find(desk: Desk, visitor: Visitor, known: Member, person: str, now: datetime) -> str:
    """Find who is meant.

    Raises:
        _NotFound: nobody is, several could be, or it is the leader.
    """
    if person == visitor.member:
        raise _NotFound(Told.DELEGATE_SELF)
    if not person:
        raise _NotFound(Told.PEOPLE)
    found = await desk.reader.get(visitor.community, MEMBERS, person)
    if found is not None and not found.left and not found.bot:
        return person
    offered = await read_people(desk.reader, visitor.community, visitor.member, now)
    shown = {one.id: one.name for one in offered} | await _names(desk, visitor, known, now)
    called = [one for one, name in shown.items() if name.casefold() == person.casefold()]
    if len(called) == 1:
        return called[0]
    own = not called and person.casefold() == known.name.casefold()
    raise _NotFound(Told.DELEGATE_SELF if own else Told.PEOPLE)


async def _names(desk: Desk, visitor: Visitor, known: Member, now: datetime) -> dict[str, str]:
    """Give the names, as they are shown, of those whose days are not over."""
    named = sorted({one.member for one in coming(known, now)})
    members = await desk.reader.get_many(visitor.community, MEMBERS, named)
    return {one: (who and who.name) or one for one, who in zip(named, members, strict=True)}
