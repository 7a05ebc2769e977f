"""What people carry unasked: the threads that they answered in the last week of which nobody had asked them. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.nudge.budget import WEEK
from services.nudge.documents import ASKS, Asks
from services.nudge.state import NudgeCommunity

# Of more, the latest are kept: with so many nobody has room for an ask.
MOST_CARRIED: Final = 100


def note_carried(state: NudgeCommunity, member: str, post: str, at: datetime, clock: datetime) -> None:
    """Note that somebody answered a post at a time; not where they, or a leader for whom they act, were asked."""
    known = state.member(member)
    if state.settings.carried_weight == 0 or known is None or known.bot or _was_asked(state, member, post):
        return
    # That a reply was removed is remembered no longer than its post may open; one that is heard later could be such.
    if at <= clock - state.settings.oldest_post:
        return
    was = state.documents.get(ASKS, member) or Asks()
    found = {**was.carried, post: min(at, was.carried.get(post, at))}
    lately = sorted((at, post) for post, at in found.items() if at > clock - WEEK)[-MOST_CARRIED:]
    carried = {post: at for at, post in lately}
    if carried != was.carried:
        state.documents.put(ASKS, member, replace(was, carried=carried))


def count_carried(carried: Mapping[str, datetime], clock: datetime) -> int:
    """Count the threads of the week before the clock."""
    return sum(clock - WEEK < at <= clock for at in carried.values())


def _was_asked(state: NudgeCommunity, member: str, post: str) -> bool:
    opportunity = state.opportunity(post)
    nudges = state.nudges_of(opportunity) if opportunity is not None else []
    return any(member in (nudge.member, nudge.answered_by) for _, nudge in nudges)
