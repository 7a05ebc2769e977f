"""Say whom a member should know and might introduce, when those lists were made anew: once a week for who writes."""

from collections.abc import Iterator
from datetime import datetime

from services.recommend.documents import Introductions, Peers
from services.recommend.ranked import SOURCE
from services.recommend.state import State, within_id
from shared.events import CommunityEvent, Event, IntroductionsRanked, Match, Pair, PeersRanked


def tell_people(
    state: State,
    member: str,
    of: CommunityEvent,
    peers: Peers | None,
    introducing: Introductions | None,
    clock: datetime,
) -> Iterator[Event]:
    """Give the events of lists that are new by what was written, `of`; an empty one says nothing."""
    made_by = f"{of.source} {of.id}"
    if peers is not None and peers.peers:
        yield PeersRanked(
            id=within_id("peers/", made_by, ""),
            source=SOURCE,
            at=clock,
            community=state.name,
            member=member,
            model=state.model,
            peers=tuple(Match(member=one.member, score=one.score, evidence=one.evidence) for one in peers.peers),
        )
    if introducing is not None and introducing.pairs:
        yield IntroductionsRanked(
            id=within_id("introductions/", made_by, ""),
            source=SOURCE,
            at=clock,
            community=state.name,
            member=member,
            model=state.model,
            pairs=tuple(
                Pair(one=pair.one, other=pair.other, score=pair.score, evidence=pair.evidence)
                for pair in introducing.pairs
            ),
        )
