"""Deleting a closed community: what the services keep goes by a record in the log, what lies beside it goes here.

    keys -> the record `CommunityDeleted` -> every service has read it -> what lies beside the states -> log, files

Each step may be done again: who was interrupted calls it again.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.ingest.importing import folder_of
from services.ingest.keys import Keys
from services.nudge import documents as nudge
from services.recommend import documents as recommend
from shared.clock import wall_clock
from shared.connections import Connections
from shared.log import Log
from shared.redis_log import RedisLog
from shared.redis_store import away_is_unavailable, hash_tag
from shared.service import ServiceName, TopicName
from shared.topics import partition_of

READS = {
    ServiceName.RECOMMEND: TopicName.ACTIVITY,
    ServiceName.NUDGE: TopicName.MATCHES,
    ServiceName.INGEST: TopicName.NUDGES,
}
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a community's end has come in recommend and in nudge, which both have to have read of it.

    `begun`: one of them has deleted it.
    """

    known: bool
    closed: bool
    deleted: bool
    begun: bool


async def stage(connections: Connections, redis: Any, community: str) -> Stage:
    """Look up whether a community is closed and deleted; a service that never heard of it has nothing to delete."""
    matching = connections.store(redis, ServiceName.RECOMMEND)
    asking = connections.store(redis, ServiceName.NUDGE)
    ranked = await matching.get(community, recommend.COMMUNITY, recommend.COMMUNITY_KEY)
    asked = await asking.get(community, nudge.COMMUNITY, nudge.THE_COMMUNITY)
    gone = [found is not None and found.deleted for found in (ranked, asked)]
    return Stage(
        known=await matching.known(community) or await asking.known(community),
        closed=ranked is not None and not ranked.open and asked is not None and asked.closed,
        deleted=all(gone),
        begun=any(gone),
    )


async def look_up(connections: Connections, community: str) -> Stage:
    """Look the same up with a connection of its own."""
    async with connections.redis() as redis:
        return await stage(connections, redis, community)


async def revoke_keys(connections: Connections, redis: Any, community: str) -> int:
    """End all keys of a community; services trust them for some seconds more. Gives how many there were."""
    keys = Keys(redis, connections.prefix, wall_clock)
    return sum([await keys.revoke(key.id) for key in await keys.list(community)])


async def sweep(connections: Connections, redis: Any, community: str) -> int:
    """Delete what lies beside a community's states: vectors, models, tries, presses. Gives how many keys there were.

    The states hold nothing any more but that it is deleted, and the place up to which the log was read.
    """
    tag = hash_tag(community)
    kept = {connections.store(redis, service).key(community) for service in ServiceName}
    kept.add(f"{connections.prefix}:{ServiceName.RECOMMEND.value}:{tag}:training-lease")
    gone = 0
    with away_is_unavailable():
        found = [key.decode() async for key in redis.scan_iter(f"{connections.prefix}:*:{tag}:*", count=1000)]
        names = [name for name in found if name not in kept]
        for first in range(0, len(names), _AT_ONCE):
            gone += await redis.unlink(*names[first : first + _AT_ONCE])
    return gone


async def erase_records(connections: Connections, redis: Any, log: Log, community: str) -> bool:
    """Delete a community's records that every service has handled; False where the log only forgets with time."""
    if not isinstance(log, RedisLog):
        return False
    partition = partition_of(community, log.partitions)
    for service, topic in READS.items():
        mark = await connections.store(redis, service).watermark(partition)
        if mark is not None and mark.generation == log.generation:
            await log.erase(topic, partition, mark.handled, lambda body: _is_of(body, community))
    return True


def _is_of(body: bytes, community: str) -> bool:
    try:
        found = json.loads(body)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("partitionkey") == community


async def rewrite_file(redis: Any) -> bool:
    """Have Redis write its append-only file anew, without what was deleted; False where it does not now."""
    try:
        with away_is_unavailable():
            await redis.bgrewriteaof()
    except Exception:  # it is not allowed to us, or is being done already: it comes by itself
        return False
    return True


def left_files(data_dir: Path) -> list[Path]:
    """Give the files of imports before each community had a folder: nobody can tell of which one they are."""
    folder = data_dir / "imports"
    return sorted(file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []


def delete_files(data_dir: Path, community: str) -> bool:
    """Delete what imports from this machine kept of a community; says whether there was anything."""
    folder = folder_of(data_dir, community)
    there = folder.is_dir()
    if there:
        shutil.rmtree(folder)
    return there
