"""kill -9 at any step and at any moment, and Redis losing its last second: the outcome is the undisturbed one."""

import asyncio
import random
import signal
from collections.abc import Sequence

import pytest

from shared.events import Event
from shared.service import TopicName
from tests.conftest import Kafka
from tests.loop.harness import Place, until
from tests.prove.crashing import Step
from tests.prove.driver import Stage, assert_same, parts, stage, undisturbed
from tests.prove.history import history
from tests.prove.seeds import seeded
from tests.servers import RedisServer, ServerMissing

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]
pytest_generate_tests = seeded(
    {"test_killed_at_every_step": 25, "test_killed_at_any_moment": 25, "test_redis_loses_its_last_second": 20}
)


async def test_killed_at_every_step(place: Place, redis_url: str, seed: int, full: bool) -> None:
    """One process after the other dies at another step; what they made together is what one would have made."""
    chance = random.Random(seed)
    steps = list(Step) * (3 if full else 1)
    chance.shuffle(steps)
    events = history(seed, 600 if full else 400)
    async with stage(place) as on:
        *pieces, last = parts(events, len(steps) + 1)
        for step, piece in zip(steps, pieces, strict=True):
            process = on.start(step=step, count=chance.randint(1, 3), published=chance.randint(1, 40))
            feeding = asyncio.create_task(on.feed(piece))
            assert await process.ended() == -signal.SIGKILL, process.said()
            await feeding
        await _finish(on, last)
        assert_same(await on.made(), await undisturbed(redis_url, place.prefix, events))


async def test_killed_at_any_moment(place: Place, redis_url: str, seed: int, full: bool) -> None:
    """The same with kills from outside, while starting, finding its place, handling or idle."""
    chance = random.Random(seed)
    kills = 12 if full else 3
    events = history(seed, 600 if full else 300)
    async with stage(place) as on:
        *pieces, last = parts(events, kills + 1)
        for piece in pieces:
            process = on.start()
            feeding = asyncio.create_task(on.feed(piece))
            await asyncio.sleep(chance.uniform(0.8, 4))
            process.send(signal.SIGKILL)
            await process.ended()
            await feeding
        await _finish(on, last)
        assert_same(await on.made(), await undisturbed(redis_url, place.prefix, events))


async def _finish(on: Stage, events: Sequence[Event]) -> None:
    process = on.start()
    await on.feed(events)
    await on.settle()
    process.send(signal.SIGTERM)
    assert await process.ended(10) == 0, process.said()


async def test_redis_loses_its_last_second(kafka: Kafka, redis_url: str, prefix: str, seed: int, full: bool) -> None:
    """The store falls back behind what it had acknowledged, while the process works: it notices, and reads again."""
    chance = random.Random(seed)
    events = history(seed, 900 if full else 400)
    losses = 8 if full else 3
    with _redis() as server:
        async with stage(Place(f"kafka://{kafka.address}", server.url, prefix)) as on:
            on.start()
            first, *pieces, last = parts(events, losses + 2)
            await on.feed(first)
            await on.settle()
            for piece in pieces:
                feeding = asyncio.create_task(on.feed(piece, pause=0.05))
                await asyncio.sleep(chance.uniform(0.1, 2.5))
                await asyncio.to_thread(_lose_a_second, server, chance)
                await feeding
            await on.feed(last)
            await on.settle()
            assert_same(await on.made(), await undisturbed(redis_url, prefix, events))


def _redis() -> RedisServer:
    try:
        return RedisServer("redis")
    except ServerMissing:
        return RedisServer("valkey")


def _lose_a_second(server: RedisServer, chance: random.Random) -> None:
    """Cut off a part of what came in a last while of work, as the power does."""
    server.kill9()
    lost = server.lose_last_bytes(chance.choice((1, 200, 5_000, 50_000)) * chance.randint(1, 3))
    print(f"Redis lost {lost} bytes")
    server.start()


async def test_sigterm_ends_a_process_within_seconds(place: Place) -> None:
    """It stops in the middle of work, with status 0, and the next one goes on."""
    events = history(1, 300)
    async with stage(place) as on:
        process = on.start()
        feeding = asyncio.create_task(on.feed(events))
        await until(lambda: _has_begun(on))
        process.send(signal.SIGTERM)
        assert await process.ended(10) == 0, process.said()
        await feeding
        on.start()
        await on.settle()


async def _has_begun(on: Stage) -> bool:
    return any(end > on.log.first for end in (await on.log.ends(TopicName.MATCHES)).values())
