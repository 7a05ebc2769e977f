from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.nudge.hours import ANY_HOUR, Days, begins, find_zone, is_off, is_open, next_open
from shared.events import WorkingHours

# Half-hour shifts, both hemispheres, a zone east and one west of everything, one that skipped a day.
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Asia/Kolkata",
]
# Around changes of the clocks of these zones, and anywhere.
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(2018, 11, 4, 3, tzinfo=UTC),
]
MINUTE = timedelta(minutes=1)


def open_by_the_wall(at: datetime, zone: str, hours: WorkingHours) -> bool:
    """Look at a wall clock and a calendar there."""
    local = at.astimezone(ZoneInfo(zone))
    today, yesterday = local.weekday(), (local.date() - timedelta(days=1)).weekday()
    now = local.time()
    if hours.start < hours.end:
        return today in hours.weekdays and hours.start <= now < hours.end
    from_today = today in hours.weekdays and now >= hours.start
    return from_today or (yesterday in hours.weekdays and now < hours.end)


minutes_of_day = st.integers(0, 1439).map(lambda m: time(m // 60, m % 60))
some_hours = st.builds(
    WorkingHours,
    start=minutes_of_day,
    end=minutes_of_day,
    weekdays=st.sets(st.integers(0, 6)).map(lambda days: tuple(sorted(days))),
)
near_changes = st.builds(lambda at, minutes: at + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-3000, 1500))
anywhen = st.integers(0, 60 * 24 * 365 * 30).map(lambda minutes: datetime(2005, 1, 1, tzinfo=UTC) + minutes * MINUTE)


@settings(max_examples=150, deadline=None)
@given(at=near_changes | anywhen, name=st.sampled_from(ZONES), hours=some_hours)
def test_the_next_opening_is_what_a_wall_clock_shows(at: datetime, name: str, hours: WorkingHours) -> None:
    """Nobody is asked outside their hours, whatever their clocks do that night."""
    zone = find_zone(name)
    assert zone is not None
    assert is_open(at, zone, hours) == open_by_the_wall(at, name, hours)
    found = next_open(at, zone, hours)
    if not hours.weekdays:
        assert found is None
        return
    assert found is not None
    assert found >= at
    assert open_by_the_wall(found, name, hours)
    assert not any(open_by_the_wall(at + n * MINUTE, name, hours) for n in range((found - at) // MINUTE))


@settings(deadline=None)
@given(at=near_changes, name=st.sampled_from(ZONES), hours=some_hours, seconds=st.floats(0, 59.9))
def test_an_opening_is_open_also_between_minutes(at: datetime, name: str, hours: WorkingHours, seconds: float) -> None:
    """The answer to "when?" is a time at which the answer to "now?" is yes."""
    zone = find_zone(name)
    assert zone is not None
    found = next_open(at + timedelta(seconds=seconds), zone, hours)
    assert (found is None) == (not hours.weekdays)
    assert found is None or is_open(found, zone, hours)


@pytest.mark.parametrize("name", [None, "Mars/Olympus", "../../etc/passwd", "", "localtime"])
def test_an_unknown_zone_is_none(name: str | None) -> None:
    """A zone that nobody knows, or that is a path, is no zone: it opens no file."""
    assert find_zone(name) is None


def test_hours_that_a_clock_change_skips_open_after_it() -> None:
    """Who works from 02:30 is asked from 03:00 in the night that has no 02:30."""
    berlin = find_zone("Europe/Berlin")
    assert berlin is not None
    hours = WorkingHours(start=time(2, 30), end=time(4), weekdays=(6,))
    found = next_open(datetime(2026, 3, 28, 12, tzinfo=UTC), berlin, hours)
    assert found == datetime(2026, 3, 29, 1, tzinfo=UTC)


def off_by_the_calendar(at: datetime, zone: str, off: Sequence[Days]) -> bool:
    """Look at a calendar there."""
    return any(first <= at.astimezone(ZoneInfo(zone)).date() <= last for first, last in off)


@st.composite
def days_near(draw: st.DrawFn) -> tuple[datetime, list[Days]]:
    """Give a moment near a change of the clocks, and days off that begin and end around it."""
    at = draw(near_changes)
    ahead = st.tuples(st.integers(-2, 3), st.integers(0, 2))
    pairs = draw(st.lists(ahead, max_size=3))
    days = [(at.date() + timedelta(days=after), more) for after, more in pairs]
    return at, [(day, day + timedelta(days=more)) for day, more in days]


@settings(max_examples=150, deadline=None)
@given(when=days_near(), name=st.sampled_from(ZONES), hours=some_hours | st.just(ANY_HOUR))
def test_nobody_is_asked_on_a_day_off(when: tuple[datetime, list[Days]], name: str, hours: WorkingHours) -> None:
    """The next moment for an ask is the first that a wall clock and a calendar there allow, whatever clocks do."""
    at, off = when
    zone = find_zone(name)
    assert zone is not None
    assert is_off(at, zone, off) == off_by_the_calendar(at, name, off)
    found = next_open(at, zone, hours, off)
    if not hours.weekdays:
        assert found is None
        return
    assert found is not None

    def is_right(moment: datetime) -> bool:
        return open_by_the_wall(moment, name, hours) and not off_by_the_calendar(moment, name, off)

    assert is_right(found)
    assert not any(is_right(at + n * MINUTE) for n in range((found - at) // MINUTE))


@settings(max_examples=150, deadline=None)
@given(at=near_changes | anywhen, name=st.sampled_from(ZONES))
def test_a_day_begins_when_the_calendar_there_turns(at: datetime, name: str) -> None:
    """An absence begins with the first moment of its first day, also where clocks change at midnight."""
    zone = find_zone(name)
    assert zone is not None
    day = at.astimezone(ZoneInfo(name)).date()
    found = begins(day, zone)
    assert found <= at
    assert found.astimezone(ZoneInfo(name)).date() >= day
    assert (found - timedelta(seconds=1)).astimezone(ZoneInfo(name)).date() < day


def test_a_long_absence_is_leapt_over() -> None:
    """A year away, or every Monday off for years for who works on Mondays, ends all the same."""
    berlin = find_zone("Europe/Berlin")
    assert berlin is not None
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)
    year = [(date(2026, 3, 1), date(2027, 3, 31))]
    assert next_open(start, berlin, ANY_HOUR, year) == datetime(2027, 3, 31, 22, tzinfo=UTC)
    mondays = [(monday := date(2026, 3, 2) + timedelta(days=7 * n), monday) for n in range(200)]
    hours = WorkingHours(start=time(9), end=time(17), weekdays=(0,))
    found = next_open(start, berlin, hours, mondays)
    assert found is not None
    assert found.astimezone(ZoneInfo("Europe/Berlin")).date() == date(2026, 3, 2) + timedelta(days=1400)
