"""routine: what a community does each week, such as "Top Tip Tuesday"; one champion is asked to run it.

Its routines are settings of the community (routines.py). It opens the day before, and its outcome is a post by the
asked person in the channel on the day.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.nudge.documents import ROUTINES, Subject
from services.nudge.kinds.anatomy import Acting, Anatomy, Opening
from services.nudge.kinds.helpers import helpers, key_of
from shared.events import Kind, PostPublished

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

_DAY: Final = timedelta(days=1)


def _planned(state: "NudgeCommunity", clock: datetime) -> Iterable[Opening]:
    """Open the routines of tomorrow; days are in UTC, as a community has no zone."""
    day = (clock.astimezone(UTC) + _DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    for name, routine in sorted(state.documents.table(ROUTINES).items()):
        if routine.title and routine.weekday == day.weekday():
            key = _key(name, day)
            subject = Subject(routine=name, title=routine.title, starts=day + timedelta(hours=routine.hour))
            yield Opening(key, subject, clock, clock, day + _DAY, helpers(state, key, clock), routine.channel)


def _posted(state: "NudgeCommunity", event: PostPublished) -> Iterable[Acting]:
    for name, routine in sorted(state.documents.table(ROUTINES).items()):
        if routine.channel == event.channel:
            yield Acting(_key(name, event.at.astimezone(UTC)), event.author, event.message)


def _key(name: str, day: datetime) -> str:
    return key_of(Kind.ROUTINE, name, f"{day:%Y-%m-%d}")


ROUTINE: Final = Anatomy(
    kind=Kind.ROUTINE,
    worth=lambda settings: settings.routine_worth,
    # It is theirs until the day is over, or they pass.
    stands=lambda _settings: 2 * _DAY,
    planned=_planned,
    acts={PostPublished: _posted},
)
