"""introduce: a champion is asked to bring two people together whom they know, and who have not met.

It opens when recommend names the pair, once for all who could do it; both must let themselves be suggested to others.
Its outcome is the first exchange between the two after the ask.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.nudge.documents import Candidate, Subject
from services.nudge.kinds.anatomy import Acting, Anatomy, Opening
from services.nudge.kinds.helpers import consents, may_be_connected, pair_key
from shared.events import IntroductionsRanked, Kind, ReplyPublished

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

_STANDS: Final = timedelta(days=3)
_OPEN: Final = timedelta(days=14)


def _ranked(state: "NudgeCommunity", event: IntroductionsRanked, clock: datetime) -> Iterable[Opening]:
    for rank, pair in enumerate(event.pairs, start=1):
        if consents(state, pair.one) and consents(state, pair.other):
            people = tuple(sorted((pair.one, pair.other)))
            who = Candidate(event.member, round(pair.score, 6), rank, pair.evidence)
            key = pair_key(Kind.INTRODUCE, *people)
            yield Opening(key, Subject(people=people), event.at, clock, event.at + _OPEN, (who,), "", event.model, True)


def _exchanged(state: "NudgeCommunity", event: ReplyPublished) -> Iterable[Acting]:
    if (author := state.author_of(event.post)) is not None and author != event.author:
        yield Acting(pair_key(Kind.INTRODUCE, author, event.author), message=event.message)


INTRODUCE: Final = Anatomy(
    kind=Kind.INTRODUCE,
    worth=lambda settings: settings.introduce_worth,
    stands=lambda _settings: _STANDS,
    wanted=may_be_connected,
    opens={IntroductionsRanked: _ranked},
    acts={ReplyPublished: _exchanged},
)
