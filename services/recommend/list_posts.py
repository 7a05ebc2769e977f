"""A member's lists of posts: what they might answer, and what they might read. Pure.

What is listed for somebody rests on scopes that whoever is told may read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from services.recommend.diversify import diversify
from services.recommend.documents import Post, Suitable
from services.recommend.index import Index
from services.recommend.matched import MatchesOf
from services.recommend.open_threads import Mask, OpenThreads, in_channels, may_join, open_threads
from services.recommend.rounding import DECIMALS
from services.recommend.settings import RecommendSettings
from services.recommend.signals import signals
from services.recommend.softmax import shares
from services.recommend.spans import DAY
from services.recommend.suits import PLACES, Floats, Suits, thread_features
from services.recommend.unwanted import unwanted_threads

# Those that began last; and of these so many for each place in a list are compared with each other.
_MOST_THREADS = 300
_COMPARED = 3
# What is worth reading is about what one knows, and goes on; nobody's views are known to learn from.
_READING = {"near all": 1.0, "near best": 0.5, "interest": 0.5, "messages": 0.5, "people": 0.5, "active 1d": 0.5}
_READING_WEIGHTS = np.array([_READING.get(name, 0.0) for name in PLACES])

# What a member might answer, and what they might read.
Lists = tuple[tuple[Suitable, ...], tuple[Suitable, ...]]


@dataclass(frozen=True, slots=True)
class Board:
    """The young threads as of `now`, the same for everybody, and of each who is named and who may answer it."""

    now: float
    threads: OpenThreads
    at: Sequence[datetime]
    mentions: Sequence[Collection[str]]
    matches: Sequence[Mapping[int, float]]
    settled: Mask
    made: dict[tuple[str, tuple[str, ...]], Lists] = field(default_factory=dict)


def board(
    index: Index, settings: RecommendSettings, posts: Mapping[str, Post], matches: MatchesOf, now: float
) -> Board:
    """Gather what may be in somebody's lists."""
    threads = open_threads(index, now - settings.posts_days * DAY, _MOST_THREADS)
    known = [posts[post] for post in threads.posts]
    return Board(
        now,
        threads,
        [post.at for post in known],
        [post.mentions for post in known],
        [matches(post) for post in threads.posts],
        np.array([post.resolved for post in known], np.bool_),
    )


def list_posts(
    index: Index, settings: RecommendSettings, suits: Suits, seen: Board, member: str, scopes: Sequence[str]
) -> Lists:
    """Choose the posts that a member might answer, and those that they might read, best first.

    Both are threads in `scopes` that they have not written in; a settled one may still be read. For oneself and for
    others it is often the same, and made once.
    """
    known = seen.made.get((member, tuple(scopes)))
    if known is None:
        known = seen.made[member, tuple(scopes)] = _list_posts(index, settings, suits, seen, member, scopes)
    return known


def _list_posts(
    index: Index, settings: RecommendSettings, suits: Suits, seen: Board, member: str, scopes: Sequence[str]
) -> Lists:
    number, threads = index.people.number(member), seen.threads
    wanted = may_join(index, threads, number) & in_channels(index, threads, lambda name: index.scope(name) in scopes)
    wanted[wanted] = ~unwanted_threads(index, settings, number, threads.facts["row"][wanted].tolist(), scopes)
    places = np.flatnonzero(wanted)
    if not len(places):
        return (), ()
    mentioned = [member in seen.mentions[place] for place in places.tolist()]
    chances = [seen.matches[place].get(number, 0.0) for place in places.tolist()]
    values = thread_features(index, number, scopes, threads.of(places), mentioned, chances, seen.now)
    unsettled = ~seen.settled[places]
    suiting = _listed(index, settings, seen, places[unsettled], suits.scores(values[:, unsettled]))
    return suiting, _listed(index, settings, seen, places, worth_reading(values))


def worth_reading(values: Floats) -> Floats:
    """Score threads by their features, of shape (features, threads), as something to read: (threads,)."""
    scores: Floats = np.round(signals(values).astype(np.float64) @ _READING_WEIGHTS, DECIMALS)
    return scores


def _listed(
    index: Index, settings: RecommendSettings, seen: Board, places: NDArray[np.intp], scores: Floats
) -> tuple[Suitable, ...]:
    """Choose the best of threads in some places, of which none is much like one before it."""
    if not len(places):
        return ()
    chances = np.round(shares(scores), DECIMALS)
    posts = seen.threads.posts
    order = sorted(range(len(places)), key=lambda place: (-scores[place], posts[places[place]]))
    leading = order[: _COMPARED * settings.posts]
    rows = seen.threads.facts["row"][places[leading]]
    cosines = np.round(index.threads.cosines_between(rows, rows), DECIMALS)
    chosen = diversify(scores[leading], cosines, settings.posts, settings.posts_alike)
    return tuple(_suitable(index, seen, int(places[leading[one]]), float(chances[leading[one]])) for one in chosen)


def _suitable(index: Index, seen: Board, place: int, share: float) -> Suitable:
    channel = index.threads.channel_names[seen.threads.facts["channel"][place]]
    return Suitable(seen.threads.posts[place], channel, share, seen.at[place])
