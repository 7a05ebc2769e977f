"""How the load is shared: how often each was asked in each week, also who could have been and never was."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.nudge.measure import week_of
from services.nudge.state import NudgeCommunity
from shared.state import Table


@dataclass(frozen=True, slots=True)
class Load:
    """The asks of each in an ISO week, under its name (2026-W10); 0: they came into question, and were not asked."""

    asks: dict[str, int] = field(default_factory=dict)


LOADS: Final = Table("load", Load)


def count_ask(state: NudgeCommunity, member: str, clock: datetime) -> None:
    """Count that somebody is asked."""
    asks = _of_week(state, clock)
    _keep(state, clock, {**asks, member: asks.get(member, 0) + 1})


def count_askable(state: NudgeCommunity, members: Iterable[str], clock: datetime) -> None:
    """Note who came into question, asked or not."""
    asks = _of_week(state, clock)
    if new := {member: 0 for member in members if member not in asks}:
        _keep(state, clock, asks | new)


def forget(state: NudgeCommunity, member: str) -> None:
    """Keep nothing of how often somebody was asked."""
    for name, load in sorted(state.documents.table(LOADS).items()):
        state.documents.put(LOADS, name, Load({who: asks for who, asks in load.asks.items() if who != member}))


def _of_week(state: NudgeCommunity, clock: datetime) -> dict[str, int]:
    return (state.documents.get(LOADS, week_of(clock)) or Load()).asks


def _keep(state: NudgeCommunity, clock: datetime, asks: dict[str, int]) -> None:
    name = week_of(clock)
    if state.documents.get(LOADS, name) is None:
        oldest = week_of(clock - timedelta(days=state.settings.keep_days))
        for old in sorted(week for week in state.documents.keys(LOADS) if week < oldest):
            state.documents.drop(LOADS, old)
    # Sorted: what is stored is the same, byte for byte, whoever came first.
    state.documents.put(LOADS, name, Load(dict(sorted(asks.items()))))
