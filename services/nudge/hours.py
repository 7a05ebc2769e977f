"""Working hours in a time zone: open now, or when next.

Everything goes from an instant to local time, never back: local times that a clock change skips or repeats
then need no rule of their own. Zones come from the tzdata package alone, so that every machine has the same.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from shared.events import WorkingHours
from shared.limits import zone_names

_DAY = timedelta(days=1)
# A week, a day that a zone skips (Samoa, 2011-12-30) and so a week more.
_FURTHEST_DAYS = 16


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


def next_open(at: datetime, zone: tzinfo, hours: WorkingHours) -> datetime | None:
    """Give the first instant from `at` on that lies within the hours, in UTC; None where there is none."""
    if not hours.weekdays:
        return None
    instant = at.astimezone(UTC)
    furthest = instant + _FURTHEST_DAYS * _DAY
    while instant < furthest:
        until = _same_offset_until(instant, zone)
        local = _local(instant, zone)
        opens = _next_local(local, hours)
        if opens is not None and opens - local < until - instant:
            return instant + (opens - local)
        instant = until
    return None


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
