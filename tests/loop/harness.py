"""Runs one service's loop in this process on real servers, and looks at what it made."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.connections import Connections
from shared.events import CommunityEvent, Event, PostPublished, ReplyPublished, Tick
from shared.failures import Unavailable
from shared.kafka_log import KafkaLog
from shared.log import Log, Outgoing
from shared.processing import Count, Processor
from shared.redis_log import RedisLog
from shared.redis_store import RedisStore
from shared.service import Service, TopicName
from shared.store import Store
from shared.topics import partition_of
from shared.traces import NO_TRACES, Traces
from shared.wire import Envelope, decode, encode

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
PARTITIONS = 4


@dataclass(frozen=True)
class Place:
    """Where a test runs: `log_url` is kafka://host:port or redis://…, `redis_url` the store's."""

    log_url: str
    redis_url: str
    prefix: str
    session_timeout_ms: int = 6000

    def log(self) -> Log:
        if self.log_url.startswith("kafka://"):
            servers = [self.log_url.removeprefix("kafka://")]
            return KafkaLog(servers, self.prefix, session_timeout_ms=self.session_timeout_ms)
        return RedisLog(self.log_url, self.prefix, lease_ms=400)

    def redis(self) -> Any:
        return Connections(self.log_url, self.redis_url, self.prefix).redis()


async def until(ready: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait for a condition; fails loudly after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await ready():
            await asyncio.sleep(0.02)


def post(community: str, number: int, minutes: float | None = None) -> PostPublished:
    at = START + timedelta(minutes=number if minutes is None else minutes)
    return PostPublished(
        id=f"post/{number}", source="test", at=at, community=community, message=f"p{number}",
        channel="general", author="anna", text=f"question {number}",
    )  # fmt: skip


def reply(community: str, number: int, text: str = "an answer", minutes: float | None = None) -> ReplyPublished:
    at = START + timedelta(minutes=number if minutes is None else minutes)
    return ReplyPublished(
        id=f"reply/{number}", source="test", at=at, community=community, message=f"r{number}", post=f"p{number}",
        channel="general", author="ben", text=text,
    )  # fmt: skip


def tick(partition: int, minutes: float) -> Tick:
    at = START + timedelta(minutes=minutes)
    return Tick(id=f"tick/{partition}/{at.isoformat()}", source="test", at=at, partition=partition)


def outgoing(event: Event, partitions: int = PARTITIONS, topic: TopicName = TopicName.ACTIVITY) -> Outgoing:
    if isinstance(event, CommunityEvent):
        partition, key = partition_of(event.community, partitions), event.community
    else:
        partition = getattr(event, "partition", 0)
        key = str(partition)
    return Outgoing(topic, partition, key, encode(Envelope(event, recorded=datetime.now(UTC))))


async def published(log: Log, topic: TopicName) -> list[Envelope]:
    """Read a topic's events as its reader takes them: by sequence number, ticks and repeats left out.

    Fails where one number stands for two events, or one is missing.
    """
    found: dict[tuple[str, int], Envelope] = {}
    async for record in log.scan(topic):
        envelope = decode(record.body)
        if isinstance(envelope.event, CommunityEvent):
            assert envelope.sequence is not None
            known = found.setdefault((envelope.event.community, envelope.sequence), envelope)
            assert known.event == envelope.event, "one sequence number stands for two events"
    numbers = sorted(found)
    for community in {community for community, _ in numbers}:
        own = [number for name, number in numbers if name == community]
        assert own == list(range(1, len(own) + 1)), f"a gap in what {community} has got: {own}"
    return [found[place] for place in numbers]


async def emitted(log: Log, topic: TopicName = TopicName.MATCHES) -> dict[str, list[tuple[int | None, str, datetime]]]:
    """Give what each community's readers get, in order: sequence number, event id and time."""
    out: dict[str, list[tuple[int | None, str, datetime]]] = {}
    for envelope in await published(log, topic):
        event = envelope.event
        assert isinstance(event, CommunityEvent)
        out.setdefault(event.community, []).append((envelope.sequence, event.id, event.at))
    return out


async def state_of(store: Store, community: str) -> dict[str, bytes]:
    return (await store.load(community)).documents


def numbered(events: Iterable[Event], first: int = 1) -> list[bytes]:
    """Give records as a service emits them for one community."""
    return [encode(Envelope(event, number)) for number, event in enumerate(events, first)]


async def outcome(log: Log, store: Store) -> tuple[dict[str, Any], dict[str, dict[str, bytes]]]:
    """Give all that a service has made: what each community's readers got, and each community's documents."""
    out = await emitted(log)
    return out, {community: await state_of(store, community) for community in sorted(out)}


async def caught_up(log: Log, store: Store, topic: TopicName) -> bool:
    """Say whether everything was handled; not while a server is away."""
    try:
        for partition, end in (await log.ends(topic)).items():
            mark = await store.watermark(partition)
            if end > log.first and (mark is None or mark.generation != log.generation or mark.handled < end):
                return False
    except Unavailable:
        return False
    return True


class Running:
    """A service at work; `store` and `log` may be wrapped to break things."""

    def __init__(
        self,
        place: Place,
        service: Service[Any],
        log: Log,
        store: Store,
        count: Count | None = None,
        traces: Traces = NO_TRACES,
    ) -> None:
        self.place, self.service, self.log, self.store = place, service, log, store
        self.processor = Processor(service, log, store, count=count, traces=traces)

    def partition(self, community: str) -> int:
        return partition_of(community, self.log.partitions)

    async def feed(self, events: Iterable[Event]) -> None:
        await self.log.publish([outgoing(event, self.log.partitions, self.service.reads) for event in events])

    async def feed_raw(self, bodies: Sequence[bytes], partition: int) -> None:
        await self.log.publish([Outgoing(self.service.reads, partition, "", body) for body in bodies])

    async def caught_up(self) -> bool:
        if self.processor.failure.done():
            self.processor.failure.result()
        return await caught_up(self.log, self.store, self.service.reads)

    async def settle(self) -> None:
        await until(self.caught_up)


@asynccontextmanager
async def running(
    place: Place,
    service: Service[Any],
    *,
    wrap_log: Callable[[Log], Log] = lambda log: log,
    wrap_store: Callable[[Store], Store] = lambda store: store,
    count: Count | None = None,
    traces: Traces = NO_TRACES,
) -> AsyncIterator[Running]:
    """Run a service's loop until the block ends."""
    redis = place.redis()
    store = wrap_store(RedisStore(redis, place.prefix, service.name))
    log = wrap_log(place.log())
    run = Running(place, service, log, store, count, traces)
    try:
        await run.processor.patience("log", lambda: log.create(PARTITIONS))
        await run.processor.patience("log", log.start)
        yield run
    finally:
        await run.processor.stop()
        await log.stop()
        await redis.aclose()
