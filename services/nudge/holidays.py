"""Follow a community's holidays, which are settings of it: `holidays/winter` is "2026-12-24..2027-01-01, 2027-01-06".

Days on which nobody is asked, each by the calendar where they are; an empty text ends the list.
"""

from datetime import date
from typing import Final

from services.nudge.documents import HOLIDAYS, Holidays
from services.nudge.hours import Days
from services.nudge.state import NudgeCommunity
from shared.events import SettingsChanged
from shared.failures import Invalid, Problem
from shared.limits import FIRST_YEAR, LAST_YEAR
from shared.stamps import stamp_of

PREFIX: Final = "holidays/"
MOST_DAYS: Final = 400


def follow_holidays(state: NudgeCommunity, event: SettingsChanged) -> bool:
    """Take in what is said of holidays, the later of two things said of a list; say whether that changes any.

    Raises:
        Invalid: a text is none that names days; nothing was taken in.
    """
    told = {name.removeprefix(PREFIX): value for name, value in event.settings.items() if name.startswith(PREFIX)}
    found = {name: Holidays(_read(name, value), stamp_of(event)) for name, value in sorted(told.items())}
    before = holidays_of(state)
    for name, holidays in found.items():
        known = state.documents.get(HOLIDAYS, name)
        if known is None or holidays.stamp > known.stamp:
            state.documents.put(HOLIDAYS, name, holidays)
    return holidays_of(state) != before


def holidays_of(state: NudgeCommunity) -> tuple[Days, ...]:
    """Give all holidays of a community, in order."""
    return tuple(sorted({days for one in state.documents.table(HOLIDAYS).values() for days in one.days}))


def _read(name: str, value: object) -> tuple[Days, ...]:
    parts = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else [""]
    says = f'must be days as "2026-12-24..2027-01-01, 2027-05-01", at most {MOST_DAYS}; an empty text ends the list'
    wrong = Invalid([Problem(f"/data/settings/{PREFIX}{name}", says)])
    try:
        days = tuple(sorted({_days(part) for part in parts}))
    except ValueError:
        raise wrong from None
    if len(days) > MOST_DAYS:
        raise wrong
    return days


def _days(text: str) -> Days:
    first, dots, last = (part.strip() for part in text.partition(".."))
    days = date.fromisoformat(first), date.fromisoformat(last if dots else first)
    if days[1] < days[0] or not all(FIRST_YEAR <= day.year <= LAST_YEAR for day in days):
        raise ValueError
    return days
