"""What a person says to a proposal, and what becomes of one that nobody speaks to. All bars are looked at again."""

from dataclasses import replace
from datetime import datetime

from services.nudge.applicants import applicant
from services.nudge.choose import allowed_at, bars
from services.nudge.decide import decide
from services.nudge.documents import PROPOSALS, REVIEWED, Candidate, Proposal, ProposalState, Reviewed
from services.nudge.issue import issue
from services.nudge.proposals import drop, finish, proposal_of, standing
from services.nudge.state import NudgeCommunity
from services.nudge.switchback import waits_until
from shared.events import Event, NudgeReviewed


def review(state: NudgeCommunity, event: NudgeReviewed, clock: datetime) -> list[Event]:
    """Ask whom somebody approved of asking, or the next where they refused; what is over already stays so."""
    known = proposal_of(state, event.nudge)
    if known is None or known.member != event.member or known.dry or known.state is not ProposalState.WAITING:
        return []
    if event.nudge not in standing(state):
        return []
    _count(state, known, approved=event.approved)
    if not event.approved:
        finish(state, event.nudge, ProposalState.REFUSED, event.reason)
        return decide(state, known.post, clock)
    state.documents.put(PROPOSALS, event.nudge, replace(known, state=ProposalState.APPROVED))
    return recheck(state, event.nudge, clock)


def recheck(state: NudgeCommunity, nudge: str, clock: datetime) -> list[Event]:
    """Ask whom somebody approved of asking, if they still may be asked, or when they may be."""
    known = proposal_of(state, nudge)
    opportunity = state.opportunity(known.post) if known else None
    if known is None or opportunity is None or opportunity.proposed != nudge:
        return []
    found = Candidate(known.member, known.score, known.rank, known.evidence)
    named = opportunity.named if known.named else None
    if known.named and named is None:
        return lapse(state, nudge, clock)
    person = applicant(state, known.post, opportunity, found, clock, named=named)
    person = replace(person, approved=True)
    barred = bars(person, opportunity.kind, clock, state.settings)
    # Approving lets a nudge go; that does not make it one that a person asks for, as handing over does.
    over = None if known.named else waits_until(state, opportunity, clock)
    if not barred and over is None:
        finish(state, nudge, ProposalState.APPROVED)
        free = replace(opportunity, proposed=None)
        return [issue(state, known.post, free, person, clock, known.alternatives)]
    again = allowed_at(person, barred, over or clock, state.settings)
    if again is None or again >= opportunity.ends:
        return lapse(state, nudge, clock)
    state.documents.cancel_timer("lapse", nudge)
    state.documents.set_timer("recheck", nudge, again)
    return []


def lapse(state: NudgeCommunity, nudge: str, clock: datetime) -> list[Event]:
    """End a proposal that nobody spoke to in time, or that may not be made any more; and go on to the next."""
    known = finish(state, nudge, ProposalState.LAPSED)
    return [] if known is None else decide(state, known.post, clock)


def begin_anew(state: NudgeCommunity) -> None:
    """Drop what stands, as how far nudges go has changed: it is decided again."""
    for nudge in standing(state):
        drop(state, nudge)
    for nudge, known in sorted(state.documents.table(PROPOSALS).items()):
        if known.dry:
            drop(state, nudge)


def _count(state: NudgeCommunity, proposal: Proposal, *, approved: bool) -> None:
    was = state.documents.get(REVIEWED, proposal.kind) or Reviewed()
    now = replace(was, approved=was.approved + 1) if approved else replace(was, refused=was.refused + 1)
    state.documents.put(REVIEWED, proposal.kind, now)
