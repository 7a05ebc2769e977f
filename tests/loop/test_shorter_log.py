"""A log that has lost records which were read: new ones take their places, and must not be taken for them."""

import asyncio
import re

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka_describing import id_of
from shared.kafka_log import KafkaLog
from shared.log import Incoming, Log
from shared.service import TopicName
from shared.topics import partition_of, topic_name
from tests.conftest import Kafka
from tests.loop.counting import Counting
from tests.loop.harness import PARTITIONS, Place, Running, emitted, reply, running, until
from tests.servers import RedisServer, create_topic

ACTIVITY = TopicName.ACTIVITY


async def _says_so(run: Running, why: str = "shorter than what was read|deleted and made again") -> bool:
    return any(re.search(why, told) for told in run.processor.status.waiting.values())


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


async def _remade(run: Running) -> bool:
    return await _says_so(run, "topic of activity was deleted and made again")


@pytest.mark.kafka
async def test_a_topic_that_was_made_again_is_told_from_what_was_read(
    kafka: Kafka, redis_url: str, prefix: str
) -> None:
    """Also where it is longer than it ever was: none of its records is taken for one of before."""
    place = Place(f"kafka://{kafka.address}", redis_url, prefix)
    async with running(place, Counting()) as run:
        await run.feed([reply("c", n) for n in range(5)])
        await run.settle()
        await _lose_activity(place, run.log)
        await run.feed([reply("c", n) for n in range(100, 110)])
    async with running(place, Counting()) as run:
        await until(lambda: _remade(run), 60)
        assert not run.processor.status.ready
        assert partition_of("c", PARTITIONS) not in run.processor.status.partitions
        assert {event_id for _, event_id, _ in (await emitted(run.log))["c"]} == {f"reply/{n}" for n in range(5)}


@pytest.mark.kafka
@pytest.mark.parametrize("found", ["by looking", "by a jump back"])
async def test_a_topic_that_was_made_again_is_noticed_at_work(
    kafka: Kafka, redis_url: str, prefix: str, found: str
) -> None:
    """Before it is read on, where its reader was sent to its beginning; else within seconds."""
    partition = partition_of("c", PARTITIONS)
    async with running(Place(f"kafka://{kafka.address}", redis_url, prefix), Counting()) as run:
        await run.feed([reply("c", n) for n in range(5)])
        await run.settle()
        at_work = run.processor._places[partition]
        # As if what was read so far had been in another topic of this name.
        at_work.topic = "another"
        async with run.place.redis() as redis:
            await redis.hset(f"{prefix}:recommend:partition:{partition}", "topic", "another")
        if found == "by looking":
            await run.processor._watch.look()
        else:
            await run.processor.received([Incoming(partition, 0, b"")])
        await until(lambda: _remade(run), 60)
        assert partition not in run.processor.status.partitions
        await run.feed([reply("c", 100)])
        assert len((await emitted(run.log))["c"]) == 5


def test_the_zero_id_is_none() -> None:
    """Brokers of before Kafka had ids say so in zeros: no topic has that id, and no later one differs from it."""
    assert id_of(bytes(16)) == ""
    assert id_of(bytes(15) + b"\1") == "0" * 31 + "1"


@pytest.mark.parametrize("noted", [None, "", "0" * 32])
async def test_a_place_that_an_earlier_version_kept_is_read_on_from(place: Place, noted: str | None) -> None:
    """It says nothing of the topic's id: an upgrade reads nothing again, and knows the topic from then on."""
    async with running(place, Counting()) as run:
        await run.feed([reply("c", n) for n in range(5)])
        await run.settle()
    partition = partition_of("c", PARTITIONS)
    async with place.redis() as redis:
        key = f"{place.prefix}:recommend:partition:{partition}"
        await (redis.hdel(key, "topic") if noted is None else redis.hset(key, "topic", noted))
    async with running(place, Counting()) as run:
        await run.feed([reply("c", 5)])
        await run.settle()
        assert [number for number, _, _ in (await emitted(run.log))["c"]] == [1, 2, 3, 4, 5, 6]
        mark = await run.store.watermark(partition)
        assert mark is not None
        assert mark.topic == await run.log.identity(ACTIVITY)
