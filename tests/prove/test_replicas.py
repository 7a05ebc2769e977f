"""Replicas on Kafka: one joins, one is killed, one is frozen past its session and wakes up; nothing shows of it."""

import asyncio
import random
import signal
from collections.abc import Sequence

import pytest

from shared.events import Event
from tests.loop.harness import Place, until
from tests.prove.crashing import Step
from tests.prove.driver import Process, Stage, assert_same, parts, stage, undisturbed
from tests.prove.history import history
from tests.prove.seeds import seeded

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]
pytest_generate_tests = seeded({"test_replicas_come_and_go": 20, "test_one_wakes_up_between_two_steps": 4})


async def test_replicas_come_and_go(kafka_place: Place, redis_url: str, seed: int, full: bool) -> None:
    """Two work; one joins; one is killed; one is frozen, missed, and wakes up: nothing lost, doubled or stale."""
    chance = random.Random(seed)
    rounds = 3 if full else 1
    events = history(seed, 400 * rounds)
    async with stage(kafka_place) as on:
        replicas = [on.start(), on.start()]
        for piece in parts(events, rounds):
            joins, dies, freezes, wakes = parts(piece, 4)
            await _work(on, joins, chance)
            replicas.append(on.start())
            await _work(on, dies, chance)
            victim = replicas.pop(chance.randrange(3))
            victim.send(signal.SIGKILL)
            await _work(on, freezes, chance)
            sleeper = chance.choice(replicas)
            sleeper.send(signal.SIGSTOP)
            await _work(on, wakes, chance)
            await asyncio.sleep(kafka_place.session_timeout_ms / 1000 * 1.5)
            sleeper.send(signal.SIGCONT)
        await on.settle()
        assert_same(await on.made(), await undisturbed(redis_url, kafka_place.prefix, events))


async def _work(on: Stage, events: Sequence[Event], chance: random.Random) -> None:
    await on.feed(events, pause=chance.uniform(0, 0.1))


STRUCK = [Step.BEFORE_WRITE, Step.AFTER_WRITE, Step.WITHIN_PUBLISH, Step.BEFORE_WATERMARK]


async def test_one_wakes_up_between_two_steps(kafka_place: Place, redis_url: str, seed: int, full: bool) -> None:
    """Frozen around its write or while publishing, until another took over: what it does late is refused, or known."""
    chance = random.Random(seed)
    steps = STRUCK * 2 if full else chance.sample(STRUCK, 2)
    events = history(seed, 100 * (len(steps) + 1))
    async with stage(kafka_place) as on:
        *pieces, last = parts(events, len(steps) + 1)
        for step, piece in zip(steps, pieces, strict=True):
            sleeper = on.start(step=step, count=chance.randint(1, 2), published=chance.randint(1, 20), sign="SIGSTOP")
            feeding = asyncio.create_task(on.feed(piece))
            await until(lambda frozen=sleeper: _is_frozen(frozen))  # type: ignore[misc]
            await feeding
            heir = on.start()
            await on.settle()
            sleeper.send(signal.SIGCONT)
            await asyncio.sleep(1)
            for process in (sleeper, heir):
                process.send(signal.SIGTERM)
                assert await process.ended(15) == 0, process.said()
        on.start()
        await on.feed(last)
        await on.settle()
        assert_same(await on.made(), await undisturbed(redis_url, kafka_place.prefix, events))


async def _is_frozen(process: Process) -> bool:
    return process.frozen
