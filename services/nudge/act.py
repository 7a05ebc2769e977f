"""Mark a nudge as acted on, and say so."""

from dataclasses import replace
from datetime import UTC, datetime

from services.nudge.documents import Nudge, NudgeState
from services.nudge.naming import SOURCE
from services.nudge.pace import note_taken_up
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import end_timers
from shared.events import NudgeActed


def act(
    state: NudgeCommunity, nudge: str, was: Nudge, message: str | None, at: datetime, clock: datetime
) -> NudgeActed:
    """End a nudge whose member did at `at` what it asked for; `message` is what did it, if anything was written."""
    acted = replace(was, state=NudgeState.ACTED, message=message, hidden_until=None, closed=clock)
    state.put_nudge(nudge, acted)
    end_timers(state, nudge)
    note_taken_up(state, was.member)
    return NudgeActed(
        id=f"nudge/{nudge}/acted",
        source=SOURCE,
        at=clock.astimezone(UTC),
        community=state.community,
        member=was.member,
        nudge=nudge,
        kind=was.kind,
        post=was.post,
        message=message,
        # A platform's clock may differ from ours.
        seconds=max(0.0, (at - was.issued).total_seconds()),
    )
