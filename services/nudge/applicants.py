"""Who could be asked about a post, with all that decides whether they may be."""

from collections.abc import Iterator
from datetime import datetime

from services.nudge.carried import count_carried
from services.nudge.choose import Applicant
from services.nudge.documents import ASKS, NUDGES, Asks, Candidate, Named, Opportunity
from services.nudge.holidays import Calendar
from services.nudge.learn import ratio_of
from services.nudge.manners import has_agreed, introduced_at, manners_of
from services.nudge.proposals import is_over
from services.nudge.state import NudgeCommunity
from services.nudge.worth import is_urgent


def applicants(state: NudgeCommunity, post: str, opportunity: Opportunity, clock: datetime) -> Iterator[Applicant]:
    holidays, urgent = Calendar(state), is_urgent(opportunity, clock, state.settings)
    for candidate in opportunity.candidates:
        yield _applicant(state, post, opportunity, candidate, clock, holidays, None, urgent=urgent)


def applicant(
    state: NudgeCommunity,
    post: str,
    opportunity: Opportunity,
    candidate: Candidate,
    clock: datetime,
    *,
    named: Named | None = None,
) -> Applicant:
    urgent = is_urgent(opportunity, clock, state.settings)
    return _applicant(state, post, opportunity, candidate, clock, Calendar(state), named, urgent=urgent)


def _applicant(
    state: NudgeCommunity,
    post: str,
    opportunity: Opportunity,
    candidate: Candidate,
    clock: datetime,
    holidays: Calendar,
    named: Named | None,
    *,
    urgent: bool,
) -> Applicant:
    member, manners = state.member(candidate.member), manners_of(state.documents)
    asks = state.documents.get(ASKS, candidate.member) or Asks()
    # Who hands over is shown to whom they name.
    others = [*opportunity.concerned, *([named.by] if named is not None and named.by is not None else [])]
    return Applicant(
        candidate=candidate,
        member=member,
        reads=not opportunity.channel or state.reads(candidate.member, opportunity.channel),
        # The nudge outlives its personal parts, so that somebody who was forgotten is not asked twice either.
        asked=state.documents.get(NUDGES, state.nudge_id(post, candidate.member)) is not None
        or is_over(state, post, candidate.member),
        author=candidate.member in opportunity.concerned,
        asks=asks.times,
        let_go=asks.let_go,
        carried=count_carried(asks.carried, clock),
        named=named is not None,
        declined=state.declines(candidate.member, post),
        apart=any(state.apart(candidate.member, other) for other in others),
        agreed=has_agreed(manners, opportunity.kind, member),
        holidays=holidays.of(member),
        introduced=introduced_at(manners, opportunity.kind, member, clock, state.settings),
        urgent=urgent,
        ratio=ratio_of(state, candidate.member, member) if opportunity.subject is None else 1.0,
    )
