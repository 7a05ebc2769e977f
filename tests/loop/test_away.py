"""Redis or Kafka away while events flow: the loop waits, says so, and comes back by itself."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.recommend.handlers import Recommend
from services.recommend.settings import RecommendSettings
from services.recommend.stored_models import StoredModels
from services.recommend.stored_vectors import StoredVectors
from shared import metrics
from shared.dead_letters import open_letters
from shared.failures import Unavailable
from tests.conftest import Kafka
from tests.loop.counting import Counting
from tests.loop.harness import PARTITIONS, Place, Running, emitted, outgoing, post, reply, running, tick, until
from tests.servers import KafkaServer, RedisServer

EVENTS = [event for n in range(300) for event in (post(f"c{n % 5}", n), reply(f"c{n % 5}", n))]
LAST = [tick(partition, 10_000) for partition in range(PARTITIONS)]


@asynccontextmanager
async def flowing(run: Running) -> AsyncIterator[None]:
    """Feed EVENTS bit by bit, each again until it is taken, while the block runs; then wait until all is handled."""

    async def feed() -> None:
        for first in range(0, len(EVENTS), 10):
            await _insist(run, first)
            await asyncio.sleep(0.05)

    feeding = asyncio.create_task(feed())
    try:
        yield
        await feeding
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    await run.feed(LAST)
    await run.settle()


async def _insist(run: Running, first: int) -> None:
    while True:
        try:
            return await run.feed(EVENTS[first : first + 10])
        except Unavailable:
            await asyncio.sleep(0.1)


async def all_came_through(run: Running) -> None:
    """All came through, once and in order, and nothing was given up."""
    assert await open_letters(run.log) == []
    await until(lambda: _is_back(run))
    out = await emitted(run.log)
    for community in (f"c{n}" for n in range(5)):
        seen = [event_id for _, event_id, _ in out[community]]
        own = [event.id for event in EVENTS if event.community == community]
        assert list(dict.fromkeys(name for name in seen if not name.startswith("report"))) == own
        reports = sorted(name for name in seen if name.startswith("report"))
        assert reports == sorted(f"report/p{name[5:]}" for name in own if name.startswith("post"))


async def _waits(run: Running) -> bool:
    return bool(run.processor.status.waiting)


async def _is_back(run: Running) -> bool:
    return run.processor.status.ready


def _waiting_now() -> float:
    """How many dependencies recommend waits for, as Prometheus sees it."""
    return sum(
        sample.value
        for family in metrics.WAITING.collect()
        for sample in family.samples
        if sample.labels["service"] == "recommend"
    )


async def go_away(
    run: Running, caplog: pytest.LogCaptureFixture, kill: Callable[[], object], start: Callable[[], object]
) -> None:
    """Kill a server while events flow, see that the loop says so, and start the server again."""
    caplog.set_level(logging.WARNING, "shared.patience")
    async with flowing(run):
        await asyncio.sleep(0.3)
        await asyncio.to_thread(kill)
        await until(lambda: _waits(run), 30)
        assert not run.processor.status.ready
        assert _waiting_now() > 0
        assert "waiting for" in caplog.text
        await asyncio.to_thread(start)
    await all_came_through(run)
    assert "is back" in caplog.text
    assert _waiting_now() == 0


async def test_the_embedded_server_away(prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    """Redis is transport and store in one; its crash stops everything and loses nothing."""
    with RedisServer() as server:
        async with running(Place(server.url, server.url, prefix), Counting()) as run:
            await go_away(run, caplog, server.kill9, server.start)


async def test_the_store_away(kafka: Kafka, prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    """Kafka brings records that cannot be stored: they wait, and are neither acknowledged nor dead-lettered."""
    with RedisServer() as server:
        async with running(Place(f"kafka://{kafka.address}", server.url, prefix), Counting()) as run:
            await go_away(run, caplog, server.kill9, server.start)


async def test_kafka_away(
    own_kafka: KafkaServer, redis_url: str, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker is killed and comes back: reading, publishing and committing go on where they were."""
    async with running(Place(f"kafka://{own_kafka.address}", redis_url, prefix), Counting()) as run:
        await go_away(run, caplog, own_kafka.kill9, own_kafka.start)


async def test_a_frozen_store_is_waited_for(kafka: Kafka, prefix: str) -> None:
    """A server that hangs, connections open, holds everything up and breaks nothing."""
    with RedisServer() as server:
        async with running(Place(f"kafka://{kafka.address}", server.url, prefix), Counting()) as run:
            async with flowing(run):
                await asyncio.sleep(0.3)
                server.pause()
                await asyncio.sleep(1)
                server.resume()
            await all_came_through(run)


class Ones:
    """A model to which all texts are one."""

    version = "ones"
    dimension = 384

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        return np.ones((len(texts), self.dimension), np.int16)

    async def close(self) -> None: ...


@asynccontextmanager
async def full_memory(redis: Any, _server: RedisServer) -> AsyncIterator[str]:
    await redis.config_set("maxmemory", "1")
    yield "OutOfMemoryError"
    await redis.config_set("maxmemory", "0")


@asynccontextmanager
async def failing_over(redis: Any, _server: RedisServer) -> AsyncIterator[str]:
    """The server is a replica now; then it is promoted again."""
    await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    yield "ReadOnlyError"
    await redis.execute_command("REPLICAOF", "NO", "ONE")


@asynccontextmanager
async def full_disk(redis: Any, server: RedisServer) -> AsyncIterator[str]:
    """A snapshot cannot be written, as where the disk is full: writes are refused until one can."""
    in_the_way = server.dir / "dump.rdb"
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()
    await redis.config_set("save", "3600 1000000")
    await redis.bgsave()
    await until(lambda: _saved(redis, "err"))
    yield "MISCONF"
    in_the_way.rmdir()
    await redis.bgsave()
    await until(lambda: _saved(redis, "ok"))


async def _saved(redis: Any, how: str) -> bool:
    told = await redis.info("persistence")
    return not told["rdb_bgsave_in_progress"] and told["rdb_last_bgsave_status"] == how


Trouble = Callable[[Any, RedisServer], AbstractAsyncContextManager[str]]


@pytest.mark.parametrize("trouble", [full_memory, failing_over, full_disk])
async def test_a_store_that_refuses_writes_is_waited_for(prefix: str, trouble: Trouble) -> None:
    """Whether the vector or the state is refused: the record waits, comes through, and is nobody's dead letter."""
    with RedisServer() as log_server, RedisServer() as server:
        place = Place(log_server.url, server.url, prefix)
        async with place.redis() as redis:
            service = Recommend(RecommendSettings(), StoredVectors(redis, prefix, Ones()), StoredModels(redis, prefix))
            async with running(place, service) as run:
                await run.feed([post("c", 1)])
                await run.settle()
                for event in (post("c", 2), reply("c", 3)):
                    async with trouble(redis, server) as says:
                        await run.feed([event])
                        await until(lambda: _waits(run), 30)
                        assert any(says in told for told in run.processor.status.waiting.values())
                    await run.settle()
                    assert await open_letters(run.log) == []
                    assert event.id in [event_id for _, event_id, _ in (await emitted(run.log))["c"]]


@pytest.mark.parametrize("trouble", [full_memory, failing_over, full_disk])
async def test_what_is_said_of_redis_quotes_nobody(prefix: str, trouble: Trouble) -> None:
    """Logs, health and the answers of doors name the refusal, never the community or text of the refused command."""
    with RedisServer() as server:
        place = Place(server.url, server.url, prefix)
        log = place.log()
        await log.create(PARTITIONS)
        await log.start()
        async with place.redis() as redis, trouble(redis, server) as says:
            with pytest.raises(Unavailable, match=says) as caught:
                await log.publish([outgoing(post("secret", 1))])
        await log.stop()
    assert "secret" not in str(caught.value)
    assert "secret" not in str(caught.value.__cause__)
