"""Tries at training a community's models: how they end, and when the next one is due."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Ending(StrEnum):
    """How a try ended; one that is still under way although nobody is at work on it was cut off."""

    UNDER_WAY = "under way"
    PROMOTED = "promoted"
    KEPT = "only kept"
    TOO_YOUNG = "too young"
    FAILED = "failed"
    STOPPED = "stopped"


WITHOUT_RESULT = frozenset({Ending.UNDER_WAY, Ending.FAILED, Ending.STOPPED})


@dataclass(frozen=True, slots=True)
class Try:
    """A try that began `at`; `said` is a sentence about its end, in which nobody and no text is named."""

    at: datetime
    ending: Ending
    said: str = ""


def due_at(last: Try | None, every: timedelta) -> datetime:
    """Say when the next try is due: a community's first one at once, and after one without a result sooner.

    Not at once, lest what fails after an hour's work takes up every hour.
    """
    if last is None:
        return datetime.min.replace(tzinfo=UTC)
    return last.at + (every / 4 if last.ending in WITHOUT_RESULT else every)
