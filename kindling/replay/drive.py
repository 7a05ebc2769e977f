"""Driving an archive through real services in event time, day by day.

Each day's activity is published with the tick of its end, then everything is waited for: what nudge decides
comes in again as activity, and what a day brings must not depend on how fast it came around.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from kindling.replay.account import account
from kindling.replay.catching_up import caught_up
from kindling.replay.decisions import Decisions
from kindling.replay.processes import Chaos, ProcessEnded, ServiceProcess, StoreProcess
from services.ingest.archive import Found, Rejected
from shared.clock import Clock, wall_clock
from shared.connections import Connections
from shared.dead_letters import open_letters
from shared.events import CommunityEvent, Event, Tick
from shared.log import Log, Outgoing
from shared.redis_store import RedisStore
from shared.service import ServiceName, TopicName
from shared.topics import partition_of
from shared.wire import Envelope, encode

Stores = dict[ServiceName, RedisStore]

BATCH = 500
# Timers that the last posts left behind are over by then.
AFTER = timedelta(days=8)
FOLLOW_EVERY = 4000
MEASURE_SECONDS = 1.0


@dataclass
class Counts:
    """What a replay saw; of `events` that went in, each `distinct` one is found again as handled or a dead letter.

    `other_letters` are about rankings, decisions and timers, and no part of that sum.
    """

    lines: int = 0
    events: int = 0
    distinct: int = 0
    handled: int = 0
    dead_lettered: int = 0
    other_letters: int = 0
    first_posts: int = 0
    rejected: int = 0
    days: int = 0
    seconds: float = 0.0
    until: datetime | None = None


@dataclass
class Drive:
    """One replay. `speed` is event time over wall time, None as fast as it goes."""

    connections: Connections
    community: str
    processes: Sequence[ServiceProcess]
    store: StoreProcess
    folder: Path
    chaos: Chaos
    speed: float | None = None
    on_progress: Callable[[Counts], None] = lambda _: None
    clock: Clock = wall_clock
    counts: Counts = field(default_factory=Counts)
    _started: float = 0.0
    _first: datetime | None = None
    _measured: float = 0.0
    _sent: set[str] = field(default_factory=set)

    async def run(self, found: Iterable[Found | Rejected]) -> Decisions:
        """Drive all of an archive; gives what was decided."""
        async with AsyncExitStack() as stack:
            log = self.connections.log()
            await log.start()
            stack.push_async_callback(log.stop)
            redis = self.connections.redis()
            stack.push_async_callback(redis.aclose)
            stores = {name: self.connections.store(redis, name) for name in ServiceName}
            decisions = Decisions(self.folder)
            self._started = time.perf_counter()
            followed = 0
            for day, events in days(self._events(found)):
                await self._day(log, stores, day, events)
                if self.counts.events - followed >= FOLLOW_EVERY:
                    await decisions.follow(log)
                    followed = self.counts.events
            await self._end(log, stores)
            self.counts.seconds = time.perf_counter() - self._started
            await decisions.follow(log)
            await self._account(log, stores, decisions)
        return decisions

    def _events(self, found: Iterable[Found | Rejected]) -> Iterator[CommunityEvent]:
        for entry in found:
            self.counts.lines = max(self.counts.lines, entry.line_number)
            if isinstance(entry, Rejected):
                self.counts.rejected += 1
            else:
                yield entry.event

    async def _day(self, log: Log, stores: Stores, day: datetime, events: list[CommunityEvent]) -> None:
        partition = partition_of(self.community, log.partitions)
        for start in range(0, len(events), BATCH):
            batch = events[start : start + BATCH]
            await self._pace(batch[0].at)
            await log.publish([self._outgoing(event, partition) for event in batch])
            self.counts.events += len(batch)
            self._sent.update(event.id for event in batch)
            await asyncio.to_thread(self.chaos.after, self.counts.events)
        await self._border(log, stores, partition, day + timedelta(days=1))
        self.counts.days += 1
        self.counts.until = day
        self.on_progress(self.counts)

    async def _border(self, log: Log, stores: Stores, partition: int, at: datetime) -> None:
        tick = Tick(id=f"tick/{partition}/{at.isoformat()}", source="kindling/replay", at=at, partition=partition)
        await log.publish([self._outgoing(tick, partition)])
        await caught_up(log, stores, partition, self._check)
        if time.perf_counter() - self._measured >= MEASURE_SECONDS:
            self._measure()

    async def _end(self, log: Log, stores: Stores) -> None:
        if self.counts.until is not None:
            partition = partition_of(self.community, log.partitions)
            await self._border(log, stores, partition, self.counts.until + AFTER)
        self._measure()

    def _measure(self) -> None:
        everything: list[ServiceProcess | StoreProcess] = [*self.processes, self.store]
        for process in everything:
            process.measure()
        self._measured = time.perf_counter()

    def _check(self) -> None:
        for process in self.processes:
            if process.ended:
                raise ProcessEnded(f"{process.name} has ended: see {process.folder / process.name}.log")

    def _outgoing(self, event: Event, partition: int) -> Outgoing:
        return Outgoing(TopicName.ACTIVITY, partition, self.community, encode(Envelope(event, recorded=self.clock())))

    async def _pace(self, at: datetime) -> None:
        self._first = self._first or at
        if self.speed is not None:
            due = (at - self._first).total_seconds() / self.speed
            await asyncio.sleep(max(0.0, due - (time.perf_counter() - self._started)))

    async def _account(self, log: Log, stores: Stores, decisions: Decisions) -> None:
        """Find every event again; nudge must have read all that recommend passed on."""
        nudge = (await stores[ServiceName.NUDGE].load(self.community)).position
        # Of an archive with nothing in it nobody has read anything: no position is as good as the first.
        read = nudge.read if nudge is not None else 0
        emitted = decisions.last[TopicName.MATCHES].get(self.community, 0)
        if read != emitted:
            raise ProcessEnded(f"nudge has read {read} of {emitted} records")
        found = account(self._sent, decisions.passed_ids, await open_letters(log))
        self.counts.distinct = len(self._sent)
        self.counts.handled, self.counts.dead_lettered = found.handled, found.dead_lettered
        self.counts.other_letters = found.other_letters


def days(events: Iterable[CommunityEvent]) -> Iterator[tuple[datetime, list[CommunityEvent]]]:
    """Cut events into the days of UTC; one that is late stays with those that it came with."""
    latest = datetime.min.replace(tzinfo=UTC)

    def day_of(event: CommunityEvent) -> datetime:
        nonlocal latest
        latest = max(latest, event.at.astimezone(UTC))
        return latest.replace(hour=0, minute=0, second=0, microsecond=0)

    for day, group in groupby(events, day_of):
        yield day, list(group)
