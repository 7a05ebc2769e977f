"""Decide whom to ask about a post, and ask."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.nudge.budget import role_of, weekly_limit, within_week
from services.nudge.choose import Applicant, choose
from services.nudge.documents import ASKS, INBOXES, NUDGES, Asks, Candidate, Inbox, Nudge, Opportunity
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import SOURCE
from shared.events import Event, Evidence, NudgeIssued


def decide(
    state: NudgeCommunity, post: str, clock: datetime, *, to: str | None = None, by: str | None = None
) -> list[Event]:
    """Ask the first who may be asked, or come back when somebody could be.

    `to` comes first, whatever their role and score and however many were asked: `by` handed the nudge over to them.
    """
    opportunity = state.opportunity(post)
    if opportunity is None or opportunity.closed is not None or not opportunity.ready <= clock < opportunity.ends:
        return []
    if state.stands(opportunity):
        return []
    if to is not None:
        named = _applicant(state, post, opportunity, _candidate(opportunity, to), named=True)
        if (chosen := choose([named], opportunity.kind, clock, state.settings).chosen) is not None:
            return [_issue(state, post, opportunity, chosen, clock, by)]
    if len(opportunity.asked) >= state.settings.people_per_post:
        return []
    choice = choose(_applicants(state, post, opportunity), opportunity.kind, clock, state.settings)
    if choice.chosen is not None:
        return [_issue(state, post, opportunity, choice.chosen, clock, None)]
    if choice.again is not None and choice.again < opportunity.ends:
        state.documents.set_timer("decide", post, choice.again)
    return []


def _applicants(state: NudgeCommunity, post: str, opportunity: Opportunity) -> Iterator[Applicant]:
    for candidate in opportunity.candidates:
        yield _applicant(state, post, opportunity, candidate)


def _applicant(
    state: NudgeCommunity, post: str, opportunity: Opportunity, candidate: Candidate, *, named: bool = False
) -> Applicant:
    return Applicant(
        candidate=candidate,
        member=state.member(candidate.member),
        reads=state.reads(candidate.member, opportunity.channel),
        # The nudge outlives its personal parts, so that somebody who was forgotten is not asked twice either.
        asked=state.documents.get(NUDGES, state.nudge_id(post, candidate.member)) is not None,
        author=candidate.member == opportunity.author,
        asks=state.asks(candidate.member),
        named=named,
    )


def _candidate(opportunity: Opportunity, member: str) -> Candidate:
    """Find somebody among the candidates; who is none of them stands behind the last."""
    behind = Candidate(member, 0.0, len(opportunity.candidates) + 1)
    return next((c for c in opportunity.candidates if c.member == member), behind)


def _issue(
    state: NudgeCommunity, post: str, opportunity: Opportunity, chosen: Applicant, clock: datetime, by: str | None
) -> Event:
    candidate, member = chosen.candidate, chosen.member
    assert member is not None
    nudge = state.nudge_id(post, candidate.member)
    features = _features(state, opportunity, chosen, clock)
    document = Nudge(
        member=candidate.member,
        kind=opportunity.kind,
        post=post,
        channel=opportunity.channel,
        role=role_of(member),
        issued=clock,
        expires=min(clock + state.settings.ask_stands, opportunity.ends),
        evidence=readable(state, candidate),
        handed_by=by,
    )
    _record(state, post, opportunity, nudge, document)
    return NudgeIssued(
        id=f"nudge/{nudge}/issued",
        source=SOURCE,
        at=clock.astimezone(UTC),
        community=state.community,
        member=document.member,
        nudge=nudge,
        kind=document.kind,
        post=post,
        channel=document.channel,
        role=document.role,
        rank=candidate.rank,
        score=candidate.score,
        # The first who may be asked is asked: no chance is in it yet.
        propensity=1.0,
        evidence=document.evidence,
        features=features,
        model=opportunity.model,
        expires=document.expires.astimezone(UTC),
    )


def _record(state: NudgeCommunity, post: str, opportunity: Opportunity, nudge: str, document: Nudge) -> None:
    state.put_nudge(nudge, document)
    state.put_opportunity(post, replace(opportunity, asked=(*opportunity.asked, nudge)))
    state.documents.set_timer("expire", nudge, document.expires)
    state.documents.cancel_timer("decide", post)
    member, asked_at = document.member, document.issued
    asks = (*within_week(state.asks(member), asked_at), asked_at)
    state.documents.put(ASKS, member, Asks(asks))
    state.documents.put(INBOXES, member, Inbox((*state.inbox(member), nudge)))


def _features(state: NudgeCommunity, opportunity: Opportunity, chosen: Applicant, clock: datetime) -> dict[str, float]:
    assert chosen.member is not None
    return {
        "age_hours": round((clock - opportunity.published) / timedelta(hours=1), 6),
        "asked_before": float(len(opportunity.asked)),
        "asks_this_week": float(len(within_week(chosen.asks, clock))),
        "candidates": float(len(opportunity.candidates)),
        "handed_over": float(chosen.named),
        "score": chosen.candidate.score,
        "weekly_limit": float(weekly_limit(chosen.member, state.settings)),
    }


def readable(state: NudgeCommunity, candidate: Candidate) -> tuple[Evidence, ...]:
    """Keep the evidence that rests only on channels that the candidate can read."""
    return tuple(
        evidence
        for evidence in candidate.evidence
        if all(state.reads(candidate.member, channel) for channel in evidence.channels)
        and (evidence.channels or not evidence.posts)
    )
