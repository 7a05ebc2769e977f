"""Delegates: people whom a leader named to act for them, for some days or until they say otherwise. Pure.

They see what they may read, and answer as the leader. Nobody acts for anybody about what is sensitive or personal, nor
says for them how they want to be asked.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Protocol

from services.nudge.absence import zone_of
from services.nudge.documents import MEMBERS, STANDING, STANDS_IN, Member, Nudge, Opportunity, StandsIn
from services.nudge.kinds import KINDS
from shared.events import Answer, Delegate, Role

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

DELEGATED: Final = frozenset({Answer.CLAIM, Answer.DONE, Answer.PASS, Answer.HAND_OVER, Answer.LATER})


class Known(Protocol):
    """What has to be known to say whether somebody acts for a leader: by the handlers' state, or at a door."""

    def member(self, member: str) -> Member | None: ...

    def opportunity(self, post: str) -> Opportunity | None: ...

    def reads(self, member: str, channel: str) -> bool: ...

    def apart(self, one: str, other: str) -> bool: ...


def in_order(told: Iterable[Delegate], leader: str) -> tuple[Delegate, ...]:
    """Give whom a leader names, each once for the same days and never themselves, by their ids and days."""
    return tuple(sorted((one for one in {*told} if one.member != leader), key=_by_day))


def coming(leader: Member, at: datetime) -> tuple[Delegate, ...]:
    """Give those whose days are not over at an instant."""
    return tuple(one for one in leader.delegates if not is_over(one, leader, at))


def is_over(delegate: Delegate, leader: Member, at: datetime) -> bool:
    """Say whether the days of a leader's delegate are over at an instant, by the calendar where the leader is."""
    return delegate.last is not None and delegate.last < at.astimezone(zone_of(leader)).date()


def stands_in(by: str, leader: Member, at: datetime) -> bool:
    """Say whether a leader, as long as they are one, named somebody to act for them at an instant."""
    if leader.left or Role.LEADER not in leader.roles:
        return False
    today = at.astimezone(zone_of(leader)).date()
    return any(one.member == by and (one.first is None or one.first <= today) for one in coming(leader, at))


def may_act(known: Known, nudge: Nudge, by: str, at: datetime) -> bool:
    """Say whether somebody may act on a leader's nudge at an instant: as delegate, about what they may read."""
    delegate, leader = known.member(by), known.member(nudge.member)
    if delegate is None or delegate.left or delegate.bot or leader is None or not stands_in(by, leader, at):
        return False
    opportunity = known.opportunity(nudge.post)
    if opportunity is None or nudge.sensitive or KINDS[nudge.kind].personal:
        return False
    if nudge.channel and not known.reads(by, nudge.channel):
        return False
    return by not in opportunity.concerned and not any(known.apart(by, other) for other in opportunity.concerned)


def acted_for(state: "NudgeCommunity", post: str, by: str, at: datetime) -> list[tuple[str, Nudge]]:
    """Give the nudges about a post on which somebody acts as a delegate at an instant."""
    opportunity = state.opportunity(post)
    found = state.nudges_of(opportunity) if opportunity is not None else []
    return [
        (nudge, one) for nudge, one in found if one.state in STANDING and one.member and may_act(state, one, by, at)
    ]


def follow_delegates(state: "NudgeCommunity", leader: str, before: Member) -> None:
    """Keep for whom each delegate is named, after a leader has named others than before."""
    now = _names(state.member(leader) or Member())
    for delegate in sorted(_names(before) ^ now):
        known = (state.documents.get(STANDS_IN, delegate) or StandsIn()).leaders
        leaders = sorted({*known, leader} if delegate in now else {*known} - {leader})
        if leaders:
            state.documents.put(STANDS_IN, delegate, StandsIn(tuple(leaders)))
        else:
            state.documents.drop(STANDS_IN, delegate)


def forget(state: "NudgeCommunity", member: str, was: Member) -> None:
    """Take a forgotten member, of whom this was known, out of what is known of delegates."""
    follow_delegates(state, member, was)
    for leader in (state.documents.get(STANDS_IN, member) or StandsIn()).leaders:
        if (known := state.member(leader)) is not None:
            left = tuple(one for one in known.delegates if one.member != member)
            state.documents.put(MEMBERS, leader, replace(known, delegates=left))
    state.documents.drop(STANDS_IN, member)


def _names(leader: Member) -> set[str]:
    return {one.member for one in leader.delegates}


def _by_day(delegate: Delegate) -> tuple[str, date, date]:
    return delegate.member, delegate.first or date.min, delegate.last or date.max
