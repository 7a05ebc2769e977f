"""Whether all services have read all that the log holds, and who has not.

Ticks do not count: time goes on in any log. What is numbered needs no look at the log: where the next service has read
the last number that was ever emitted, nothing is between the two, neither in the log nor in an outbox.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from kindling.saved.records import LINKS, after
from shared.arrivals import arrivals_in
from shared.events import Tick
from shared.log import Incoming, Log
from shared.redis_store import RedisStore
from shared.service import ServiceName, TopicName
from shared.store import Position, Watermark

NOBODY: Final = ""


@dataclass(frozen=True, slots=True, order=True)
class Lag:
    """So many records of a community (or of nobody) that a service has still to handle, or to publish."""

    service: ServiceName
    community: str
    records: int

    def __str__(self) -> str:
        whose = self.community or "what belongs to no community"
        return f"{self.service.value}: {self.records:,} of {whose}"


async def find_lags(log: Log, stores: dict[ServiceName, RedisStore]) -> list[Lag]:
    """Give who has still to read what, or to publish it; nothing where the log is drained."""
    communities = sorted({name for store in stores.values() for name in await store.communities()})
    positions = {
        service: {community: await store.position(community) for community in communities}
        for service, store in stores.items()
    }
    lags = await _unread_activity(log, stores[ServiceName.RECOMMEND], positions[ServiceName.RECOMMEND])
    for writer, _, reader in LINKS:
        for community in communities:
            written, read = positions[writer][community], positions[reader][community]
            between = (written.emitted if written else 0) - (read.read if read else 0)
            if between > 0:
                lags.append(Lag(reader, community, between))
    for community in communities:
        # It writes what has no numbers.
        if waiting := (await stores[ServiceName.INGEST].load(community)).outbox:
            lags.append(Lag(ServiceName.INGEST, community, len(waiting)))
    return sorted(lags)


async def _unread_activity(log: Log, store: RedisStore, positions: dict[str, Position | None]) -> list[Lag]:
    places: dict[int, Watermark | None] = {p: await store.watermark(p) for p in range(log.partitions)}
    own = {p: mark for p, mark in places.items() if mark is not None and mark.generation == log.generation}
    unread: Counter[str] = Counter()
    begin = {partition: own[partition].resume if partition in own else 0 for partition in places}
    async for record in log.scan(TopicName.ACTIVITY, begin):
        community = _whose(record, log.partitions)
        if community is None:
            continue
        if community == NOBODY:
            # It becomes a dead letter, which no community's position tells of.
            handled = record.partition in own and record.offset < own[record.partition].handled
        else:
            handled = record.offset < after(positions.get(community), log.generation)
        if not handled:
            unread[community] += 1
    return [Lag(ServiceName.RECOMMEND, community, count) for community, count in unread.items()]


def _whose(record: Incoming, partitions: int) -> str | None:
    """Give the community of a record, NOBODY for what is no community's, None for a tick."""
    (arrival,) = arrivals_in(TopicName.ACTIVITY, [record], partitions)
    if arrival.envelope is not None and isinstance(arrival.envelope.event, Tick):
        return None
    return arrival.community
