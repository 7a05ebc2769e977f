"""Waiting until all three services have handled everything, what they decided and re-entered included."""

import asyncio
from collections.abc import Callable

from shared.log import Log
from shared.redis_store import RedisStore
from shared.service import ServiceName, TopicName

READS = {
    ServiceName.RECOMMEND: TopicName.ACTIVITY,
    ServiceName.NUDGE: TopicName.MATCHES,
    ServiceName.INGEST: TopicName.NUDGES,
}
PAUSE = 0.003


async def caught_up(log: Log, stores: dict[ServiceName, RedisStore], partition: int, check: Callable[[], None]) -> None:
    """Wait along the chain until nothing is on its way in a partition; `check` raises where that cannot end."""
    while True:
        before = (await log.ends(TopicName.ACTIVITY))[partition]
        for service, topic in READS.items():
            end = before if topic is TopicName.ACTIVITY else (await log.ends(topic))[partition]
            while not await _handled(stores[service], partition, end, log):
                check()
                await asyncio.sleep(PAUSE)
        # What nudge decided has come in again as activity: once more around, until nothing new came.
        if (await log.ends(TopicName.ACTIVITY))[partition] == before:
            return


async def _handled(store: RedisStore, partition: int, end: int, log: Log) -> bool:
    mark = await store.watermark(partition)
    if mark is None or mark.generation != log.generation:
        return end <= log.first  # a partition that nobody has written to
    return mark.handled >= end
