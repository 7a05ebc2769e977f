"""Measure whether people who were brought together exchanged anything, and whether it lasted."""

from datetime import datetime, timedelta
from typing import Final

from services.nudge import measure
from services.nudge.documents import OPPORTUNITIES, TIES, Tie
from services.nudge.measure import Outcome
from services.nudge.state import NudgeCommunity
from shared.events import Event, Kind

BRINGING_TOGETHER: Final = frozenset({Kind.CONNECT, Kind.INTRODUCE})
# It lasted if they exchanged so much within so long.
LASTS_WITHIN: Final = timedelta(days=28)
_LASTING: Final = 3


def begin(state: NudgeCommunity, key: str, message: str, at: datetime, clock: datetime) -> None:
    """Follow two people from their first exchange on."""
    state.documents.put(TIES, key, Tie(at, (message,)))
    state.documents.set_timer("tie", key, max(clock, at + LASTS_WITHIN))


def exchanged(state: NudgeCommunity, key: str, message: str, at: datetime) -> None:
    """Count one more exchange of two people who are followed."""
    tie = state.documents.get(TIES, key)
    if tie is None or message in tie.messages or not tie.since <= at <= tie.since + LASTS_WITHIN:
        return
    if len(tie.messages) < _LASTING:
        state.documents.put(TIES, key, Tie(tie.since, (*tie.messages, message)))


def asked(state: NudgeCommunity, kind: Kind, issued: datetime, *, met: bool) -> None:
    """Count whether an ask that has come to its end brought two people together."""
    if kind in BRINGING_TOGETHER:
        measure.count_apart(state, issued, Outcome.MET, float(met))


def end_tie(state: NudgeCommunity, key: str) -> list[Event]:
    """Count whether it lasted, and follow it no more."""
    tie = state.documents.get(TIES, key)
    if tie is not None:
        state.documents.drop(TIES, key)
        measure.count_apart(state, tie.since, Outcome.LASTED, float(len(tie.messages) >= _LASTING))
    return []


def forget(state: NudgeCommunity, member: str) -> None:
    """Follow no more whoever was brought together with a forgotten member."""
    for key in sorted(state.documents.keys(TIES)):
        opportunity = state.documents.get(OPPORTUNITIES, key)
        asked_of = () if opportunity is None else tuple(nudge.member for _, nudge in state.nudges_of(opportunity))
        if opportunity is None or member in (*opportunity.concerned, *asked_of):
            state.documents.drop(TIES, key)
            state.documents.cancel_timer("tie", key)
