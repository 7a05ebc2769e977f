"""Decide whom to ask about a post, and ask: to whom it was handed over, or who is worth most in the round."""

from dataclasses import replace
from datetime import datetime

from services.nudge.applicants import applicant
from services.nudge.choose import Choice, bars, choose
from services.nudge.contact import contact
from services.nudge.decision_log import considered
from services.nudge.documents import Candidate, Named, Opportunity
from services.nudge.propose import ask
from services.nudge.round import ask_about
from services.nudge.state import NudgeCommunity
from services.nudge.switchback import let_wait
from services.nudge.worth import worth_of
from shared.events import Event


def decide(
    state: NudgeCommunity, post: str, clock: datetime, *, to: str | None = None, by: str | None = None
) -> list[Event]:
    """Ask about a post whoever is worth most, or come back when somebody could be asked.

    `to` comes first, whatever their role and score and however many were asked: `by` handed the nudge over to them.
    """
    events, free = _ask_named(state, post, clock, Named(to, by) if to is not None else None)
    return events + ask_about(state, let_wait(state, free, clock), clock)


def hold_round(state: NudgeCommunity, post: str, clock: datetime) -> list[Event]:
    """Decide a post whose time has come, together with all others whose time has come too."""
    events: list[Event] = []
    free: dict[str, datetime | None] = {}
    for due in sorted({post, *state.documents.due("decide", clock)}):
        state.documents.cancel_timer("decide", due)
        asked, others = _ask_named(state, due, clock, None)
        events += asked
        free |= others
    return events + ask_about(state, let_wait(state, free, clock), clock)


def _ask_named(
    state: NudgeCommunity, post: str, clock: datetime, to: Named | None
) -> tuple[list[Event], dict[str, datetime | None]]:
    """Ask to whom a post was handed over, if anybody; else give the post where others are to be asked about it now.

    With it is given when the named person could be asked, who cannot be now.
    """
    opportunity = state.opportunity(post)
    if opportunity is None or opportunity.closed is not None or not opportunity.ready <= clock < opportunity.ends:
        return [], {}
    if opportunity.held is not None or state.stands(opportunity):
        return [], {}
    if to is not None and not opportunity.sensitive:
        opportunity = replace(opportunity, named=to)
    named = _choose_named(state, post, opportunity, clock)
    if named.chosen is not None:
        member = named.chosen.candidate.member
        people = considered([named.chosen], {}, {member: worth_of(opportunity, named.chosen, clock, state.settings)})
        return ask(state, post, opportunity, named.chosen, people, clock), {}
    contacted = _contact_named(state, post, opportunity, clock)
    _keep_named(state, post, opportunity, named)
    if named.again is None or not _is_awaited(state, named, clock):
        return contacted, {post: named.again}
    state.documents.set_timer("decide", post, named.again)
    return contacted, {}


def _choose_named(state: NudgeCommunity, post: str, opportunity: Opportunity, clock: datetime) -> Choice:
    """Choose to whom the post was handed over; `again` is when they can be asked, if that is in time."""
    if opportunity.named is None:
        return Choice(None)
    candidate = _candidate(opportunity, opportunity.named.member)
    found = applicant(state, post, opportunity, candidate, clock, named=opportunity.named)
    choice = choose([found], opportunity.kind, clock, state.settings)
    return choice if choice.again is None or choice.again < opportunity.ends else Choice(None)


def _contact_named(state: NudgeCommunity, post: str, opportunity: Opportunity, clock: datetime) -> list[Event]:
    if opportunity.named is None:
        return []
    candidate = _candidate(opportunity, opportunity.named.member)
    found = applicant(state, post, opportunity, candidate, clock, named=opportunity.named)
    return contact(state, opportunity.kind, [(found, bars(found, opportunity.kind, clock, state.settings))], clock)


def _keep_named(state: NudgeCommunity, post: str, opportunity: Opportunity, named: Choice) -> None:
    """Remember who is to be asked first as long as they can be."""
    kept = opportunity if named.again is not None else replace(opportunity, named=None)
    if kept != state.opportunity(post):
        state.put_opportunity(post, kept)


def _is_awaited(state: NudgeCommunity, named: Choice, clock: datetime) -> bool:
    """Say whether nobody else is asked until they can be: no longer than they would have had to answer."""
    return named.again is not None and named.again <= clock + state.settings.ask_stands


def _candidate(opportunity: Opportunity, member: str) -> Candidate:
    """Find somebody among the candidates; who is none of them stands behind the last."""
    behind = Candidate(member, 0.0, len(opportunity.candidates) + 1)
    return next((c for c in opportunity.candidates if c.member == member), behind)
