"""Read what nudge holds of a member: all that names them, and what it takes to say whether they may see it."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, Final

from services.nudge.decision_log import DECISIONS
from services.nudge.documents import (
    CHANNELS,
    FORGOTTEN,
    GATHERINGS,
    NUDGES,
    OPPORTUNITIES,
    POSTS,
    PROPOSALS,
    READERS,
    THE_COMMUNITY,
    TIES,
    TRIALS,
    WEEK_POSTS,
    WISHES,
    channel_of,
)
from services.nudge.held import HeldView, held_of
from services.nudge.naming import short_hash
from services.nudge.unasked import UNASKED
from shared.events import Evidence
from shared.held import Holding, words_of
from shared.reading import StateReader
from shared.state import Documents, Table

# By the key of a post or of what else something is about; none of them names anybody.
_ABOUT_POSTS: Final[tuple[Table[Any], ...]] = (POSTS, OPPORTUNITIES, TRIALS, WEEK_POSTS, TIES)
_ABOUT_SOMETHING: Final[tuple[Table[Any], ...]] = (NUDGES, PROPOSALS, DECISIONS)
_IN_CHANNELS: Final[tuple[Table[Any], ...]] = (POSTS, OPPORTUNITIES, GATHERINGS, *_ABOUT_SOMETHING)


async def read_held(reader: StateReader, community: str, member: str) -> Holding:
    """Read all that is held of a member, as they may see it; of who is unknown that is nothing.

    Raises:
        Unavailable: the store is away.
    """
    documents = Documents(await reader.naming(community, words_of(member)))
    # In a thread: who has been here for years is named often.
    about = await asyncio.to_thread(_about, documents)
    for table in _ABOUT_POSTS:
        await _fetch(reader, community, documents, table, about)
    rested_on = {post for evidence in _evidence(documents) for post in evidence.posts}
    await _fetch(reader, community, documents, POSTS, rested_on)
    await _fetch(reader, community, documents, CHANNELS, await asyncio.to_thread(_channels, documents))
    await _fetch(reader, community, documents, FORGOTTEN, [short_hash(member)])
    await _fetch(reader, community, documents, UNASKED, [THE_COMMUNITY])
    return await asyncio.to_thread(lambda: held_of(HeldView(documents, community, member)))


async def _fetch(
    reader: StateReader, community: str, documents: Documents, table: Table[Any], keys: Iterable[str]
) -> None:
    missing = sorted(set(keys) - set(documents.keys(table)))
    for key, found in zip(missing, await reader.get_many(community, table, missing), strict=True):
        if found is not None:
            documents.put(table, key, found)


def _about(documents: Documents) -> set[str]:
    """Give the keys of all that something which was found is about."""
    found = {*documents.keys(POSTS), *documents.keys(OPPORTUNITIES)}
    for table in _ABOUT_SOMETHING:
        found |= {one.post for one in documents.table(table).values()}
    for wishes in documents.table(WISHES).values():
        found |= wishes.topics.keys()
    return found


def _evidence(documents: Documents) -> Iterator[Evidence]:
    for nudge in documents.table(NUDGES).values():
        yield from nudge.evidence
    for proposal in documents.table(PROPOSALS).values():
        yield from proposal.evidence
    for opportunity in documents.table(OPPORTUNITIES).values():
        for candidate in opportunity.candidates:
            yield from candidate.evidence


def _channels(documents: Documents) -> set[str]:
    found = {channel_of(key) for key in documents.keys(READERS)}
    for table in _IN_CHANNELS:
        found |= {one.channel for one in documents.table(table).values() if one.channel}
    found |= {heard.channel for post in documents.table(POSTS).values() for heard in post.heard}
    return found | {channel for evidence in _evidence(documents) for channel in evidence.channels}
