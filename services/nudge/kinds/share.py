"""share: queued content, to be shared in a channel by whoever queued it, or by a champion after them.

It opens when content is queued. Its outcome is that the asked person shared it; shared by another, it is over.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.nudge.documents import Candidate, Closing, Subject
from services.nudge.kinds.anatomy import Acting, Anatomy, Ending, Opening
from services.nudge.kinds.helpers import USUAL_CHANCE, helpers, key_of
from shared.events import ContentQueued, ContentShared, Kind

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

_OPEN: Final = timedelta(days=14)


def _queued(state: "NudgeCommunity", event: ContentQueued, clock: datetime) -> Iterable[Opening]:
    key = key_of(Kind.SHARE, event.content)
    others = (replace(one, rank=one.rank + 1) for one in helpers(state, key, clock, frozenset({event.by})))
    # Who queued it meant to share it.
    asked = (Candidate(event.by, 2 * USUAL_CHANCE, 1), *others)
    subject = Subject(content=event.content, title=event.title)
    yield Opening(key, subject, event.at, clock, event.at + _OPEN, asked)


def _shared(_state: "NudgeCommunity", event: ContentShared) -> Iterable[Ending]:
    yield Ending(key_of(Kind.SHARE, event.content), Closing.OVER)


def _by_them(_state: "NudgeCommunity", event: ContentShared) -> Iterable[Acting]:
    yield Acting(key_of(Kind.SHARE, event.content), event.by, event.message)


SHARE: Final = Anatomy(
    kind=Kind.SHARE,
    worth=lambda settings: settings.share_worth,
    stands=lambda settings: settings.ask_stands,
    opens={ContentQueued: _queued},
    ends={ContentShared: _shared},
    acts={ContentShared: _by_them},
)
