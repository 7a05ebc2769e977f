"""Read what nudge holds of a member: all that names them, and what it takes to say whether they may see it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from services.nudge.decision_log import DECISIONS
from services.nudge.documents import (
    ASKS,
    CHANNELS,
    FORGOTTEN,
    GATHERINGS,
    MEMBERS,
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
    Asks,
    Member,
    channel_of,
)
from services.nudge.guard import Guard, Held
from services.nudge.held import HeldView, held_of
from services.nudge.naming import short_hash
from services.nudge.unasked import UNASKED
from shared.events import Evidence
from shared.held import Entry, Holding, Section, plain, words_of
from shared.reading import StateReader, fetch
from shared.state import Documents, Table

# Kept beside the tables, by the guard.
PRESSES: Final = "presses"
_PRESSES: Final = "What you pressed a moment ago, kept for an hour at most, until it has come through."

# By the key of a post or of what else something is about; none of them names anybody.
_ABOUT_POSTS: Final[tuple[Table[Any], ...]] = (POSTS, OPPORTUNITIES, TRIALS, WEEK_POSTS, TIES)
_ABOUT_SOMETHING: Final[tuple[Table[Any], ...]] = (NUDGES, PROPOSALS, DECISIONS)
_IN_CHANNELS: Final[tuple[Table[Any], ...]] = (POSTS, OPPORTUNITIES, GATHERINGS, *_ABOUT_SOMETHING)


async def read_held(reader: StateReader, guard: Guard, community: str, member: str) -> Holding:
    """Read all that is held of a member, as they may see it; of who is unknown that is nothing.

    What they pressed lately is a section beside the tables: it is kept for a while, apart from them.

    Raises:
        Unavailable: the store is away.
    """
    documents = Documents(await reader.naming(community, words_of(member)))
    pressed = await guard.held(community, member)
    # In a thread: who has been here for years is named often.
    about = await asyncio.to_thread(_about, documents)
    about |= (documents.get(ASKS, member) or Asks()).carried.keys()
    about |= {topic for wishes in pressed.wishes for topic in wishes.topics}
    for table in _ABOUT_POSTS:
        await fetch(reader, community, documents, table, about)
    rested_on = {post for evidence in _evidence(documents) for post in evidence.posts}
    await fetch(reader, community, documents, POSTS, rested_on)
    await fetch(reader, community, documents, CHANNELS, await asyncio.to_thread(_channels, documents))
    await fetch(reader, community, documents, FORGOTTEN, [short_hash(member)])
    await fetch(reader, community, documents, UNASKED, [THE_COMMUNITY])
    view = HeldView(documents, community, member)
    holding = await asyncio.to_thread(held_of, view)
    return replace(holding, sections=(*holding.sections, Section(PRESSES, _PRESSES, tuple(_presses(view, pressed)))))


def _presses(view: HeldView, pressed: Held) -> Iterator[Entry]:
    for nudge, stamp in sorted(pressed.nudges.items()):
        yield {"nudge": nudge, "answered": stamp.at.isoformat()}
    for said in pressed.said:
        unsaid = plain(MEMBERS, Member())
        yield {name: value for name, value in plain(MEMBERS, said).items() if value != unsaid[name]}
    for wishes in pressed.wishes:
        kept = plain(WISHES, wishes)
        yield from ({"topic_of_post": post, **one} for post, one in kept["topics"].items() if view.sees(post))
        yield from ({"person": person, **one} for person, one in kept["people"].items())


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
