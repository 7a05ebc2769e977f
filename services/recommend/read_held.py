"""Read what recommend holds of a member: all that names them, and what it takes to say whether they may see it."""

import asyncio
from collections.abc import Iterator

from services.recommend.documents import (
    CHANNELS,
    DECLINED_TOPICS,
    FORGOTTEN,
    INTRODUCTIONS,
    PEERS,
    POSTS,
    PUBLIC_PEERS,
    PUBLIC_SUITABLE,
    READERS,
    REPLIES,
    RESPONDERS,
    SUITABLE,
    forgotten_key,
)
from services.recommend.held import HeldView, held_of
from shared.events import Evidence
from shared.held import Holding, words_of
from shared.reading import StateReader, fetch
from shared.state import Documents


async def read_held(reader: StateReader, community: str, member: str, *, own_words: bool = False) -> Holding:
    """Read all that is held of a member, as they may see it; of who is unknown that is nothing.

    Raises:
        Unavailable: the store is away.
    """
    documents = Documents(await reader.naming(community, words_of(member)))
    # In a thread: who has been here for years is named often.
    posts = await asyncio.to_thread(_posts, documents, member)
    await fetch(reader, community, documents, POSTS, posts)
    await fetch(reader, community, documents, CHANNELS, await asyncio.to_thread(_channels, documents))
    await fetch(reader, community, documents, FORGOTTEN, [forgotten_key(community, member)])
    return await asyncio.to_thread(lambda: held_of(HeldView(documents, community, member, own_words=own_words)))


def _posts(documents: Documents, member: str) -> set[str]:
    """Give the posts that something which was found is about, or rests on."""
    found = set(documents.keys(RESPONDERS))
    found |= {said.about for said in documents.table(DECLINED_TOPICS).values()}
    for table in (SUITABLE, PUBLIC_SUITABLE):
        listed = documents.get(table, member)
        found |= {one.post for one in (*listed.posts, *listed.reading)} if listed else set()
    return found | {post for evidence in _evidence(documents, member) for post in evidence.posts}


def _evidence(documents: Documents, member: str) -> Iterator[Evidence]:
    for known in documents.table(RESPONDERS).values():
        for match in known.matches:
            if match.member == member:
                yield from match.evidence
    for table in (PEERS, PUBLIC_PEERS):
        peers = documents.get(table, member)
        for peer in peers.peers if peers else ():
            yield from peer.evidence
    introductions = documents.get(INTRODUCTIONS, member)
    for pair in introductions.pairs if introductions else ():
        yield from pair.evidence


def _channels(documents: Documents) -> set[str]:
    found = {reader.channel for reader in documents.table(READERS).values()}
    found |= {post.channel for post in documents.table(POSTS).values()}
    found |= {reply.channel for reply in documents.table(REPLIES).values()}
    every = (match.evidence for known in documents.table(RESPONDERS).values() for match in known.matches)
    lists = [*documents.table(PEERS).values(), *documents.table(PUBLIC_PEERS).values()]
    every_peer = (peer.evidence for known in lists for peer in known.peers)
    every_pair = (pair.evidence for known in documents.table(INTRODUCTIONS).values() for pair in known.pairs)
    for several in (every, every_peer, every_pair):
        found |= {channel for evidence in several for one in evidence for channel in one.channels}
    return found
