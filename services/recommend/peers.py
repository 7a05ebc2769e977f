"""Who a member should know: whom they would meet next, with what both share. Pure.

Only what whoever is told may read counts: profiles, ties and threads in the scopes of the crowd that is looked at.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from services.recommend.candidates import leading
from services.recommend.documents import Peer
from services.recommend.explain import resting_on
from services.recommend.index import Index
from services.recommend.learn_peers import expected
from services.recommend.matched import MatchesOf
from services.recommend.meeting import Crowd, Meeting, pair_signals
from services.recommend.rounding import DECIMALS
from services.recommend.settings import RecommendSettings
from services.recommend.softmax import shares
from services.recommend.spans import DAY
from services.recommend.unwanted import apart_from, nameable
from shared.events import Evidence, Reason

YEAR = 365 * DAY

Bools = NDArray[np.bool_]

# Of somebody in thousands of threads the latest ones say enough.
_THREADS = 500
_LOOKED_AT = 10
# Who is likely, but shares nothing that could be told, gives way to who comes after.
_SPARE = 3


def peers(
    index: Index, settings: RecommendSettings, meeting: Meeting, member: str, seen: Crowd, matches: MatchesOf
) -> tuple[Peer, ...]:
    """Rank the peers of a member among a crowd, best first: who is active, not close yet, and shares something."""
    people, me = index.people, index.people.number(member)
    others = meetable(index, settings, seen, me)
    if not len(others):
        return ()
    found = pair_signals(index, seen, me, others, expected(index, seen.scopes, me, matches, seen.now))
    scores = meeting.scores(found)
    chances = np.round(shares(scores), DECIMALS)
    best = leading(scores, others, people.ids, _SPARE * settings.peers)
    chosen = [int(others[place]) for place in best]
    reasons = what_they_share(index, settings, me, chosen, seen, me)
    told = (
        Peer(people.ids[other], float(chances[place]), reasons[other])
        for other, place in zip(chosen, best, strict=True)
        if reasons[other]
    )
    return tuple(told)[: settings.peers]


def active_people(index: Index, settings: RecommendSettings, seen: Crowd) -> Bools:
    """Say who is here and has written of late in the crowd's scopes: shape (people,)."""
    return index.people.present & (index.people.last(seen.scopes) >= seen.now - settings.peers_active_days * DAY)


def meetable(index: Index, settings: RecommendSettings, seen: Crowd, me: int) -> NDArray[np.intp]:
    """Give who has written of late and is not close to somebody yet: numbers."""
    active = active_people(index, settings, seen)
    active[me] = False
    close = [n for n in seen.graph.neighbours(me) if seen.graph.answers(me, n) >= settings.peers_close]
    active[close] = False
    active[sorted(apart_from(index, me))] = False
    return np.flatnonzero(active)


def what_they_share(
    index: Index, settings: RecommendSettings, me: int, others: list[int], seen: Crowd, reader: int
) -> dict[int, tuple[Evidence, ...]]:
    """Say what somebody shares with others, by what is in the crowd's scopes; `reader` is told."""
    visible = nameable(index, reader, index.threads.seen(seen.scopes))
    shared = shared_threads(index, me, visible, seen.now)
    near = _near_threads(index, me, others, visible, seen)
    return {n: tuple(_evidence(index, settings, n, shared.get(n, []), near[n])) for n in others}


def shared_threads(index: Index, me: int, seen: Bools, now: float) -> dict[int, list[int]]:
    """Find with whom somebody shared which threads of the last year and of `seen`, by number: rows, newest first."""
    threads = index.threads
    shared: dict[int, list[int]] = {}
    for row in threads.taken_by(me, now - YEAR, _THREADS, seen):
        channel = threads.channels[row]
        for number in threads.messages[row]:
            if number != me and index.reads(number, channel):
                shared.setdefault(number, []).append(row)
    return shared


def _evidence(
    index: Index, settings: RecommendSettings, peer: int, shared: list[int], near: list[int]
) -> Iterable[Evidence]:
    """Say what a peer shares with a member: `shared` and `near` are rows of threads, the best first."""
    threads, most = index.threads, settings.evidence_posts
    if shared:
        yield resting_on(threads, shared, Reason.SHARED_THREADS, most)
    others = [row for row in near if row not in shared]
    for reason, asked in ((Reason.ASKED_SIMILAR, True), (Reason.ANSWERED_SIMILAR, False)):
        rows = [row for row in others if (threads.authors[row] == peer) is asked][:most]
        if rows:
            yield resting_on(threads, rows, reason, most)


def _near_threads(index: Index, me: int, peers: list[int], visible: Bools, seen: Crowd) -> dict[int, list[int]]:
    """Find of each peer's latest threads those near to somebody's profile in their scope: rows, nearest first."""
    threads, mine = index.threads, index.profiles.scopes_of(me)
    latest = {peer: threads.taken_by(peer, seen.now - YEAR, _LOOKED_AT, visible) for peer in peers}
    by_scope: dict[str, list[int]] = {}
    for row in sorted({row for rows in latest.values() for row in rows}):
        scope = index.scope(threads.channels[row])
        if scope in mine:
            by_scope.setdefault(scope, []).append(row)
    places: dict[int, tuple[float, int]] = {}
    for scope, rows in by_scope.items():
        cosines = threads.cosines_of(rows, index.profiles.vector(scope, me, seen.now)).round(DECIMALS)
        places |= {row: (-cosine, -row) for row, cosine in zip(rows, cosines.tolist(), strict=True) if cosine > 0}
    return {
        peer: sorted((row for row in rows if row in places), key=places.__getitem__) for peer, rows in latest.items()
    }
