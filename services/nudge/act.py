"""Mark a nudge as acted on, learn from it, and say so."""

from dataclasses import replace
from datetime import datetime

from services.nudge.documents import Nudge, NudgeState
from services.nudge.learn import learn_reply
from services.nudge.pace import note_taken_up
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import end_timers, head_of
from shared.events import NudgeActed


def act(
    state: NudgeCommunity, nudge: str, was: Nudge, message: str | None, at: datetime, clock: datetime
) -> NudgeActed:
    """End a nudge whose member did at `at` what it asked for; `message` is what did it, if anything was written."""
    acted = replace(was, state=NudgeState.ACTED, message=message, hidden_until=None, closed=clock)
    state.put_nudge(nudge, acted)
    end_timers(state, nudge)
    note_taken_up(state, was.member)
    learn_reply(state, was)
    # A platform's clock may differ from ours.
    seconds = max(0.0, (at - was.issued).total_seconds())
    return NudgeActed(**head_of(state, nudge, was, "acted", clock), message=message, seconds=seconds)
