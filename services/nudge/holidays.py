"""Follow a community's holidays, which are settings of it: `holidays/winter` is "2026-12-24..2027-01-01, 2027-01-06".

Days on which nobody is asked, each by the calendar where they are; "DE, Europe/Vienna: 2026-12-24" is for who is in one
of these regions alone; an empty text ends the list. A list that is over is kept as long as nudges are, and then not.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from services.nudge.documents import HOLIDAYS, Holidays, Member
from services.nudge.hours import Days
from services.nudge.regions import is_region, regions_of
from services.nudge.state import NudgeCommunity
from shared.events import SettingsChanged
from shared.failures import Invalid, Problem
from shared.limits import FIRST_YEAR, LAST_YEAR
from shared.stamps import Stamp, stamp_of

PREFIX: Final = "holidays/"
MOST_DAYS: Final = 400
MOST_REGIONS: Final = 100
# The timer at which a list is dropped.
OVER: Final = "holidays"


class Calendar:
    """A community's holidays, to look up whose they are: once for all who have the same."""

    def __init__(self, state: NudgeCommunity) -> None:
        self._lists = tuple(state.documents.table(HOLIDAYS).values())
        self._known: dict[frozenset[str], tuple[Days, ...]] = {}

    def of(self, member: Member | None) -> tuple[Days, ...]:
        """Give a member's holidays, in order."""
        if not self._lists:
            return ()
        regions = regions_of(member or Member())
        if regions not in self._known:
            theirs = (one for one in self._lists if not one.regions or not regions.isdisjoint(one.regions))
            self._known[regions] = tuple(sorted({days for one in theirs for days in one.days}))
        return self._known[regions]


def follow_holidays(state: NudgeCommunity, event: SettingsChanged, clock: datetime) -> bool:
    """Take in what is said of holidays, the later of two things said of a list; say whether that changes any.

    Raises:
        Invalid: a text is none that names days; nothing was taken in.
    """
    told = {name.removeprefix(PREFIX): value for name, value in event.settings.items() if name.startswith(PREFIX)}
    found = {name: _read(name, value, stamp_of(event)) for name, value in sorted(told.items())}
    before = _all(state)
    for name, holidays in found.items():
        known = state.documents.get(HOLIDAYS, name)
        if known is None or holidays.stamp > known.stamp:
            _keep(state, name, holidays, clock)
    return _all(state) != before


def drop_holidays(state: NudgeCommunity, name: str) -> None:
    """Keep nothing of a list any more."""
    state.documents.drop(HOLIDAYS, name)
    state.documents.cancel_timer(OVER, name)


def _keep(state: NudgeCommunity, name: str, holidays: Holidays, clock: datetime) -> None:
    """Keep a list until its last day is long over; one that was ended so long, lest an old word bring it back."""
    ends = [datetime.combine(last, time(), UTC) for _, last in holidays.days]
    over = max([holidays.stamp.at, *ends]) + timedelta(days=state.settings.keep_days)
    if over <= clock:
        drop_holidays(state, name)
        return
    state.documents.put(HOLIDAYS, name, holidays)
    state.documents.set_timer(OVER, name, over)


def _all(state: NudgeCommunity) -> set[tuple[tuple[str, ...], Days]]:
    return {(one.regions, days) for one in state.documents.table(HOLIDAYS).values() for days in one.days}


def _read(name: str, value: object, stamp: Stamp) -> Holidays:
    text = value if isinstance(value, str) else "-"
    before, colon, after = text.partition(":")
    regions = tuple(sorted({*_parts(before)})) if colon else ()
    parts = _parts(after if colon else text)
    says = (
        f'must be days as "2026-12-24..2027-01-01, 2027-05-01", at most {MOST_DAYS}; before them whose they are, as '
        f'"DE, US-CA, Europe/Vienna, Asia/: ", at most {MOST_REGIONS}; an empty text ends the list'
    )
    wrong = Invalid([Problem(f"/data/settings/{PREFIX}{name}", says)])
    try:
        days = tuple(sorted({_days(part) for part in parts}))
    except ValueError:
        raise wrong from None
    if len(days) > MOST_DAYS or len(regions) > MOST_REGIONS or (colon and not (regions and days)):
        raise wrong
    if not all(is_region(region) for region in regions):
        raise wrong
    return Holidays(days, stamp, regions)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _days(text: str) -> Days:
    first, dots, last = (part.strip() for part in text.partition(".."))
    days = date.fromisoformat(first), date.fromisoformat(last if dots else first)
    if days[1] < days[0] or not all(FIRST_YEAR <= day.year <= LAST_YEAR for day in days):
        raise ValueError
    return days
