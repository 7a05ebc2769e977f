"""Delegates: people whom a leader named to act for them. They see what they may read, and answer as the leader. Pure.

Nobody acts for anybody about what is sensitive or personal, nor says for them how they want to be asked.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.nudge.documents import MEMBERS, STANDING, STANDS_IN, Member, Nudge, StandsIn
from services.nudge.kinds import KINDS
from shared.events import Answer, Role

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

DELEGATED: Final = frozenset({Answer.CLAIM, Answer.DONE, Answer.PASS, Answer.HAND_OVER, Answer.LATER})


def acts_for(by: str, leader: Member | None, nudge: Nudge) -> bool:
    """Say whether a leader, as long as they are one, named somebody to act for them, and a nudge is for that."""
    named = leader is not None and not leader.left and Role.LEADER in leader.roles and by in leader.delegates
    return named and not nudge.sensitive and not KINDS[nudge.kind].personal


def may_act(state: "NudgeCommunity", nudge: Nudge, by: str) -> bool:
    """Say whether somebody may act on a leader's nudge: as delegate, about what they may read themselves."""
    known, opportunity = state.member(by), state.opportunity(nudge.post)
    if (
        known is None
        or known.left
        or known.bot
        or opportunity is None
        or not acts_for(by, state.member(nudge.member), nudge)
    ):
        return False
    if nudge.channel and not state.reads(by, nudge.channel):
        return False
    return by not in opportunity.concerned and not any(state.apart(by, other) for other in opportunity.concerned)


def acted_for(state: "NudgeCommunity", post: str, by: str) -> list[tuple[str, Nudge]]:
    """Give the nudges about a post on which somebody acts as a delegate."""
    opportunity = state.opportunity(post)
    found = state.nudges_of(opportunity) if opportunity is not None else []
    return [(nudge, one) for nudge, one in found if one.state in STANDING and one.member and may_act(state, one, by)]


def follow_delegates(state: "NudgeCommunity", leader: str, before: tuple[str, ...]) -> None:
    """Keep for whom each delegate stands in, after a leader has named others than before."""
    now = (state.member(leader) or Member()).delegates
    for delegate in sorted({*before} ^ {*now}):
        known = (state.documents.get(STANDS_IN, delegate) or StandsIn()).leaders
        leaders = sorted({*known, leader} if delegate in now else {*known} - {leader})
        if leaders:
            state.documents.put(STANDS_IN, delegate, StandsIn(tuple(leaders)))
        else:
            state.documents.drop(STANDS_IN, delegate)


def forget(state: "NudgeCommunity", member: str, delegates: tuple[str, ...]) -> None:
    """Take a forgotten member, who had named these, out of what is known of delegates."""
    follow_delegates(state, member, delegates)
    for leader in (state.documents.get(STANDS_IN, member) or StandsIn()).leaders:
        if (known := state.member(leader)) is not None:
            left = tuple(one for one in known.delegates if one != member)
            state.documents.put(MEMBERS, leader, replace(known, delegates=left))
    state.documents.drop(STANDS_IN, member)
