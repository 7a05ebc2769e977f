"""Forget members at once, and posts with their nudges when their time is over."""

from dataclasses import replace
from datetime import datetime

from services.nudge import decision_log, decline, delegates, gatherings, learn, load, measure, proposals, ties
from services.nudge.documents import (
    ASKS,
    FORGOTTEN,
    INBOXES,
    MEMBERS,
    NUDGES,
    OPPORTUNITIES,
    POSTS,
    READERS,
    Closing,
    Forgotten,
    Inbox,
    Member,
    Named,
    reader_of,
)
from services.nudge.naming import short_hash
from services.nudge.reconsider import reconsider
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import close
from shared.events import Event, MemberForgotten


def forget_member(state: NudgeCommunity, event: MemberForgotten, clock: datetime) -> list[Event]:
    """Delete what is known of a member, also in what is about others; only a hash of the id stays, with when it was.

    As of the clock, so that all that is known is covered, also what was said after the news had set out.
    It stays for good: the same news, come again much later, must not wipe out somebody who has come back.
    """
    documents, member = state.documents, event.member
    if state.is_forgotten(member, event.at):
        return []
    documents.put(FORGOTTEN, short_hash(member), Forgotten(clock))
    concerned = state.open_posts(person=member)
    was = state.member(member) or Member()
    documents.drop(MEMBERS, member)
    delegates.forget(state, member, was)
    documents.cancel_timer("away", member)
    events = [event for post in concerned for event in _close_own(state, post, member, clock)]
    events += reconsider(state, concerned, clock)
    ties.forget(state, member)
    _strip_opportunities(state, member)
    _strip_posts(state, member)
    _strip_nudges(state, member)
    decision_log.strip(state, member)
    proposals.forget(state, member)
    state.rebuild_indexes()
    documents.drop(INBOXES, member)
    documents.drop(ASKS, member)
    decline.forget(state, member)
    learn.forget(state, member)
    gatherings.forget(state, member)
    measure.forget(state, member)
    load.forget(state, member)
    for key in [key for key in documents.keys(READERS) if reader_of(key) == member]:
        documents.drop(READERS, key)
    return events


def _close_own(state: NudgeCommunity, post: str, member: str, clock: datetime) -> list[Event]:
    opportunity = state.opportunity(post)
    if opportunity is None or member not in opportunity.concerned:
        return []
    return close(state, post, Closing.REMOVED, clock)


def _strip_opportunities(state: NudgeCommunity, member: str) -> None:
    for post, opportunity in sorted(state.documents.table(OPPORTUNITIES).items()):
        author = "" if opportunity.author == member else opportunity.author
        candidates = tuple(candidate for candidate in opportunity.candidates if candidate.member != member)
        stripped = replace(opportunity, author=author, candidates=candidates, named=_without(opportunity.named, member))
        if opportunity.subject is not None and member in opportunity.subject.people:
            people = tuple(person for person in opportunity.subject.people if person != member)
            stripped = replace(stripped, subject=replace(opportunity.subject, people=people))
        state.documents.put(OPPORTUNITIES, post, stripped)


def _without(named: Named | None, member: str) -> Named | None:
    if named is None or named.member == member:
        return None
    return replace(named, by=None) if named.by == member else named


def _strip_posts(state: NudgeCommunity, member: str) -> None:
    for message, post in sorted(state.documents.table(POSTS).items()):
        stripped = replace(post, heard=tuple(heard for heard in post.heard if heard.author != member))
        if post.author == member:
            stripped = replace(stripped, author="", title="", excerpt="", removed=True, concerns=())
        state.put_post(message, stripped)


def _strip_nudges(state: NudgeCommunity, member: str) -> None:
    for nudge, document in sorted(state.documents.table(NUDGES).items()):
        stripped = replace(document, handed_by=None) if document.handed_by == member else document
        stripped = replace(stripped, answered_by=None) if document.answered_by == member else stripped
        if document.member == member:
            stripped = replace(stripped, member="", evidence=(), reason="", message=None, answered=None, seen=None)
        state.put_nudge(nudge, stripped)


def forget_post(state: NudgeCommunity, post: str) -> list[Event]:
    """Drop a post with its opportunity and nudges; it is too old to be asked about again."""
    documents = state.documents
    opportunity = documents.get(OPPORTUNITIES, post)
    for nudge, document in state.nudges_of(opportunity) if opportunity else ():
        left = tuple(other for other in state.inbox(document.member) if other != nudge)
        if left:
            documents.put(INBOXES, document.member, Inbox(left))
        else:
            documents.drop(INBOXES, document.member)
        documents.drop(NUDGES, nudge)
    decision_log.drop(state, post, opportunity.asked if opportunity else ())
    proposals.forget_post(state, post)
    documents.drop(OPPORTUNITIES, post)
    documents.cancel_timer("close", post)
    state.drop_post(post)
    return []
