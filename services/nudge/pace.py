"""How close together somebody may be asked: the least time between two asks, and more for who lets asks go by. Pure.

Who lets asks go by in a row, neither doing nor handing on, is asked half as often, and half again; never more rarely
than once a fortnight. What was let go is forgotten after eight weeks; an ask that they take up, or a number that they
name, ends it at once. Nobody is asked more often than they said.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.nudge.budget import WEEK, weekly_limit
from services.nudge.documents import ASKS, Asks, Member, Nudge, NudgeState
from services.nudge.settings import NudgeSettings
from shared.events import Answer, Withdrawal

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

REMEMBERED: Final = 8 * WEEK
RAREST: Final = 2 * WEEK
# More of them make no difference.
_MOST_LET_GO: Final = 100


def gap_of(member: Member, settings: NudgeSettings) -> timedelta:
    """Give the least time between two asks: what the member wished, or else the usual."""
    return timedelta(hours=settings.gap_hours if member.gap_hours is None else member.gap_hours)


def let_go_by(member: Member, let_go: Sequence[datetime], clock: datetime) -> int:
    """Count what a member let go by that still counts: of the last weeks, and since they last named a number."""
    named = member.stamps.get("weekly_asks")
    return sum(at > clock - REMEMBERED and (named is None or at > named.at) for at in let_go)


def slowed_to(member: Member, let_go: Sequence[datetime], clock: datetime, settings: NudgeSettings) -> timedelta | None:
    """Give the time between two asks of who lets asks go by; None where they are asked as often as ever."""
    limit, halves = weekly_limit(member, settings), settings.let_go_halves
    halved = let_go_by(member, let_go, clock) // halves if halves else 0
    return min(WEEK * 2**halved / limit, RAREST) if halved and limit else None


def is_too_soon(member: Member, asks: Sequence[datetime], clock: datetime, settings: NudgeSettings) -> bool:
    """Say whether somebody was asked too short a time ago."""
    return bool(asks) and clock < max(asks) + gap_of(member, settings)


def is_slowed(
    member: Member, asks: Sequence[datetime], let_go: Sequence[datetime], clock: datetime, settings: NudgeSettings
) -> bool:
    """Say whether it is too soon for somebody because they let asks go by."""
    slowed = slowed_to(member, let_go, clock, settings) if asks else None
    return slowed is not None and clock < max(asks) + slowed


def rested_at(
    member: Member,
    asks: Sequence[datetime],
    let_go: Sequence[datetime],
    clock: datetime,
    settings: NudgeSettings,
    *,
    apart: bool = True,
) -> datetime:
    """Give the first time from `clock` on when it is not too soon to ask somebody; what they let go is forgotten.

    Not `apart`: the least time between two asks is no matter, as in a digest.
    """
    if not asks:
        return clock
    changes = sorted({clock, *(at + REMEMBERED for at in let_go if at + REMEMBERED > clock)})
    gap = gap_of(member, settings) if apart else timedelta()
    free = clock
    for since, until in zip(changes, [*changes[1:], None], strict=True):
        slowed = slowed_to(member, let_go, since, settings) or timedelta()
        free = max(since, max(asks) + max(gap, slowed))
        if until is None or free < until:
            break
    return free


def note_end(state: "NudgeCommunity", nudge: Nudge, withdrawn: Withdrawal | None, clock: datetime) -> None:
    """Note a nudge that its member let go by: a pass, which counts two, or an end without a word.

    `less` is none: it says by itself how often. Nor is what a delegate passed on: it was not the member.
    """
    passed = withdrawn is Withdrawal.PASSED and nudge.answer is Answer.PASS and nudge.answered_by is None
    ignored = withdrawn is None and nudge.state is NudgeState.OPEN
    if not (passed or ignored) or not nudge.member or not state.settings.learn_from_asks:
        return
    was = state.documents.get(ASKS, nudge.member) or Asks()
    kept = [at for at in was.let_go if at > clock - REMEMBERED]
    let_go = (*kept, *([clock, clock] if passed else [clock]))[-_MOST_LET_GO:]
    state.documents.put(ASKS, nudge.member, Asks(was.times, let_go))


def note_taken_up(state: "NudgeCommunity", member: str) -> None:
    """Forget what a member let go by: they have done what they were asked."""
    was = state.documents.get(ASKS, member)
    if was is not None and was.let_go:
        state.documents.put(ASKS, member, Asks(was.times))
