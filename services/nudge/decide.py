"""Decide whom to ask about a post, and ask."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.nudge.budget import role_of, weekly_limit, within_week
from services.nudge.choose import Applicant, Choice, choose
from services.nudge.documents import ASKS, INBOXES, NUDGES, Asks, Candidate, Inbox, Named, Nudge, Opportunity
from services.nudge.state import NudgeCommunity
from services.nudge.waiting import Curve
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
        opportunity = replace(opportunity, named=Named(to, by))
    named = _choose_named(state, post, opportunity, clock)
    if named.chosen is not None:
        return [_issue(state, post, opportunity, named.chosen, clock)]
    opportunity = _keep_named(state, post, opportunity, named)
    choice = named if _is_awaited(state, named, clock) else _choose_next(state, post, opportunity, clock)
    if choice.chosen is not None:
        return [_issue(state, post, opportunity, choice.chosen, clock)]
    if (again := _earlier(named.again, choice.again)) is not None and again < opportunity.ends:
        state.documents.set_timer("decide", post, again)
    return []


def _choose_named(state: NudgeCommunity, post: str, opportunity: Opportunity, clock: datetime) -> Choice:
    """Choose to whom the post was handed over; `again` is when they can be asked, if that is in time."""
    if opportunity.named is None:
        return Choice(None)
    candidate = _candidate(opportunity, opportunity.named.member)
    applicant = _applicant(state, post, opportunity, candidate, named=opportunity.named)
    choice = choose([applicant], opportunity.kind, clock, state.settings)
    return choice if choice.again is None or choice.again < opportunity.ends else Choice(None)


def _keep_named(state: NudgeCommunity, post: str, opportunity: Opportunity, named: Choice) -> Opportunity:
    """Remember who is to be asked first as long as they can be."""
    kept = opportunity if named.again is not None else replace(opportunity, named=None)
    if kept != state.opportunity(post):
        state.put_opportunity(post, kept)
    return kept


def _is_awaited(state: NudgeCommunity, named: Choice, clock: datetime) -> bool:
    """Say whether nobody else is asked until they can be: no longer than they would have had to answer."""
    return named.again is not None and named.again <= clock + state.settings.ask_stands


def _choose_next(state: NudgeCommunity, post: str, opportunity: Opportunity, clock: datetime) -> Choice:
    if len(opportunity.asked) >= state.settings.people_per_post:
        return Choice(None)
    return choose(_applicants(state, post, opportunity), opportunity.kind, clock, state.settings)


def _earlier(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _applicants(state: NudgeCommunity, post: str, opportunity: Opportunity) -> Iterator[Applicant]:
    for candidate in opportunity.candidates:
        yield _applicant(state, post, opportunity, candidate)


def _applicant(
    state: NudgeCommunity, post: str, opportunity: Opportunity, candidate: Candidate, *, named: Named | None = None
) -> Applicant:
    # Who hands over is shown to whom they name.
    others = [opportunity.author] if named is None or named.by is None else [opportunity.author, named.by]
    return Applicant(
        candidate=candidate,
        member=state.member(candidate.member),
        reads=state.reads(candidate.member, opportunity.channel),
        # The nudge outlives its personal parts, so that somebody who was forgotten is not asked twice either.
        asked=state.documents.get(NUDGES, state.nudge_id(post, candidate.member)) is not None,
        author=candidate.member == opportunity.author,
        asks=state.asks(candidate.member),
        named=named is not None,
        declined=state.declines(candidate.member, post),
        apart=any(state.apart(candidate.member, other) for other in others),
    )


def _candidate(opportunity: Opportunity, member: str) -> Candidate:
    """Find somebody among the candidates; who is none of them stands behind the last."""
    behind = Candidate(member, 0.0, len(opportunity.candidates) + 1)
    return next((c for c in opportunity.candidates if c.member == member), behind)


def _issue(state: NudgeCommunity, post: str, opportunity: Opportunity, chosen: Applicant, clock: datetime) -> Event:
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
        handed_by=opportunity.named.by if opportunity.named and chosen.named else None,
    )
    if chosen.named:
        opportunity = replace(opportunity, named=None)
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
    age = (clock - opportunity.published) / timedelta(hours=1)
    known = {"stays_open_a_day": round(Curve.of(opportunity.still_open).stays_open(max(0.0, age), 24), 6)}
    return (known if opportunity.still_open else {}) | {
        "age_hours": round(age, 6),
        "asked_before": float(len(opportunity.asked)),
        "asks_this_week": float(len(within_week(chosen.asks, clock))),
        "candidates": float(len(opportunity.candidates)),
        "handed_over": float(chosen.named),
        "score": chosen.candidate.score,
        "weekly_limit": float(weekly_limit(chosen.member, state.settings)),
    }


def readable(state: NudgeCommunity, candidate: Candidate) -> tuple[Evidence, ...]:
    """Keep the evidence that rests only on channels that the candidate can read, and on nobody kept apart from them."""
    return tuple(
        evidence
        for evidence in candidate.evidence
        if all(state.reads(candidate.member, channel) for channel in evidence.channels)
        and (evidence.channels or not evidence.posts)
        and not any(state.apart(candidate.member, author) for author in _authors(state, evidence))
    )


def _authors(state: NudgeCommunity, evidence: Evidence) -> list[str]:
    """Name who wrote what evidence rests on, as far as it is known here; of older posts recommend has seen to it."""
    posts = (state.post(post) for post in evidence.posts)
    return [post.author for post in posts if post is not None and post.author]
