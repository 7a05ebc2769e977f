"""What was proposed and waits for a person's word: kept, ended and dropped."""

from dataclasses import replace

from services.nudge.documents import PROPOSALS, PROPOSED, THE_COMMUNITY, Opportunity, Proposal, Proposals, ProposalState
from services.nudge.state import NudgeCommunity

_OVER = frozenset({ProposalState.REFUSED, ProposalState.LAPSED})


def proposal_of(state: NudgeCommunity, nudge: str) -> Proposal | None:
    return state.documents.get(PROPOSALS, nudge)


def is_over(state: NudgeCommunity, post: str, member: str) -> bool:
    """Say whether it was proposed to ask somebody about a post, and nothing came of it."""
    known = proposal_of(state, state.nudge_id(post, member))
    return known is not None and known.state in _OVER


def standing(state: NudgeCommunity) -> tuple[str, ...]:
    """Give what stands, oldest first."""
    return (state.documents.get(PROPOSED, THE_COMMUNITY) or Proposals()).nudges


def stand(state: NudgeCommunity, nudge: str, proposal: Proposal, opportunity: Opportunity) -> None:
    state.documents.put(PROPOSALS, nudge, proposal)
    state.documents.put(PROPOSED, THE_COMMUNITY, Proposals((*standing(state), nudge)))
    state.put_opportunity(proposal.post, replace(opportunity, proposed=nudge))
    state.documents.set_timer("lapse", nudge, proposal.lapses)
    state.documents.cancel_timer("decide", proposal.post)


def finish(state: NudgeCommunity, nudge: str, how: ProposalState, reason: str = "") -> Proposal | None:
    """End what stands; None where it does not. The post is free for others."""
    known = proposal_of(state, nudge)
    if known is None or nudge not in standing(state):
        return None
    state.documents.put(PROPOSALS, nudge, replace(known, state=how, reason=reason))
    _take_out(state, nudge)
    return known


def drop(state: NudgeCommunity, nudge: str) -> None:
    """Keep nothing of a proposal."""
    _take_out(state, nudge)
    state.documents.drop(PROPOSALS, nudge)


def _take_out(state: NudgeCommunity, nudge: str) -> None:
    left = tuple(other for other in standing(state) if other != nudge)
    if left:
        state.documents.put(PROPOSED, THE_COMMUNITY, Proposals(left))
    else:
        state.documents.drop(PROPOSED, THE_COMMUNITY)
    state.documents.cancel_timer("lapse", nudge)
    state.documents.cancel_timer("recheck", nudge)
    known = proposal_of(state, nudge)
    opportunity = state.opportunity(known.post) if known else None
    if known is not None and opportunity is not None and opportunity.proposed == nudge:
        state.put_opportunity(known.post, replace(opportunity, proposed=None))


def forget(state: NudgeCommunity, member: str) -> None:
    """Drop what a forgotten member would have been asked, and their part in how others were chosen."""
    for nudge, known in sorted(state.documents.table(PROPOSALS).items()):
        if known.member == member:
            drop(state, nudge)
        elif any(one.member == member for one in known.alternatives):
            state.documents.put(PROPOSALS, nudge, replace(known, alternatives=()))


def forget_post(state: NudgeCommunity, post: str) -> None:
    for nudge, known in sorted(state.documents.table(PROPOSALS).items()):
        if known.post == post:
            drop(state, nudge)
