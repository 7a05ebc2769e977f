"""Publishing while Kafka is away: everybody hears of it in time, and what is sent again keeps its order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition

from shared.failures import TooLarge, Unavailable
from shared.kafka_access import KafkaAccess
from shared.kafka_publishing import FLUSH_SECONDS, LARGEST, KafkaPublisher, Message
from shared.kafka_scanning import scan
from tests.conftest import Kafka
from tests.loop.harness import until
from tests.servers import KafkaServer, create_topic

TOPIC = "letters"
PARTITIONS = 3
ACKNOWLEDGE_SECONDS = 3.0
# Until the first of all who wait gives up, and the producer is ended: it flushes, and closes its parts.
BOUND = ACKNOWLEDGE_SECONDS + 3 * FLUSH_SECONDS + 1


@asynccontextmanager
async def publishing(kafka: KafkaServer, seconds: float = ACKNOWLEDGE_SECONDS) -> AsyncIterator[KafkaPublisher]:
    """A publisher whose producer has been used: a new one would notice at once that nobody is there."""
    await kafka.create_topic(TOPIC, PARTITIONS)
    publisher = KafkaPublisher(KafkaAccess([kafka.address]), seconds)
    for partition in range(PARTITIONS):
        await publisher.publish(messages(partition, 1, 0))
    try:
        yield publisher
    finally:
        await publisher.stop()


def messages(partition: int, count: int, size: int = 1000) -> list[Message]:
    """Numbers from 1, each in a body of some size."""
    return [Message(TOPIC, partition, b"key", b"%d " % number + b"x" * size) for number in range(1, count + 1)]


async def attempt(publisher: KafkaPublisher, sent: list[Message]) -> bool:
    """Publish; says whether it was acknowledged."""
    try:
        await publisher.publish(sent)
    except Unavailable:
        return False
    return True


async def insist(publisher: KafkaPublisher, sent: list[Message]) -> None:
    await until(lambda: attempt(publisher, sent))


async def numbers(kafka: KafkaServer, partition: int) -> list[int]:
    found = scan(KafkaAccess([kafka.address]), [TopicPartition(TOPIC, partition)], {})
    return [int(record.body.split()[0]) async for record in found]


async def test_a_topic_that_takes_less_is_named(kafka: Kafka, prefix: str) -> None:
    """It is no broker that is away: the sentence says what to set, and what is smaller goes through."""
    await create_topic(kafka.address, prefix, 1, {"max.message.bytes": "2000"})
    publisher = KafkaPublisher(KafkaAccess([kafka.address]))

    def sized(size: int) -> list[Message]:
        return [Message(prefix, 0, b"key", b"x" * size)]

    try:
        for size in (5000, LARGEST + 1):
            with pytest.raises(TooLarge, match=f"no record of {size} bytes in {prefix}: its max.message.bytes"):
                await publisher.publish(sized(size))
        await publisher.publish(sized(1000))
    finally:
        await publisher.stop()


async def test_all_who_publish_hear_that_kafka_is_away(own_kafka: KafkaServer) -> None:
    """A small one, and a large one that fills its batches: none of them waits for ever, and all works afterwards."""
    async with publishing(own_kafka) as publisher:
        await asyncio.to_thread(own_kafka.kill9)
        async with asyncio.timeout(BOUND):
            small, large = messages(0, 1), messages(1, 100)
            done = await asyncio.gather(*[attempt(publisher, sent) for sent in (small, large, small)])
        assert done == [False] * 3
        await asyncio.to_thread(own_kafka.start)
        await asyncio.gather(insist(publisher, small), insist(publisher, large))
        assert list(dict.fromkeys(await numbers(own_kafka, 1))) == list(range(1, 101))


async def test_a_producer_that_ends_leaves_nobody_waiting(own_kafka: KafkaServer) -> None:
    """Stopping is bounded while Kafka is away, and whoever still publishes hears of it then, not when time is up."""
    async with publishing(own_kafka, seconds=3600) as publisher:
        await asyncio.to_thread(own_kafka.kill9)
        waiting = asyncio.create_task(attempt(publisher, messages(0, 1)))
        large = asyncio.create_task(attempt(publisher, messages(1, 100)))
        await asyncio.sleep(0)
        async with asyncio.timeout(BOUND):
            await publisher.stop()
            assert [await waiting, await large] == [False, False]


async def test_what_arrives_late_while_it_is_sent_again_makes_no_gap(own_kafka: KafkaServer) -> None:
    """A broker that froze with records on their way handles them when it wakes up: as repeats, never out of turn."""
    async with publishing(own_kafka) as publisher:
        own_kafka.pause()
        large = messages(0, 60)
        async with asyncio.timeout(BOUND):
            assert not await attempt(publisher, large)
        again = asyncio.create_task(insist(publisher, large))
        await asyncio.sleep(0)
        own_kafka.resume()
        await again
        read = 0
        for number in await numbers(own_kafka, 0):
            assert number <= read + 1, "a reader would see a gap"
            read = max(read, number)
        assert read == 60
