"""Who must not be matched with whom, and with what: read off the wishes and what is near in meaning. Pure.

Only topics in scopes that count shape a list: that somebody declines what a private post is about is no one else's.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.index import Index
from services.recommend.settings import RecommendSettings


def unwilling(
    index: Index, settings: RecommendSettings, author: int, vector: NDArray[np.int16], scopes: Sequence[str]
) -> list[int]:
    """Give who must not be asked about a post by `author`: they are apart, or decline what is near to it."""
    names = index.wishes.apart_from(index.people.ids[author])
    for topic in near_topics(index, settings, vector, scopes):
        names |= index.wishes.declining(topic)
    return sorted(_numbers(index, names))


def near_topics(
    index: Index, settings: RecommendSettings, vector: NDArray[np.generic], scopes: Sequence[str]
) -> list[str]:
    """Give the posts whose topics somebody declines that are near to a vector."""
    topics = _known(index, index.wishes.topics, scopes)
    if not topics:
        return []
    cosines = index.threads.cosines_of([index.threads.rows[post] for post in topics], vector)
    return [post for post, near in zip(topics, cosines.tolist(), strict=True) if near >= settings.declined_cosine]


def topics_of(index: Index, member: str, scopes: Sequence[str]) -> list[str]:
    """Give the posts whose topics a member declines."""
    return [post for post in _known(index, index.wishes.topics, scopes) if member in index.wishes.declining(post)]


def _known(index: Index, posts: Iterable[str], scopes: Sequence[str]) -> list[str]:
    """Give those of the posts that are there, in scopes."""
    rows, channels = index.threads.rows, index.threads.channels
    return [post for post in posts if post in rows and index.scope(channels[rows[post]]) in scopes]


def apart_from(index: Index, person: int) -> set[int]:
    """Give with whom somebody must not be matched: numbers."""
    return _numbers(index, index.wishes.apart_from(index.people.ids[person]))


def _numbers(index: Index, names: Iterable[str]) -> set[int]:
    return {index.people.numbers[name] for name in names if name in index.people.numbers}


def is_apart(index: Index, one: int, other: int) -> bool:
    """Say whether two people must not be matched, nor told of each other's threads."""
    return index.wishes.apart(index.people.ids[one], index.people.ids[other])


def nameable(index: Index, reader: int, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out of threads (rows,) those of people from whom who is told of them is kept apart."""
    apart = apart_from(index, reader)
    if not apart:
        return rows
    return rows & ~np.isin(np.array(index.threads.authors, np.intp), sorted(apart))


def unwanted_threads(
    index: Index, settings: RecommendSettings, member: int, rows: Sequence[int], scopes: Sequence[str]
) -> NDArray[np.bool_]:
    """Say which threads, by row, a member must not be shown as theirs to answer or to read: shape (len(rows),)."""
    apart = apart_from(index, member)
    unwanted = np.array([index.threads.authors[row] in apart for row in rows], np.bool_)
    for topic in topics_of(index, index.people.ids[member], scopes):
        near = index.threads.cosines_of(list(rows), index.threads.vector(index.threads.rows[topic]))
        unwanted |= near >= settings.declined_cosine
    return unwanted
