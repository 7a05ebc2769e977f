"""The log of decisions: who was considered for a post, who was barred by what, and why it fell as it did. Pure.

Kept as long as the nudges are: with an ask under the nudge's id; of a post about which nobody was asked the last such
decision, under `nobody_key`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from services.nudge.choose import Applicant, Bar
from services.nudge.documents import Opportunity, Proposal
from services.nudge.kinds import patience_hours
from services.nudge.state import NudgeCommunity
from shared.events import Kind, NudgeIssued
from shared.state import Table


@dataclass(frozen=True, slots=True)
class Considered:
    """Somebody who came into question, by rank. Who was barred has no worth, as it did not matter; but for whose turn
    it was not.

    `chance` is how likely they were to be asked, where it was drawn.
    """

    member: str
    rank: int
    score: float
    bars: tuple[Bar, ...] = ()
    worth: float | None = None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, as of its time. `nudge` and `member` are None where nobody was asked.

    `due` is when waiting was over, by `still_open` (ages in hours, and how likely the post was to be open then) and
    `patience_hours`; `features` are of the person who was asked and the post, `propensity` the probability of asking
    them. `held`: the post was left alone at random, to measure what asking adds; so was everything in the `off_week`.
    """

    post: str
    kind: Kind
    channel: str
    published: datetime
    due: datetime
    at: datetime
    patience_hours: float
    model: str
    still_open: tuple[tuple[float, float], ...] = ()
    considered: tuple[Considered, ...] = ()
    nudge: str | None = None
    member: str | None = None
    propensity: float | None = None
    features: dict[str, float] = field(default_factory=dict)
    held: bool = False
    off_week: str | None = None


DECISIONS: Final = Table("decision", Decision)


def nobody_key(post: str) -> str:
    """Give the key of the last decision in which nobody was asked about a post; no nudge's id has a slash."""
    return f"post/{post}"


def considered(
    applicants: Iterable[Applicant], barred: Mapping[str, tuple[Bar, ...]], worth: Mapping[str, float]
) -> tuple[Considered, ...]:
    """Give all applicants with what barred them, or what asking them was worth; both by member."""
    return tuple(
        Considered(
            member=(candidate := applicant.candidate).member,
            rank=candidate.rank,
            score=candidate.score,
            bars=barred.get(candidate.member, ()),
            worth=round(worth[candidate.member], 6) if candidate.member in worth else None,
        )
        for applicant in applicants
    )


def log_ask(
    state: NudgeCommunity, event: NudgeIssued, opportunity: Opportunity, people: tuple[Considered, ...]
) -> None:
    """Keep why somebody was asked."""
    chances = {one.member: one.propensity for one in event.alternatives}
    drawn = tuple(replace(one, chance=chances.get(one.member)) for one in people)
    decision = replace(
        _decision(state, event.post, opportunity, drawn, event.at),
        nudge=event.nudge,
        member=event.member,
        propensity=event.propensity,
        features=dict(sorted(event.features.items())),
    )
    state.documents.put(DECISIONS, event.nudge, decision)


def log_proposal(
    state: NudgeCommunity, nudge: str, proposal: Proposal, opportunity: Opportunity, people: tuple[Considered, ...]
) -> None:
    """Keep why it was proposed to ask somebody; it stays the decision should they be asked."""
    chances = {one.member: one.propensity for one in proposal.alternatives}
    drawn = tuple(replace(one, chance=chances.get(one.member)) for one in people)
    made = _decision(state, proposal.post, opportunity, drawn, proposal.made)
    propensity = chances.get(proposal.member, 1.0)
    state.documents.put(DECISIONS, nudge, replace(made, nudge=nudge, member=proposal.member, propensity=propensity))


def log_nobody(
    state: NudgeCommunity,
    post: str,
    opportunity: Opportunity,
    people: tuple[Considered, ...],
    clock: datetime,
    *,
    off_week: str | None = None,
) -> None:
    """Keep why nobody was asked about a post; the same thing round after round is kept once, as of the first time."""
    known = state.documents.get(DECISIONS, nobody_key(post))
    if known is None or known.off_week != off_week or _reasons(known.considered) != _reasons(people):
        made = replace(_decision(state, post, opportunity, people, clock), off_week=off_week)
        state.documents.put(DECISIONS, nobody_key(post), made)


def log_held(
    state: NudgeCommunity, post: str, opportunity: Opportunity, people: tuple[Considered, ...], clock: datetime
) -> None:
    """Keep that a post was left alone at random, though somebody would have been asked."""
    made = replace(_decision(state, post, opportunity, people, clock), held=True)
    state.documents.put(DECISIONS, nobody_key(post), made)


def _decision(
    state: NudgeCommunity, post: str, opportunity: Opportunity, people: tuple[Considered, ...], at: datetime
) -> Decision:
    return Decision(
        post=post,
        kind=opportunity.kind,
        channel=opportunity.channel,
        published=opportunity.published,
        due=opportunity.ready,
        at=at,
        patience_hours=_patience(opportunity, state),
        model=opportunity.model,
        still_open=opportunity.still_open,
        considered=people,
    )


def _patience(opportunity: Opportunity, state: NudgeCommunity) -> float:
    return 0.0 if opportunity.subject is not None else patience_hours(opportunity.kind, state.settings)


def _reasons(people: tuple[Considered, ...]) -> list[tuple[str, tuple[Bar, ...]]]:
    return [(one.member, one.bars) for one in people]


def drop(state: NudgeCommunity, post: str, nudges: Iterable[str]) -> None:
    """Drop all decisions about a post."""
    proposed = [key for key, one in state.documents.table(DECISIONS).items() if one.post == post and one.nudge == key]
    for key in dict.fromkeys((*nudges, *sorted(proposed), nobody_key(post))):
        state.documents.drop(DECISIONS, key)


def strip(state: NudgeCommunity, member: str) -> None:
    """Take a member out of every decision; of who was asked only that somebody was stays."""
    for key, decision in sorted(state.documents.table(DECISIONS).items()):
        people = tuple(one for one in decision.considered if one.member != member)
        stripped = replace(decision, considered=people)
        if decision.member == member:
            stripped = replace(stripped, member="", features={})
        state.documents.put(DECISIONS, key, stripped)
