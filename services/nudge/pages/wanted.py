"""Read from the form how somebody wants to be asked: for what, how often, how far apart."""

from dataclasses import dataclass
from datetime import time, timedelta
from math import ceil
from typing import Any, Final

from services.nudge.digest import digest_of
from services.nudge.documents import Member
from services.nudge.kinds import KINDS
from services.nudge.pace import gap_of
from services.nudge.settings import NudgeSettings
from services.nudge.words import Words
from shared.events import Digest, Kind
from shared.limits import LONGEST_GAP_HOURS

ASKED_KINDS: Final = tuple(KINDS)
# An empty field of a form is as good as none.
ONE_BY_ONE: Final = "none"
_WEEK: Final = tuple(range(7))


@dataclass(frozen=True, slots=True)
class WantedAsks:
    """What the form says, as it came."""

    kinds: list[str]
    weekly_asks: str
    gap_hours: str
    digest_days: str | None
    digest_time: str


@dataclass(frozen=True, slots=True)
class WantedWords:
    """What the form says of what somebody likes and where they are, as it came."""

    interests: str
    language: str
    region: str


def wanted(asks: WantedAsks, known: Member, settings: NudgeSettings) -> dict[str, Any] | None:
    """Give it as fields of PreferencesChanged; None where it is unclear."""
    often = _number(asks.weekly_asks, settings.weekly_asks_cap)
    # Who leaves the hours as they are has not chosen, and follows the community's.
    usual = ceil(gap_of(known, settings) / timedelta(hours=1))
    apart = _number(asks.gap_hours, LONGEST_GAP_HOURS) if asks.gap_hours else usual
    digest = _digest(asks, known, settings)
    if often is None or apart is None or digest is None:
        return None
    # Kinds that the page does not show stay as they are.
    refused: set[Kind] = {kind for kind in known.without if kind not in ASKED_KINDS}
    refused |= {kind for kind in ASKED_KINDS if kind.value not in asks.kinds}
    given: dict[str, Any] = {"without": tuple(sorted(refused)), "weekly_asks": often}
    if apart != usual:
        given["gap_hours"] = apart
    if digest != (digest_of(known, settings) or digest.model_copy(update={"weekdays": ()})):
        given["digest"] = digest
    return given


def digest_choices(known: Member, settings: NudgeSettings, words: Words) -> list[tuple[str, str, bool]]:
    """Give the days on which a digest could come, each as the form sends it, in words, and whether it is chosen."""
    digest = digest_of(known, settings)
    chosen = digest.weekdays if digest else ()
    choices = [(), *((day,) for day in _WEEK), _WEEK[:5], _WEEK]
    return [
        (",".join(map(str, days)) or ONE_BY_ONE, ", ".join(map(words.weekday, days)), days == chosen)
        for days in (*choices, *([] if chosen in choices else [chosen]))
    ]


def _digest(asks: WantedAsks, known: Member, settings: NudgeSettings) -> Digest | None:
    """Read when all is to come at once; None where it is unclear."""
    now = digest_of(known, settings)
    if asks.digest_days is None:
        return now or Digest(at=settings.digest_time, weekdays=())
    try:
        chosen = "" if asks.digest_days == ONE_BY_ONE else asks.digest_days
        days = tuple(sorted({int(day) for day in chosen.split(",") if day}))
        return Digest(at=time.fromisoformat(asks.digest_time), weekdays=days)
    except ValueError:
        return None


def _number(text: str, most: int) -> int | None:
    readable = text.isascii() and text.isdigit() and len(text) < 4
    return int(text) if readable and int(text) <= most else None
