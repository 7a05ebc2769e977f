"""The wall clock as an argument: for doors, ticks and measurements; rules know event time only."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Give the time of day in UTC."""
    return datetime.now(UTC)
