"""Who a member should know: people with a near profile, and who took part in the same threads. Pure.

Only what whoever is told may read counts (`scopes`): profiles are compared scope by scope, and a shared thread
counts where both may read it.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.candidates import DECIMALS
from services.recommend.documents import Peer
from services.recommend.explain import resting_on
from services.recommend.index import Index
from services.recommend.settings import RecommendSettings
from services.recommend.spans import DAY
from shared.events import Evidence, Reason

YEAR = 365 * DAY

Bools = NDArray[np.bool_]

# Of somebody in thousands of threads the latest ones say enough.
_THREADS = 500
_LOOKED_AT = 10


def peers(
    index: Index, settings: RecommendSettings, member: str, scopes: Sequence[str], now: float
) -> tuple[Peer, ...]:
    """Rank the peers of a member by what is in `scopes`, as of `now` (seconds since 1970), best first."""
    people, weights, seen = index.people, settings.peer_weights, index.threads.seen(scopes)
    me = people.number(member)
    active = people.present & (people.last(scopes) >= now - settings.peers_active_days * DAY)
    active[me] = False
    others = np.flatnonzero(active)
    if not len(others):
        return ()
    near = np.zeros(len(others))
    for scope in index.profiles.scopes_of(me):
        if scope in scopes:
            near = np.maximum(near, index.profiles.near(scope, me, others, now))
    shared = shared_threads(index, me, seen, now)
    scores = weights.profile * near
    places = {number: place for place, number in enumerate(others.tolist())}
    for number, rows in shared.items():
        if number in places:
            scores[places[number]] += weights.threads * math.log1p(len(rows))
    found = _best(np.round(scores, DECIMALS), [people.ids[n] for n in others.tolist()], settings.peers)
    chosen = [(int(others[place]), score) for place, score in found]
    near_threads = _near_threads(index, me, [number for number, _ in chosen], seen, now)
    return tuple(
        Peer(
            people.ids[number],
            score,
            tuple(_evidence(index, settings, number, shared.get(number, []), near_threads[number])),
        )
        for number, score in chosen
    )


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


def _best(scores: np.ndarray[tuple[int], np.dtype[np.float64]], ids: list[str], most: int) -> list[tuple[int, float]]:
    """Choose the places of the `most` highest scores above zero, ties by id."""
    least = np.partition(scores, len(scores) - most)[len(scores) - most] if most < len(scores) else 0.0
    places = np.flatnonzero((scores >= least) & (scores > 0))
    found = sorted((-float(scores[place]), ids[place], place) for place in places.tolist())
    return [(place, -score) for score, _, place in found[:most]]


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


def _near_threads(index: Index, me: int, peers: list[int], seen: Bools, now: float) -> dict[int, list[int]]:
    """Find of each peer's latest threads those near to somebody's profile in their scope: rows, nearest first."""
    threads, mine = index.threads, index.profiles.scopes_of(me)
    latest = {peer: threads.taken_by(peer, now - YEAR, _LOOKED_AT, seen) for peer in peers}
    by_scope: dict[str, list[int]] = {}
    for row in sorted({row for rows in latest.values() for row in rows}):
        scope = index.scope(threads.channels[row])
        if scope in mine:
            by_scope.setdefault(scope, []).append(row)
    places: dict[int, tuple[float, int]] = {}
    for scope, rows in by_scope.items():
        cosines = threads.cosines_of(rows, index.profiles.vector(scope, me, now)).round(DECIMALS)
        places |= {row: (-cosine, -row) for row, cosine in zip(rows, cosines.tolist(), strict=True) if cosine > 0}
    return {
        peer: sorted((row for row in rows if row in places), key=places.__getitem__) for peer, rows in latest.items()
    }
