"""Starts processes that run the loop, feeds them, and compares what they made with an undisturbed run."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import psutil

from shared.dead_letters import open_letters
from shared.events import Event
from shared.log import Log
from shared.redis_store import RedisStore
from shared.service import TopicName
from tests.loop.counting import Counting
from tests.loop.harness import PARTITIONS, Place, caught_up, outcome, outgoing, running, until
from tests.prove.process import Order

ROOT = Path(__file__).parents[2]


class Process:
    """One process at work; what it printed is in `said()`."""

    def __init__(self, order: Order) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        command = [sys.executable, "-m", "tests.prove.process", order.to_argument()]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=self._said)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def frozen(self) -> bool:
        return self.alive and psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED

    def said(self) -> str:
        self._said.seek(0)
        return self._said.read().decode(errors="replace")

    def send(self, sign: signal.Signals) -> None:
        if self.alive:
            os.kill(self._process.pid, sign)

    async def ended(self, seconds: float = 30) -> int:
        """Wait for its end; give its exit status, negative where a signal ended it."""
        await until(self._is_over, seconds)
        return self._process.wait()

    async def _is_over(self) -> bool:
        return not self.alive

    def close(self) -> None:
        if self.alive:
            self._process.kill()
        self._process.wait()
        self._said.close()


@dataclass
class Stage:
    """Where processes work on one log; started processes end with it."""

    place: Place
    log: Log
    store: RedisStore
    processes: list[Process] = field(default_factory=list)

    def start(self, **order: Any) -> Process:
        place = self.place
        common = Order(place.log_url, place.redis_url, place.prefix, session_timeout_ms=place.session_timeout_ms)
        process = Process(replace(common, **order))
        self.processes.append(process)
        return process

    async def feed(self, events: Sequence[Event], pause: float = 0.01) -> None:
        """Append events in handfuls."""
        for first in range(0, len(events), 10):
            await self.log.publish([outgoing(event) for event in events[first : first + 10]])
            await asyncio.sleep(pause)

    async def settle(self, seconds: float = 90) -> None:
        """Wait until the processes have handled everything; one that fails by itself fails the test."""
        await until(self._is_settled, seconds)

    async def _is_settled(self) -> bool:
        for process in self.processes:
            assert process.alive or process._process.returncode in (0, -signal.SIGKILL), process.said()
        return await caught_up(self.log, self.store, TopicName.ACTIVITY)

    async def made(self) -> Any:
        """Everything that came of it: emitted, documents, letters."""
        return *(await outcome(self.log, self.store)), await _letters(self.log)


def assert_same(found: Any, expected: Any) -> None:
    """Fail with the first difference, not with all of both."""
    for name, ours, theirs in zip(("emitted", "documents"), found, expected, strict=False):
        assert sorted(ours) == sorted(theirs), f"other communities have {name}"
        for community, own in ours.items():
            pairs = zip_longest(_listed(own), _listed(theirs[community]))
            for mine, other in pairs:
                assert mine == other, f"{name} of {community}: {mine} instead of {other}"
    assert found[2] == expected[2], "other dead letters"


def _listed(made: Any) -> list[Any]:
    return sorted(made.items() if isinstance(made, dict) else made)


async def _letters(log: Log) -> list[tuple[str, str, int]]:
    return sorted((x.community, x.reason, x.attempts) for x in await open_letters(log))


@contextlib.asynccontextmanager
async def stage(place: Place) -> AsyncIterator[Stage]:
    """Make the topics, and look at them from outside."""
    redis = place.redis()
    log = place.log()
    await log.create(PARTITIONS)
    await log.start()
    setting = Stage(place, log, RedisStore(redis, place.prefix, Counting.name))
    try:
        yield setting
    finally:
        for process in setting.processes:
            process.close()
        await log.stop()
        await redis.aclose()


async def undisturbed(redis_url: str, prefix: str, events: Sequence[Event]) -> Any:
    """What comes of the same events where nothing happens."""
    async with running(Place(redis_url, redis_url, f"{prefix}-calm"), Counting()) as run:
        await run.feed(events)
        await run.settle()
        return *(await outcome(run.log, run.store)), await _letters(run.log)


def parts(events: Sequence[Event], count: int) -> Iterator[Sequence[Event]]:
    """Cut a history into `count` pieces."""
    size = -(-len(events) // count)
    return (events[first : first + size] for first in range(0, size * count, size))
