"""When somebody is not there: the days that they named, by the calendar where they are. Pure, but for its timer."""

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from services.nudge.documents import Member
from services.nudge.hours import Days, begins, find_zone, is_off
from shared.events import Absence

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity


def zone_of(member: Member) -> tzinfo:
    """Give the zone by whose clocks and calendar a member lives; UTC where it is unknown."""
    return find_zone(member.own_zone) or find_zone(member.zone) or UTC


def days_of(absences: tuple[Absence, ...]) -> tuple[Days, ...]:
    return tuple((absence.first, absence.last) for absence in absences)


def is_away(member: Member, at: datetime) -> bool:
    """Say whether a member is away at an instant."""
    return bool(member.absences) and is_off(at, zone_of(member), days_of(member.absences))


def coming(member: Member, at: datetime) -> tuple[Absence, ...]:
    """Give the absences that are not over at an instant, in order."""
    today = at.astimezone(zone_of(member)).date()
    return tuple(absence for absence in member.absences if absence.last >= today)


def plan_absence(state: "NudgeCommunity", name: str, clock: datetime) -> None:
    """Look again when a member's next absence begins: what they are asked then goes to others."""
    member = state.member(name) or Member()
    coming = (begins(absence.first, zone_of(member)) for absence in member.absences)
    following = min((at for at in coming if at > clock), default=None)
    if following is None:
        state.documents.cancel_timer("away", name)
    else:
        state.documents.set_timer("away", name, following)
