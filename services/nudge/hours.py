"""Working hours in a time zone: open now, or when next.

Everything goes from an instant to local time, never back: local times that a clock change skips or repeats
then need no rule of their own. Days off are by the calendar there.
Zones come from the tzdata package alone, so that every machine has the same.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from services.nudge.documents import Member
from services.nudge.settings import NudgeSettings
from shared.events import WorkingHours
from shared.limits import zone_names

_DAY = timedelta(days=1)
# No two local times of the same moment are further apart (Samoa skipped a whole day, 2011-12-30).
_SHIFT = timedelta(days=2)
# A week and what clock changes add to it; and so again after each leap over days off.
_MOST_STEPS = 100

# The first and the last of days that belong together.
Days = tuple[date, date]
ANY_HOUR = WorkingHours(start=time(0), end=time(0), weekdays=(0, 1, 2, 3, 4, 5, 6))


@cache
def find_zone(name: str | None) -> tzinfo | None:
    """Find a time zone by its IANA name; None where it is unknown."""
    if name is None or name not in zone_names():
        return None
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, name)


def is_open(at: datetime, zone: tzinfo, hours: WorkingHours) -> bool:
    """Say whether an instant lies within the hours; an end not after the start is on the next day."""
    local = _local(at, zone)
    return _next_local(local, hours) == local


def is_off(at: datetime, zone: tzinfo, off: Sequence[Days]) -> bool:
    """Say whether an instant lies on one of some days, by the calendar there."""
    return bool(off) and _off_until(_local(at, zone).date(), off) is not None


def next_open(at: datetime, zone: tzinfo, hours: WorkingHours, off: Sequence[Days] = ()) -> datetime | None:
    """Give the first instant from `at` on within the hours and on no day off, in UTC; None where there is none."""
    instant = at.astimezone(UTC)
    for _ in range(_MOST_STEPS):
        until = _same_offset_until(instant, zone)
        local = _local(instant, zone)
        opens = _next_present(local, hours, off)
        if opens is None:
            return None
        if opens - local < until - instant:
            return instant + (opens - local)
        # Days on end are leapt over, to shortly before they end; not across a change of the clocks, which may show
        # a time again that was open.
        far = opens - local - _SHIFT
        instant = instant + far if until - instant == _DAY and far > _DAY else until
    return None


def day_after(day: date, off: Sequence[Days]) -> date:
    """Give the first day from a day on that is none of the days off."""
    while (last := _off_until(day, off)) is not None:
        day = last + _DAY
    return day


def hours_of(member: Member, settings: NudgeSettings) -> WorkingHours:
    """Give the hours within which a member may be asked; of unknown zone, any."""
    known = (find_zone(member.own_zone) or find_zone(member.zone)) is not None
    return (member.hours or settings.default_hours()) if known else ANY_HOUR


def begins(day: date, zone: tzinfo, at: time = time()) -> datetime:
    """Give the first instant of a day, or from a time of it on, in UTC; of what follows where the zone skips that."""
    local = datetime.combine(day, at.replace(tzinfo=None))
    instant = local.replace(tzinfo=UTC) - _SHIFT
    while True:
        until = _same_offset_until(instant, zone)
        missing = max(local - _local(instant, zone), timedelta())
        if missing < until - instant:
            return instant + missing
        instant = until


def _local(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _next_local(local: datetime, hours: WorkingHours) -> datetime | None:
    """Give the first local time from `local` on within the hours, as if clocks never changed."""
    start, end = hours.start.replace(tzinfo=None), hours.end.replace(tzinfo=None)
    for days in range(-1, 8):
        day = local.date() + days * _DAY
        if day.weekday() in hours.weekdays:
            closes = datetime.combine(day if start < end else day + _DAY, end)
            if local < closes:
                return max(local, datetime.combine(day, start))
    return None


def _next_present(local: datetime, hours: WorkingHours, off: Sequence[Days]) -> datetime | None:
    """Give the first local time from `local` on within the hours and on no day off, as if clocks never changed."""
    while (opens := _next_local(local, hours)) is not None:
        last = _off_until(opens.date(), off)
        if last is None:
            return opens
        local = datetime.combine(last + _DAY, time())
    return None


def _off_until(day: date, off: Sequence[Days]) -> date | None:
    """Give the last of the days off that a day is one of; None where it is none."""
    return max((last for first, last in off if first <= day <= last), default=None)


def _same_offset_until(instant: datetime, zone: tzinfo) -> datetime:
    """Give an instant, at most a day later, up to which the zone's offset stays as it is."""
    offset = instant.astimezone(zone).utcoffset()
    later = instant + _DAY
    if later.astimezone(zone).utcoffset() == offset:
        return later
    # Clocks change on whole seconds.
    low, high = 0, int(_DAY.total_seconds()) + 1
    base = instant.replace(microsecond=0)
    while high - low > 1:
        middle = (low + high) // 2
        if (base + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return base + timedelta(seconds=high)
