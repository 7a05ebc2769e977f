"""Choose whom to ask: the first in order who may be asked now, or when somebody could be."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.nudge.absence import days_of, is_away, zone_of
from services.nudge.budget import free_at, role_of, usable_limit
from services.nudge.digest import digest_of, is_full, next_sending, sent_since
from services.nudge.documents import Candidate, Member
from services.nudge.hours import Days, hours_of, is_off, is_open, next_open
from services.nudge.pace import is_slowed, is_too_soon, rested_at
from services.nudge.settings import NudgeSettings
from shared.events import Digest, Kind, Role


class Bar(StrEnum):
    """Why somebody is not asked."""

    UNKNOWN = "unknown"
    AUTHOR = "author"
    ASKED = "asked"
    NO_ROLE = "no_role"
    LEFT = "left"
    BOT = "bot"
    UNREADABLE = "unreadable"
    OPTED_OUT = "opted_out"
    DECLINED = "declined"
    APART = "apart"
    CONSENT = "consent"
    CONTACT = "contact"
    PAUSED = "paused"
    AWAY = "away"
    HOLIDAY = "holiday"
    BUDGET = "budget"
    GAP = "gap"
    SLOWED = "slowed"
    HOURS = "hours"
    DIGEST = "digest"
    # Of the ladder: who may be asked, but not before others.
    TURN = "turn"


PASSING: Final = frozenset(
    {Bar.CONTACT, Bar.PAUSED, Bar.AWAY, Bar.HOLIDAY, Bar.BUDGET, Bar.GAP, Bar.SLOWED, Bar.HOURS, Bar.DIGEST}
)


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who could be asked, with all that decides whether they may be. `named`: by who handed it over.

    `declined`: they said that the post is not their topic; `apart`: they are kept apart from somebody in it.
    `agreed`: they may be asked by what they said to it; from `introduced` on, as they heard of it a while ago.
    `approved`: somebody let it go, or nobody else is left, and it waits for no digest any more.
    `let_go` is when they let asks go by; `holidays` are the community's, as far as they are theirs.
    `ratio`: by how much more, or less, often they reply when asked than their scores say.
    `carried`: so many threads they answered unasked in the last week.
    `urgent`: what they are asked about may use what is kept of their week.
    """

    candidate: Candidate
    member: Member | None
    reads: bool
    asked: bool
    author: bool
    asks: tuple[datetime, ...] = ()
    let_go: tuple[datetime, ...] = ()
    named: bool = False
    declined: bool = False
    apart: bool = False
    ratio: float = 1.0
    agreed: bool = True
    introduced: datetime | None = None
    urgent: bool = False
    approved: bool = False
    carried: int = 0
    holidays: tuple[Days, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to ask now; where it is nobody, `again` is when somebody could be asked, if ever."""

    chosen: Applicant | None
    again: datetime | None = None


def choose(applicants: Iterable[Applicant], kind: Kind, clock: datetime, settings: NudgeSettings) -> Choice:
    """Choose the first who may be asked."""
    again: list[datetime] = []
    for applicant in applicants:
        barred = bars(applicant, kind, clock, settings)
        if not barred:
            return Choice(applicant)
        if (could := allowed_at(applicant, barred, clock, settings)) is not None:
            again.append(could)
    return Choice(None, min(again, default=None))


def bars(applicant: Applicant, kind: Kind, clock: datetime, settings: NudgeSettings) -> tuple[Bar, ...]:
    """Give every reason why somebody may not be asked at the clock; none means that they may."""
    member = applicant.member
    if member is None:
        return (Bar.UNKNOWN,)
    role_needed = not (applicant.named or settings.ask_members)
    limit = usable_limit(member, settings, urgent=applicant.urgent)
    digest = _awaits_digest(applicant, member, settings)
    found = {
        Bar.AUTHOR: applicant.author,
        Bar.ASKED: applicant.asked,
        Bar.NO_ROLE: role_needed and role_of(member) is Role.MEMBER,
        Bar.LEFT: member.left,
        Bar.BOT: member.bot,
        Bar.UNREADABLE: not applicant.reads,
        Bar.OPTED_OUT: kind in member.without,
        Bar.DECLINED: applicant.declined,
        Bar.APART: applicant.apart,
        Bar.CONSENT: not applicant.agreed,
        Bar.CONTACT: applicant.agreed and applicant.introduced is not None and clock < applicant.introduced,
        Bar.PAUSED: member.paused_until is not None and clock < member.paused_until,
        Bar.AWAY: is_away(member, clock),
        Bar.HOLIDAY: is_off(clock, zone_of(member), applicant.holidays),
        Bar.BUDGET: free_at(applicant.asks, limit, clock) != clock,
        Bar.GAP: digest is None and is_too_soon(member, applicant.asks, clock, settings),
        Bar.SLOWED: is_slowed(member, applicant.asks, applicant.let_go, clock, settings),
    }
    barred = tuple(bar for bar, is_barred in found.items() if is_barred)
    # Hours cost the most to look up and matter only where nothing else stands in the way for good.
    if not PASSING.issuperset(barred):
        return barred
    if digest is None:
        return barred if within_hours(member, clock, settings) else (*barred, Bar.HOURS)
    since = sent_since(member, clock, settings, applicant.holidays)
    if since is None or is_full(applicant.asks, since, settings):
        return (*barred, Bar.DIGEST)
    # Who chose the hour of their digest gets it then; the community's comes within their hours.
    return barred if member.digest is not None or within_hours(member, clock, settings) else (*barred, Bar.HOURS)


def _awaits_digest(applicant: Applicant, member: Member, settings: NudgeSettings) -> Digest | None:
    """Give the digest in which somebody is asked; none holds up what a person has handed over, or approved of."""
    return None if applicant.named or applicant.approved else digest_of(member, settings)


def within_hours(member: Member, clock: datetime, settings: NudgeSettings) -> bool:
    """Say whether a member may be asked at this hour; of unknown zone, at any."""
    return is_open(clock, zone_of(member), hours_of(member, settings))


def allowed_at(
    applicant: Applicant, barred: Iterable[Bar], clock: datetime, settings: NudgeSettings
) -> datetime | None:
    """Give when somebody with these bars could be asked; None where it is not for now alone that they may not."""
    return possible_at(applicant, clock, settings) if PASSING.issuperset(barred) else None


def possible_at(applicant: Applicant, clock: datetime, settings: NudgeSettings) -> datetime | None:
    """Give when somebody who is barred only for now could be asked; None where that never comes."""
    member = applicant.member
    if member is None:
        return None
    limit = usable_limit(member, settings, urgent=applicant.urgent)
    free = free_at(applicant.asks, limit, clock)
    if free is None:
        return None
    digest = _awaits_digest(applicant, member, settings)
    rested = rested_at(member, applicant.asks, applicant.let_go, clock, settings, apart=digest is None)
    at = max(free, rested, member.paused_until or free, applicant.introduced or free)
    if digest is not None:
        return next_sending(member, applicant.asks, at, settings, applicant.holidays)
    off = (*days_of(member.absences), *applicant.holidays)
    return next_open(at, zone_of(member), hours_of(member, settings), off)
