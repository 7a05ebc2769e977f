"""attend: a gathering soon, asked of each whom it fits: who helps here and can read its channel.

It is looked at once a day. Its outcome is that they attended; it is over when the gathering begins or is cancelled.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.nudge.documents import GATHERINGS, MEMBERS, Closing, Gathering, Subject
from services.nudge.kinds.anatomy import Acting, Anatomy, Ending, Opening
from services.nudge.kinds.helpers import helpers, key_of
from shared.events import GatheringAttended, GatheringChanged, GatheringScheduled, Kind

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity


def _planned(state: "NudgeCommunity", clock: datetime) -> Iterable[Opening]:
    until = clock + timedelta(days=state.settings.attend_days)
    for name, known in sorted(state.documents.table(GATHERINGS).items()):
        if known.starts is not None and clock < known.starts <= until and not known.cancelled:
            yield from _invitations(state, name, known, known.starts, clock)


def _invitations(
    state: "NudgeCommunity", name: str, known: Gathering, starts: datetime, clock: datetime
) -> Iterable[Opening]:
    subject = Subject(gathering=name, title=known.title, starts=starts)
    hosts = frozenset({known.host} if known.host else ())
    told = frozenset(who for who in state.documents.keys(MEMBERS) if state.opportunity(_key(name, who)) is not None)
    left = max(0, state.settings.attend_people - len(told))
    for who in helpers(state, name, clock, hosts | told)[:left]:
        # Each is asked for themselves: that one comes is no reason for another to stay away.
        yield Opening(_key(name, who.member), subject, clock, clock, starts, (who,), known.channel or "")


def _cancelled(state: "NudgeCommunity", event: GatheringChanged | GatheringScheduled) -> Iterable[Ending]:
    """End what was asked where the gathering is off, or at another time now than who was asked was told."""
    known = state.documents.get(GATHERINGS, event.gathering)
    for key in state.open_about(event.gathering):
        opportunity = state.opportunity(key)
        subject = opportunity.subject if opportunity else None
        if known is None or subject is None or known.cancelled or known.starts != subject.starts:
            yield Ending(key, Closing.OVER)


def _attended(_state: "NudgeCommunity", event: GatheringAttended) -> Iterable[Acting]:
    yield Acting(_key(event.gathering, event.member), event.member)


def _key(gathering: str, member: str) -> str:
    return key_of(Kind.ATTEND, gathering, member)


ATTEND: Final = Anatomy(
    kind=Kind.ATTEND,
    worth=lambda settings: settings.attend_worth,
    personal=True,
    # To whom it was said once, it is said until it begins.
    stands=lambda settings: timedelta(days=settings.attend_days),
    planned=_planned,
    ends={GatheringChanged: _cancelled, GatheringScheduled: _cancelled},
    acts={GatheringAttended: _attended},
)
