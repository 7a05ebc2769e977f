"""Obey at once what members do not want, and what they take back; of what is said twice the later holds."""

from datetime import datetime

from services.nudge.documents import WISHES
from services.nudge.reconsider import reconsider
from services.nudge.state import NudgeCommunity
from services.nudge.wishes import after, wish_of, with_wishes, without_person
from shared.events import Event, MatchDeclined, MemberLeft, TopicDeclined
from shared.stamps import stamp_of


def decline_topic(state: NudgeCommunity, event: TopicDeclined, clock: datetime) -> list[Event]:
    """Ask a member no more about a post, nor ever again, unless they take it back before they were asked."""
    return reconsider(state, [event.post], clock) if _take(state, event) else []


def decline_match(state: NudgeCommunity, event: MatchDeclined, clock: datetime) -> list[Event]:
    """Ask neither of two people about what the other wrote; what they were asked already is taken back."""
    if event.other == event.member or state.is_forgotten(event.other, event.at) or not _take(state, event):
        return []
    both = set(state.open_posts(person=event.member)) & set(state.open_posts(person=event.other))
    return reconsider(state, sorted(both), clock)


def _take(state: NudgeCommunity, event: MatchDeclined | TopicDeclined) -> bool:
    """Keep what was said; say whether that is news."""
    if state.is_forgotten(event.member, event.at):
        return False
    member, was = state.member(event.member), state.wishes(event.member)
    now = with_wishes(was, wish_of(event), member.gone if member else None)
    state.put_wishes(event.member, now)
    return now != was


def leave(state: NudgeCommunity, event: MemberLeft) -> None:
    """Drop what somebody wished before they left. What others wish of them stays: they may come back."""
    if not state.is_forgotten(event.member, event.at):
        state.put_wishes(event.member, after(state.wishes(event.member), stamp_of(event)))


def forget(state: NudgeCommunity, member: str) -> None:
    """Drop what a forgotten member wished, and what others wished of them."""
    state.documents.drop(WISHES, member)
    for other, wishes in sorted(state.documents.table(WISHES).items()):
        state.put_wishes(other, without_person(wishes, member))
