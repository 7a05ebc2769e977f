"""Ask, or propose to ask: by how far nudges of the kind may go by themselves."""

from datetime import datetime

from services.nudge import unasked
from services.nudge.choose import Applicant
from services.nudge.decision_log import Considered, log_ask, log_proposal
from services.nudge.documents import Opportunity, Proposal
from services.nudge.issue import issue, readable
from services.nudge.kinds import stands
from services.nudge.manners import manners_of, mode_of
from services.nudge.proposals import stand
from services.nudge.state import NudgeCommunity
from shared.events import Alternative, Event, Mode


def ask(
    state: NudgeCommunity,
    post: str,
    opportunity: Opportunity,
    chosen: Applicant,
    people: tuple[Considered, ...],
    clock: datetime,
    alternatives: tuple[Alternative, ...] = (),
) -> list[Event]:
    """Ask somebody who may be asked, where nobody has to approve it first; else propose it."""
    unasked.drop(state, post)
    mode = mode_of(manners_of(state.documents), opportunity.kind)
    # That this person is asked about sensitive posts is what operators have approved already.
    if mode is Mode.AUTOPILOT or (mode is Mode.APPROVE and opportunity.sensitive):
        event = issue(state, post, opportunity, chosen, clock, alternatives)
        log_ask(state, event, opportunity, people)
        return [event]
    candidate = chosen.candidate
    nudge = state.nudge_id(post, candidate.member)
    proposal = Proposal(
        member=candidate.member,
        kind=opportunity.kind,
        post=post,
        channel=opportunity.channel,
        made=clock,
        lapses=min(clock + stands(opportunity.kind, state.settings), opportunity.ends),
        dry=mode is Mode.DRY_RUN,
        score=candidate.score,
        rank=candidate.rank,
        evidence=readable(state, candidate),
        alternatives=alternatives,
        named=chosen.named,
    )
    stand(state, nudge, proposal, opportunity)
    log_proposal(state, nudge, proposal, opportunity, people)
    return []
