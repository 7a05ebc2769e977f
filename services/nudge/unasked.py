"""What is open and nobody could be asked about when it was last decided: kept for operators, who can do something."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.nudge.documents import THE_COMMUNITY
from services.nudge.state import NudgeCommunity
from shared.state import Table

# Of more, those that came first are kept.
MOST_KEPT: Final = 1000


class Why(StrEnum):
    """Why nobody is asked about something that is open."""

    # Everybody who came into question was barred: the decision log has by what.
    BARRED = "barred"
    NO_MATCH = "no_match"
    ENOUGH = "enough_asked"
    # Somebody may be asked, but it would cost more than it may bring.
    WORTH = "not_worth_it"
    # The week was drawn to be one without asking.
    OFF_WEEK = "off_week"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Since when nobody could be asked about something, and why that was so at last."""

    since: datetime
    why: Why


@dataclass(frozen=True, slots=True)
class Unasked:
    """All that is open about which nobody could be asked, by the key of its opportunity."""

    waiting: dict[str, Waiting] = field(default_factory=dict)


UNASKED: Final = Table("unasked", Unasked)


def note(state: NudgeCommunity, found: Mapping[str, Why | None], clock: datetime) -> None:
    """Note what came of a round, by opportunity: None where somebody was asked, or only needed more elsewhere."""
    was = _waiting(state)
    kept = {key: waiting for key, waiting in was.items() if key not in found}
    kept |= {key: Waiting(was[key].since if key in was else clock, why) for key, why in found.items() if why}
    if len(kept) > MOST_KEPT:
        kept = dict(sorted(kept.items(), key=lambda pair: (pair[1].since, pair[0]))[:MOST_KEPT])
    _keep(state, kept)


def drop(state: NudgeCommunity, key: str) -> None:
    """Note that somebody is asked, or that it is open no more."""
    if key in (was := _waiting(state)):
        _keep(state, {other: waiting for other, waiting in was.items() if other != key})


def _waiting(state: NudgeCommunity) -> dict[str, Waiting]:
    return (state.documents.get(UNASKED, THE_COMMUNITY) or Unasked()).waiting


def _keep(state: NudgeCommunity, waiting: Mapping[str, Waiting]) -> None:
    if waiting:
        # Sorted: what is stored is the same, byte for byte, in whatever order it came.
        state.documents.put(UNASKED, THE_COMMUNITY, Unasked(dict(sorted(waiting.items()))))
    else:
        state.documents.drop(UNASKED, THE_COMMUNITY)
