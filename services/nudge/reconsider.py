"""Reconsider open opportunities when the facts that they rest on have changed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.nudge.absence import is_away
from services.nudge.applicants import applicant
from services.nudge.budget import role_of
from services.nudge.choose import PASSING, bars
from services.nudge.decide import decide
from services.nudge.documents import CHANNELS, Candidate, Closing, Nudge, NudgeState, Opportunity, ProposalState
from services.nudge.kinds import KINDS
from services.nudge.proposals import finish, proposal_of
from services.nudge.round import next_round
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import close, withdraw
from shared.events import Event, Role, Withdrawal


def reconsider(state: NudgeCommunity, posts: Iterable[str], clock: datetime) -> list[Event]:
    """Close, withdraw and ask again, wherever what is known now demands it."""
    return [event for post in posts for event in _reconsider(state, post, clock)]


def _reconsider(state: NudgeCommunity, post: str, clock: datetime) -> list[Event]:
    opportunity = state.opportunity(post)
    if opportunity is None or opportunity.closed is not None:
        return []
    if (closing := why_close(state, opportunity)) is not None:
        return close(state, post, closing, clock)
    events = [
        withdraw(state, nudge, reason, clock)
        for nudge, document in state.live_nudges(opportunity)
        if (reason := why_withdraw(state, opportunity.concerned, document, clock)) is not None
    ]
    _let_go(state, post, opportunity, clock)
    return events + decide(state, post, clock)


def _let_go(state: NudgeCommunity, post: str, opportunity: Opportunity, clock: datetime) -> None:
    """End a proposal to ask somebody who may not be asked any more."""
    proposal = proposal_of(state, opportunity.proposed) if opportunity.proposed is not None else None
    if proposal is None or opportunity.proposed is None:
        return
    candidate = Candidate(proposal.member, proposal.score, proposal.rank)
    named = opportunity.named if proposal.named else None
    barred = bars(
        applicant(state, post, opportunity, candidate, clock, named=named), proposal.kind, clock, state.settings
    )
    if not PASSING.issuperset(barred):
        finish(state, opportunity.proposed, ProposalState.LAPSED)


def reopen(state: NudgeCommunity, post: str, clock: datetime) -> list[Event]:
    """Open an answered post's opportunity again, because nothing answers it any more, if that is in time."""
    opportunity, known = state.opportunity(post), state.post(post)
    if opportunity is None or opportunity.closing is not Closing.ANSWERED or opportunity.ends <= clock:
        return []
    if known is None or known.resolved or known.removed or known.is_sensitive:
        return []
    state.put_opportunity(post, replace(opportunity, closed=None, closing=None))
    state.documents.cancel_timer("forget", post)
    if clock < opportunity.ready:
        state.documents.set_timer("decide", post, next_round(state, opportunity.ready))
    return reconsider(state, [post], clock)


def why_close(state: NudgeCommunity, opportunity: Opportunity) -> Closing | None:
    """Say why nobody should be asked about a post any more, if so."""
    if state.is_closed():
        return Closing.UNREADABLE
    people = (state.member(person) for person in opportunity.concerned)
    if any(person is not None and (person.left or person.bot) for person in people):
        return Closing.LEFT
    if opportunity.subject is not None:
        return why_close_other(state, opportunity)
    reads = state.author_reads(opportunity.author, opportunity.channel, opportunity.channel)
    return None if reads else Closing.UNREADABLE


def why_close_other(state: NudgeCommunity, opportunity: Opportunity) -> Closing | None:
    """Say the same of what is no post: its channel may be closed, or its kind does not want it any more."""
    channel = state.documents.get(CHANNELS, opportunity.channel)
    if channel is not None and channel.closed:
        return Closing.UNREADABLE
    return None if KINDS[opportunity.kind].wanted(state, opportunity) else Closing.OVER


def why_withdraw(state: NudgeCommunity, people: Iterable[str], nudge: Nudge, clock: datetime) -> Withdrawal | None:
    """Say why somebody should not be asked any more about what `people` wrote, or about them, if so."""
    member = state.member(nudge.member)
    if member is None or member.left or member.bot:
        return Withdrawal.LEFT
    if nudge.channel and not state.reads(nudge.member, nudge.channel):
        return Withdrawal.UNREADABLE
    # Who has claimed a post before pausing means to see it through.
    paused = member.paused_until is not None and clock < member.paused_until and nudge.state is NudgeState.OPEN
    if member.consent is False or nudge.kind in member.without or paused or state.declines(nudge.member, nudge.post):
        return Withdrawal.OPTED_OUT
    # Who has no part in the community any more; what a person handed over to them stays theirs.
    if nudge.role is not Role.MEMBER and role_of(member) is Role.MEMBER and nudge.score is not None:
        return Withdrawal.STEPPED_DOWN
    # Also what they claimed: else nobody would be asked until it is over.
    if is_away(member, clock):
        return Withdrawal.AWAY
    return Withdrawal.TAKEN_BACK if any(state.apart(nudge.member, other) for other in people) else None
