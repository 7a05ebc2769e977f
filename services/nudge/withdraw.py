"""Withdraw nudges and close opportunities."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.nudge import ties, unasked
from services.nudge.documents import Closing, Nudge, NudgeState, ProposalState
from services.nudge.learn import learn_end
from services.nudge.naming import SOURCE
from services.nudge.pace import note_end
from services.nudge.proposals import finish
from services.nudge.state import NudgeCommunity
from shared.events import Event, NudgeExpired, NudgeWithdrawn, Withdrawal

# That the author left is no reason of its own: else `taken_back` would mean that somebody does not want to be matched.
_WITHDRAWAL: Final = {
    Closing.ANSWERED: Withdrawal.ANSWERED,
    Closing.RESOLVED: Withdrawal.RESOLVED,
    Closing.REMOVED: Withdrawal.REMOVED,
    Closing.UNREADABLE: Withdrawal.UNREADABLE,
    Closing.LEFT: Withdrawal.TAKEN_BACK,
    Closing.OVER: Withdrawal.TAKEN_BACK,
    # Nobody learns from a nudge what a post was taken for.
    Closing.SENSITIVE: Withdrawal.TAKEN_BACK,
}


def withdraw(state: NudgeCommunity, nudge: str, reason: Withdrawal, clock: datetime) -> Event:
    """Take a live nudge back."""
    was = _end(state, nudge, NudgeState.WITHDRAWN, clock, reason)
    return NudgeWithdrawn(**head_of(state, nudge, was, "withdrawn", clock), reason=reason)


def expire(state: NudgeCommunity, nudge: str, clock: datetime) -> Event:
    """End a live nudge whose time is over."""
    was = _end(state, nudge, NudgeState.EXPIRED, clock)
    return NudgeExpired(**head_of(state, nudge, was, "expired", clock))


def head_of(state: NudgeCommunity, nudge: str, was: Nudge, what: str, clock: datetime) -> dict[str, Any]:
    """Give what every event says of a nudge that has come to an end."""
    return {
        "id": f"nudge/{nudge}/{what}",
        "source": SOURCE,
        "at": clock.astimezone(UTC),
        "community": state.community,
        "member": was.member,
        "nudge": nudge,
        "kind": was.kind,
        "post": was.post,
    }


def end_timers(state: NudgeCommunity, nudge: str) -> None:
    state.documents.cancel_timer("expire", nudge)
    state.documents.cancel_timer("show", nudge)


def _end(
    state: NudgeCommunity, nudge: str, how: NudgeState, clock: datetime, reason: Withdrawal | None = None
) -> Nudge:
    was = state.nudge(nudge)
    assert was is not None
    state.put_nudge(nudge, replace(was, state=how, withdrawn=reason, hidden_until=None, closed=clock))
    end_timers(state, nudge)
    learn_end(state, was, reason)
    note_end(state, was, reason, clock)
    # Taken back for whatever reason, it was not seen through: only what was asked to the end counts.
    if how is NudgeState.EXPIRED:
        ties.asked(state, was.kind, was.issued, met=False)
    return was


def end(state: NudgeCommunity, post: str, clock: datetime) -> list[Event]:
    """End an opportunity whose time is over; of an answered one, drop what was kept should the answer be removed."""
    opportunity, known = state.opportunity(post), state.post(post)
    if opportunity is None or opportunity.closed is None:
        return close(state, post, Closing.ENDED, clock)
    state.put_opportunity(post, replace(opportunity, candidates=(), named=None))
    if known is not None:
        state.put_post(post, replace(known, answers=()))
    return []


def close(state: NudgeCommunity, post: str, closing: Closing, clock: datetime) -> list[Event]:
    """Close a post's open opportunity, if there is one, and withdraw or expire its live nudges."""
    opportunity = state.opportunity(post)
    if opportunity is None or opportunity.closed is not None:
        return []
    reason = _WITHDRAWAL.get(closing)
    events = [
        expire(state, nudge, clock) if reason is None else withdraw(state, nudge, reason, clock)
        for nudge, _ in state.live_nudges(opportunity)
    ]
    if opportunity.proposed is not None:
        finish(state, opportunity.proposed, ProposalState.LAPSED)
    closed = replace(opportunity, closed=clock, closing=closing, proposed=None)
    if closing is not Closing.ANSWERED:
        closed = replace(closed, candidates=(), named=None)
        state.documents.cancel_timer("close", post)
    state.put_opportunity(post, closed)
    unasked.drop(state, post)
    state.documents.cancel_timer("decide", post)
    state.documents.set_timer("forget", post, clock + timedelta(days=state.settings.keep_days))
    return events
