"""Leave a sensitive post alone, or route it to the one person whom operators named; nobody else is asked about it.

Once found to be sensitive it stays so: an edit that makes it harmless again reopens nothing by itself.
"""

from dataclasses import replace
from datetime import datetime

from services.nudge.decide import decide
from services.nudge.documents import Closing, Post, ProposalState
from services.nudge.open_opportunity import only_named, with_concerns
from services.nudge.outcomes import remember
from services.nudge.proposals import finish
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import close, withdraw
from shared.events import Event, MessageEdited, ReplyPublished, ThreadFlagged, Withdrawal
from shared.stamps import overrides, stamp_of


def read_reply(state: NudgeCommunity, event: ReplyPublished, clock: datetime) -> list[Event]:
    """Take in what a reply says: a thread is as sensitive as anything in it."""
    if state.is_forgotten(event.author, event.at):
        return []
    return _read(state, event.post, event.at, (event.text,), clock)


def read_edit(state: NudgeCommunity, event: MessageEdited, clock: datetime) -> list[Event]:
    """Take in what an edit says, also one that is late, or that is here before its post."""
    return _read(state, event.message, event.at, (event.title or "", event.text), clock)


def _read(state: NudgeCommunity, name: str, at: datetime, texts: tuple[str, ...], clock: datetime) -> list[Event]:
    post, until = state.post(name), at + state.settings.opportunity
    # Of threads that nobody is asked about any more nothing is kept; judging texts takes milliseconds each.
    if post is None and until <= clock:
        return []
    concerns = state.judge.concerns(*texts)
    if concerns and (post is not None or remember(state, name, until, clock)):
        state.put_post(name, with_concerns(post or Post(), concerns))
    return route(state, name, clock)


def flag(state: NudgeCommunity, event: ThreadFlagged, clock: datetime) -> list[Event]:
    """Take in that moderators have a thread, or have it no more; what was closed for it stays closed."""
    until = event.at + state.settings.opportunity
    post = state.post(event.message)
    if post is None and not remember(state, event.message, until, clock):
        return []
    known = post or Post()
    if overrides(stamp_of(event), known.flagged_at, closes=event.flagged, closed=known.flagged):
        state.put_post(event.message, replace(known, flagged=event.flagged, flagged_at=stamp_of(event)))
    return route(state, event.message, clock)


def route(state: NudgeCommunity, name: str, clock: datetime) -> list[Event]:
    """Take back what was asked about a post that is sensitive now, and ask the person whom operators named, if any."""
    post, opportunity = state.post(name), state.opportunity(name)
    if post is None or not post.is_sensitive or opportunity is None or opportunity.sensitive:
        return []
    if opportunity.closing is Closing.ANSWERED:
        # Should the answer be removed, nobody is asked again.
        state.put_opportunity(name, replace(opportunity, candidates=(), named=None, sensitive=True))
        return []
    to = state.settings.sensitive_to
    if opportunity.closed is not None or not to or state.nudge(state.nudge_id(name, to)) is not None:
        return close(state, name, Closing.SENSITIVE, clock)
    events = [withdraw(state, nudge, Withdrawal.TAKEN_BACK, clock) for nudge, _ in state.live_nudges(opportunity)]
    if opportunity.proposed is not None:
        finish(state, opportunity.proposed, ProposalState.LAPSED)
        opportunity = replace(opportunity, proposed=None)
    state.put_opportunity(name, replace(only_named(opportunity, to), ready=min(opportunity.ready, clock), held=None))
    return events + decide(state, name, clock)
