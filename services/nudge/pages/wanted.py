"""Read from the form how somebody wants to be asked: for what, how often, how far apart."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any, Final

from services.nudge.documents import Member
from services.nudge.kinds import KINDS
from services.nudge.pace import gap_of
from services.nudge.settings import NudgeSettings
from shared.events import Kind
from shared.limits import LONGEST_GAP_HOURS

ASKED_KINDS: Final = tuple(KINDS)


@dataclass(frozen=True, slots=True)
class WantedAsks:
    """What the form says, as it came."""

    kinds: list[str]
    weekly_asks: str
    gap_hours: str


def wanted(asks: WantedAsks, known: Member, settings: NudgeSettings) -> dict[str, Any] | None:
    """Give it as fields of PreferencesChanged; None where it is unclear."""
    often = _number(asks.weekly_asks, settings.weekly_asks_cap)
    # Who leaves the hours as they are has not chosen, and follows the community's.
    usual = ceil(gap_of(known, settings) / timedelta(hours=1))
    apart = _number(asks.gap_hours, LONGEST_GAP_HOURS) if asks.gap_hours else usual
    if often is None or apart is None:
        return None
    # Kinds that the page does not show stay as they are.
    refused: set[Kind] = {kind for kind in known.without if kind not in ASKED_KINDS}
    refused |= {kind for kind in ASKED_KINDS if kind.value not in asks.kinds}
    given: dict[str, Any] = {"without": tuple(sorted(refused)), "weekly_asks": often}
    return given if apart == usual else given | {"gap_hours": apart}


def _number(text: str, most: int) -> int | None:
    readable = text.isascii() and text.isdigit() and len(text) < 4
    return int(text) if readable and int(text) <= most else None
