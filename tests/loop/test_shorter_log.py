"""A log that has lost records which were read: new ones take their places, and must not be taken for them."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka_log import KafkaLog
from shared.log import Log
from shared.service import TopicName
from shared.topics import partition_of, topic_name
from tests.loop.counting import Counting
from tests.loop.harness import PARTITIONS, Place, Running, emitted, reply, running, until
from tests.servers import RedisServer, create_topic

ACTIVITY = TopicName.ACTIVITY


async def _says_so(run: Running) -> bool:
    return any("shorter than what was read" in told for told in run.processor.status.waiting.values())


async def _lose_activity(place: Place, log: Log) -> None:
    """Remove all that the topic held, and leave the generation as it was."""
    name = topic_name(place.prefix, ACTIVITY)
    if not isinstance(log, KafkaLog):
        async with place.redis() as redis:
            await redis.delete(*(f"{name}:{partition}" for partition in range(PARTITIONS)))
        return
    address = place.log_url.removeprefix("kafka://")
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.delete_topics([name])
        await until(lambda: _is_gone(admin, name))
    finally:
        await admin.close()
    await create_topic(address, name, PARTITIONS)


async def _is_gone(admin: AIOKafkaAdminClient, name: str) -> bool:
    return name not in await admin.list_topics()


async def test_a_log_that_is_shorter_at_the_start_is_said(place: Place) -> None:
    """A service does not read on where records were lost: it is not ready and says why, and it stays so."""
    async with running(place, Counting()) as run:
        await run.feed([reply("c", n) for n in range(5)])
        await run.settle()
        await _lose_activity(place, run.log)
    async with running(place, Counting()) as run:
        await until(lambda: _says_so(run), 30)
        assert not run.processor.status.ready
        # Long enough again to look right: it still is not.
        await run.feed([reply("c", n) for n in range(100, 110)])
        await run.processor._watch.look()
        partition = partition_of("c", PARTITIONS)
        assert partition not in run.processor.status.partitions
        assert await _says_so(run)
        assert [event_id for _, event_id, _ in (await emitted(run.log))["c"]] == [f"reply/{n}" for n in range(5)]


async def test_a_log_that_becomes_shorter_is_noticed(prefix: str) -> None:
    """The log's server loses its last second while the store's does not: the service stops, and takes no new record."""
    with RedisServer() as log_server, RedisServer() as server:
        async with running(Place(log_server.url, server.url, prefix), Counting()) as run:
            await run.feed([reply("c", n) for n in range(20)])
            await run.settle()
            before = log_server.appended_bytes()
            await run.feed([reply("c", 100)])
            await run.settle()
            await asyncio.to_thread(log_server.kill9)
            log_server.lose_last_bytes(log_server.appended_bytes() - before)
            await asyncio.to_thread(log_server.start)
            await until(lambda: _says_so(run), 30)
            assert not run.processor.status.ready
            await run.feed([reply("c", 200)])
            await run.processor._watch.look()
            assert await _says_so(run)
            assert partition_of("c", PARTITIONS) not in run.processor.status.partitions
