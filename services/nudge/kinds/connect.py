"""connect: a peer worth knowing, asked of a member about another, with what they share and complement.

It opens when recommend ranks somebody's peers. Its outcome is the first exchange between the two after the ask.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.nudge.budget import role_of
from services.nudge.documents import Candidate, Member, Subject
from services.nudge.kinds.anatomy import Acting, Anatomy, Opening
from services.nudge.kinds.helpers import consents, key_of, may_be_connected
from shared.events import Kind, PeersRanked, ReplyPublished, Role

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

_STANDS: Final = timedelta(days=7)


def _ranked(state: "NudgeCommunity", event: PeersRanked, clock: datetime) -> Iterable[Opening]:
    """Open the best peers that somebody was not told of yet, one a week: the next list brings the next."""
    if not state.settings.ask_members and role_of(state.member(event.member) or Member()) is Role.MEMBER:
        return
    keys = [key_of(Kind.CONNECT, event.member, peer.member) for peer in event.peers]
    known = [one for key in keys if (one := state.opportunity(key)) is not None]
    if any(one.published == event.at for one in known):
        return
    for peer in event.peers:
        key = key_of(Kind.CONNECT, event.member, peer.member)
        if state.opportunity(key) is not None or not consents(state, peer.member):
            continue
        who = Candidate(event.member, round(peer.score, 6), 1, peer.evidence)
        yield Opening(key, Subject(people=(peer.member,)), event.at, clock, event.at + _STANDS, (who,), "", event.model)
        return


def _exchanged(state: "NudgeCommunity", event: ReplyPublished) -> Iterable[Acting]:
    if (author := state.author_of(event.post)) is not None and author != event.author:
        yield Acting(key_of(Kind.CONNECT, event.author, author), message=event.message)
        yield Acting(key_of(Kind.CONNECT, author, event.author), message=event.message)


CONNECT: Final = Anatomy(
    kind=Kind.CONNECT,
    worth=lambda settings: settings.connect_worth,
    personal=True,
    stands=lambda _settings: _STANDS,
    wanted=may_be_connected,
    opens={PeersRanked: _ranked},
    acts={ReplyPublished: _exchanged},
)
