"""gather: a gathering worth hosting. Where none is planned for the next days, a champion is asked to host one.

It is looked at once a day, and opens once a week at most. Its outcome is a gathering with the asked person as host.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.nudge.documents import GATHERINGS, Closing, Subject
from services.nudge.kinds.anatomy import Acting, Anatomy, Ending, Opening
from services.nudge.kinds.helpers import helpers, key_of
from shared.events import GatheringScheduled, Kind

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

_OPEN: Final = timedelta(days=7)


def _planned(state: "NudgeCommunity", clock: datetime) -> Iterable[Opening]:
    days = state.settings.gather_days
    known = state.documents.table(GATHERINGS).values()
    until = clock + timedelta(days=days)
    if days and not any(one.starts and clock < one.starts <= until and not one.cancelled for one in known):
        key = _key(clock)
        yield Opening(key, Subject(), clock, clock, clock + _OPEN, helpers(state, key, clock))


def _scheduled(state: "NudgeCommunity", event: GatheringScheduled) -> Iterable[Ending]:
    yield from (Ending(key, Closing.OVER) for key in _open(state, event))


def _hosted(state: "NudgeCommunity", event: GatheringScheduled) -> Iterable[Acting]:
    if event.host is not None:
        yield from (Acting(key, event.host) for key in _open(state, event))


def _open(_state: "NudgeCommunity", event: GatheringScheduled) -> list[str]:
    """Name what may be open when a gathering is scheduled: this week's, or last week's."""
    return [_key(event.at), _key(event.at - _OPEN)]


def _key(at: datetime) -> str:
    year, week, _ = at.astimezone(UTC).isocalendar()
    return key_of(Kind.GATHER, f"{year}-W{week:02}")


GATHER: Final = Anatomy(
    kind=Kind.GATHER,
    worth=lambda settings: settings.gather_worth,
    stands=lambda _settings: timedelta(days=2),
    planned=_planned,
    ends={GatheringScheduled: _scheduled},
    acts={GatheringScheduled: _hosted},
)
