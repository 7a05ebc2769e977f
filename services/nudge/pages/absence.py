"""The form with which a member says from when to when they are away."""

from datetime import date

from pydantic import ValidationError

from services.nudge.absence import coming
from services.nudge.documents import Member
from services.nudge.links import Visitor
from services.nudge.pages.told import Told
from services.nudge.take_answer import Desk
from shared.events import Absence
from shared.limits import MOST_ABSENCES


async def change_absence(desk: Desk, visitor: Visitor, known: Member, first: str, last: str, *, add: bool) -> Told:
    """Add an absence, or take one back; what is over goes. A last day that is not given is the first."""
    try:
        days = Absence(first=date.fromisoformat(first), last=date.fromisoformat(last or first))
    except (ValueError, ValidationError):
        return Told.DATES
    others = [one for one in coming(known, desk.press.now()) if one != days]
    absences = (*others, days) if add else tuple(others)
    if len(absences) > MOST_ABSENCES:
        return Told.DATES
    saved = await desk.prefer(visitor.community, visitor.member, {"absences": absences})
    return Told.SAVED if saved else Told.ACCEPTED
