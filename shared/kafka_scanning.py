"""Looking at Kafka's topics outside any group: where they end, and all that is in them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.failures import Unavailable
from shared.kafka_access import KafkaAccess
from shared.kafka_describing import describe
from shared.kafka_failures import away_is_unavailable
from shared.kafka_starting import start
from shared.log import Incoming

# A broker that does not answer for so long is away.
ANSWER_SECONDS = 5.0
_BATCH = 500
_POLL_MS = 1000


class Looker:
    """Asks where partitions end, and which topic they are of, over one connection that it keeps."""

    def __init__(self, access: KafkaAccess) -> None:
        self._access = access
        self._consumer: Any = None
        self._lock = asyncio.Lock()

    async def ends(self, partitions: Sequence[TopicPartition]) -> dict[int, int]:
        """Give each partition's next offset; raises Unavailable where no answer comes soon."""
        async with self._connected() as consumer:
            ends = await consumer.end_offsets(list(partitions))
        return {tp.partition: offset for tp, offset in ends.items()}

    async def identity(self, topic: str) -> str:
        """Give a topic's id, which is another one when it was made again; "" where Kafka is too old to say.

        Raises:
            Unavailable: no answer comes soon, or there is no such topic now.
        """
        async with self._connected() as consumer:
            found = await describe(consumer._client, [topic])
        if found is None:
            return ""
        if topic not in found:
            raise Unavailable(f"Kafka: there is no topic {topic}")
        return found[topic].id

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        async with self._lock:
            with away_is_unavailable("see"):
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        if self._consumer is None:
                            self._consumer = AIOKafkaConsumer(**self._access.client())
                            await start(self._consumer.start)
                        yield self._consumer
                except BaseException:
                    await self.stop()
                    raise

    async def stop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()


def incoming(record: Any) -> Incoming:
    """Take one of aiokafka's records; a key that is no text is none."""
    key = (record.key or b"").decode(errors="ignore")
    return Incoming(record.partition, record.offset, record.value or b"", key)


async def scan(
    access: KafkaAccess, partitions: Sequence[TopicPartition], since: Mapping[int, int]
) -> AsyncIterator[Incoming]:
    """Read partitions from `since` (default: their beginnings) to where they end now."""
    consumer = AIOKafkaConsumer(**access.client(), auto_offset_reset="earliest")
    try:
        with away_is_unavailable("read"):
            await start(consumer.start)
            left = await _begin(consumer, partitions, since)
        while left:
            with away_is_unavailable("read"):
                found = await consumer.getmany(*left, timeout_ms=_POLL_MS, max_records=_BATCH)
                for tp in [tp for tp in left if tp not in found]:
                    # What ends with Kafka's own records brings nothing any more.
                    if await consumer.position(tp) >= left[tp]:
                        found[tp] = []
            for tp, records in found.items():
                for record in records:
                    if record.offset < left[tp]:
                        yield incoming(record)
                if not records or records[-1].offset + 1 >= left[tp]:
                    del left[tp]
                    consumer.pause(tp)
    finally:
        await consumer.stop()


async def _begin(
    consumer: Any, partitions: Sequence[TopicPartition], since: Mapping[int, int]
) -> dict[TopicPartition, int]:
    """Seek to where reading starts; give the partitions that have something, with where they end."""
    consumer.assign(partitions)
    first = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    left = {}
    for tp in partitions:
        at = max(first[tp], since.get(tp.partition, 0))
        if at < ends[tp]:
            left[tp] = ends[tp]
            consumer.seek(tp, at)
        else:
            consumer.pause(tp)
    return left
