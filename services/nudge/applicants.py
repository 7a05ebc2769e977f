"""Who could be asked about a post, with all that decides whether they may be."""

from collections.abc import Iterator

from services.nudge.choose import Applicant
from services.nudge.documents import NUDGES, Candidate, Named, Opportunity
from services.nudge.learn import ratio_of
from services.nudge.state import NudgeCommunity


def applicants(state: NudgeCommunity, post: str, opportunity: Opportunity) -> Iterator[Applicant]:
    for candidate in opportunity.candidates:
        yield applicant(state, post, opportunity, candidate)


def applicant(
    state: NudgeCommunity, post: str, opportunity: Opportunity, candidate: Candidate, *, named: Named | None = None
) -> Applicant:
    member = state.member(candidate.member)
    # Who hands over is shown to whom they name.
    others = [*opportunity.concerned, *([named.by] if named is not None and named.by is not None else [])]
    return Applicant(
        candidate=candidate,
        member=member,
        reads=not opportunity.channel or state.reads(candidate.member, opportunity.channel),
        # The nudge outlives its personal parts, so that somebody who was forgotten is not asked twice either.
        asked=state.documents.get(NUDGES, state.nudge_id(post, candidate.member)) is not None,
        author=candidate.member in opportunity.concerned,
        asks=state.asks(candidate.member),
        named=named is not None,
        declined=state.declines(candidate.member, post),
        apart=any(state.apart(candidate.member, other) for other in others),
        ratio=ratio_of(state, candidate.member, member) if opportunity.subject is None else 1.0,
    )
