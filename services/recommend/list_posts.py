"""A member's lists of posts: what they might answer, and what they might read. Pure.

What is listed for somebody rests on scopes that whoever is told may read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.recommend.diversify import diversify
from services.recommend.documents import Post, Suitable
from services.recommend.index import Index
from services.recommend.matched import MatchesOf
from services.recommend.open_threads import OpenThread, may_join, open_threads
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
_READING = {"near all": 1.0, "near best": 0.5, "messages": 0.5, "people": 0.5, "active 1d": 0.5}
_READING_WEIGHTS = np.array([_READING.get(name, 0.0) for name in PLACES])

# What a member might answer, and what they might read.
Lists = tuple[tuple[Suitable, ...], tuple[Suitable, ...]]


@dataclass(frozen=True, slots=True)
class Board:
    """The young threads as of `now`, the same for everybody: `posts` has the post of each."""

    now: float
    threads: Sequence[OpenThread]
    posts: Mapping[str, Post]
    matches: MatchesOf
    made: dict[tuple[str, tuple[str, ...]], Lists] = field(default_factory=dict)


def board(
    index: Index, settings: RecommendSettings, posts: Mapping[str, Post], matches: MatchesOf, now: float
) -> Board:
    """Gather what may be in somebody's lists."""
    return Board(now, open_threads(index, now - settings.posts_days * DAY, _MOST_THREADS), posts, matches)


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
    number = index.people.number(member)
    threads = [
        thread for thread in seen.threads if index.scope(thread.channel) in scopes and may_join(index, thread, number)
    ]  # fmt: skip
    unwanted = unwanted_threads(index, settings, number, [thread.row for thread in threads], scopes)
    threads = [thread for thread, hidden in zip(threads, unwanted.tolist(), strict=True) if not hidden]
    if not threads:
        return (), ()
    mentioned = [member in seen.posts[thread.post].mentions for thread in threads]
    chances = [seen.matches(thread.post).get(number, 0.0) for thread in threads]
    values = thread_features(index, number, scopes, threads, mentioned, chances, seen.now)
    unsettled = np.array([not seen.posts[thread.post].resolved for thread in threads])
    answerable = [thread for thread, is_open in zip(threads, unsettled.tolist(), strict=True) if is_open]
    suiting = _listed(index, settings, seen, answerable, suits.scores(values[:, unsettled]))
    return suiting, _listed(index, settings, seen, threads, worth_reading(values))


def worth_reading(values: Floats) -> Floats:
    """Score threads by their features, of shape (features, threads), as something to read: (threads,)."""
    scores: Floats = np.round(signals(values).astype(np.float64) @ _READING_WEIGHTS, DECIMALS)
    return scores


def _listed(
    index: Index, settings: RecommendSettings, seen: Board, threads: Sequence[OpenThread], scores: Floats
) -> tuple[Suitable, ...]:
    """Choose the best of threads, of which none is much like one before it."""
    if not threads:
        return ()
    chances = np.round(shares(scores), DECIMALS)
    order = sorted(range(len(threads)), key=lambda place: (-scores[place], threads[place].post))
    leading = order[: _COMPARED * settings.posts]
    rows = [threads[place].row for place in leading]
    cosines = np.round(index.threads.cosines_between(rows, rows), DECIMALS)
    chosen = diversify(scores[leading], cosines, settings.posts, settings.posts_alike)
    return tuple(_suitable(seen, threads[leading[place]], float(chances[leading[place]])) for place in chosen)


def _suitable(seen: Board, thread: OpenThread, share: float) -> Suitable:
    return Suitable(thread.post, thread.channel, share, seen.posts[thread.post].at)
