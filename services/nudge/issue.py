"""Ask somebody about a post: the nudge, what is remembered of it, and the event that says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.nudge.budget import reserved, role_of, weekly_limit, within_week
from services.nudge.chance import reply_chance
from services.nudge.choose import Applicant
from services.nudge.choose_words import choose_words
from services.nudge.documents import (
    ASKS,
    INBOXES,
    TRIALS,
    WEEKS,
    Asks,
    Candidate,
    Inbox,
    Nudge,
    Opportunity,
    Subject,
    Week,
)
from services.nudge.kinds import stands
from services.nudge.load import count_ask
from services.nudge.measure import week_of
from services.nudge.naming import SOURCE
from services.nudge.state import NudgeCommunity
from services.nudge.waiting import Curve
from services.nudge.worth import worth_of
from shared.events import Alternative, Evidence, NudgeIssued


def issue(
    state: NudgeCommunity,
    post: str,
    opportunity: Opportunity,
    chosen: Applicant,
    clock: datetime,
    alternatives: tuple[Alternative, ...] = (),
) -> NudgeIssued:
    """Ask somebody who may be asked; `alternatives` are all who could have been drawn, where they were."""
    candidate, member = chosen.candidate, chosen.member
    assert member is not None
    nudge, subject = state.nudge_id(post, candidate.member), opportunity.subject or Subject()
    trial = state.documents.get(TRIALS, post)
    week = state.documents.get(WEEKS, week_of(clock)) or Week()
    features = _features(state, opportunity, chosen, clock) | {"holdout_share": trial.share if trial else 0.0}
    if week.asking is not None:
        features["switchback_share"] = week.share
    evidence = readable(state, candidate)
    words = choose_words(state, nudge, candidate.member, opportunity.kind, evidence, clock)
    document = Nudge(
        member=candidate.member,
        kind=opportunity.kind,
        post=post,
        channel=opportunity.channel,
        role=role_of(member),
        issued=clock,
        expires=min(clock + stands(opportunity.kind, state.settings), opportunity.ends),
        score=None if chosen.named else candidate.score,
        forecast=_forecast(opportunity, chosen),
        evidence=evidence,
        handed_by=opportunity.named.by if opportunity.named and chosen.named else None,
        sensitive=opportunity.sensitive,
        wording=words.wording,
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
        channel=document.channel or None,
        role=document.role,
        rank=candidate.rank,
        score=candidate.score,
        # Whoever is worth most in the round is asked, and no chance is in it; but where it was drawn.
        propensity=next((one.propensity for one in alternatives if one.member == candidate.member), 1.0),
        evidence=document.evidence,
        features=features,
        model=opportunity.model,
        expires=document.expires.astimezone(UTC),
        alternatives=alternatives,
        people=subject.people,
        content=subject.content,
        gathering=subject.gathering,
        wording=words.wording,
        wording_propensity=words.propensity,
    )


def _record(state: NudgeCommunity, post: str, opportunity: Opportunity, nudge: str, document: Nudge) -> None:
    state.put_nudge(nudge, document)
    state.put_opportunity(post, replace(opportunity, asked=(*opportunity.asked, nudge)))
    state.documents.set_timer("expire", nudge, document.expires)
    state.documents.cancel_timer("decide", post)
    member, asked_at = document.member, document.issued
    was = state.documents.get(ASKS, member) or Asks()
    state.documents.put(ASKS, member, replace(was, times=(*within_week(was.times, asked_at), asked_at)))
    count_ask(state, member, asked_at)
    state.documents.put(INBOXES, member, Inbox((*state.inbox(member), nudge)))


def _forecast(opportunity: Opportunity, chosen: Applicant) -> float | None:
    """Give how likely it is that who is asked replies, where that is said: of posts, and not once handed over."""
    if chosen.named or opportunity.subject is not None:
        return None
    return reply_chance(chosen.candidate.score, chosen.ratio)


def _features(state: NudgeCommunity, opportunity: Opportunity, chosen: Applicant, clock: datetime) -> dict[str, float]:
    assert chosen.member is not None
    age, limit = (clock - opportunity.published) / timedelta(hours=1), weekly_limit(chosen.member, state.settings)
    known = {"stays_open_a_day": round(Curve.of(opportunity.still_open).stays_open(max(0.0, age), 24), 6)}
    known = known if opportunity.still_open else {}
    if state.settings.carried_weight > 0:
        known["carried"] = float(chosen.carried)
    return known | {
        "age_hours": round(age, 6),
        "asked_before": float(len(opportunity.asked)),
        "asks_this_week": float(len(within_week(chosen.asks, clock))),
        "candidates": float(len(opportunity.candidates)),
        "handed_over": float(chosen.named),
        "reply_ratio": chosen.ratio,
        "reserved": float(reserved(limit, state.settings)),
        "score": chosen.candidate.score,
        "urgent": float(chosen.urgent),
        "weekly_limit": float(limit),
        "worth": round(worth_of(opportunity, chosen, clock, state.settings), 6),
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
