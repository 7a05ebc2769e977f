"""The processing loop on the embedded server, with nudge's service: records a second."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.invented import START, community
from bench.measuring import Figure, figure
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from shared.connections import Connections
from shared.embedded import EmbeddedServer
from shared.events import Tick
from shared.log import Log, Outgoing
from shared.processing import Processor
from shared.redis_store import RedisStore
from shared.service import ServiceName, TopicName
from shared.wire import Envelope, encode

RECORDS, COMMUNITIES, RUNS = 4000, 10_000, 3


async def _caught_up(log: Log, store: RedisStore) -> None:
    end = (await log.ends(TopicName.MATCHES))[0]
    while (mark := await store.watermark(0)) is None or mark.handled < end:
        await asyncio.sleep(0.002)


async def _figures(url: str) -> list[Figure]:
    connections = Connections(url, url, "bench")
    redis, log = connections.redis(), connections.log()
    store = connections.store(redis, ServiceName.NUDGE)
    await log.create(1)
    processor = Processor(Nudge(NudgeSettings()), log, store)
    await log.start()
    try:
        rates = [await _run(log, store, f"community-{run}") for run in range(RUNS)]
        far = START + timedelta(days=3650)
        await store.save_due(0, [(f"c{n}", far) for n in range(COMMUNITIES)])
        ticks = [await _tick(log, store, hour) for hour in range(RUNS * 3)]
    finally:
        await processor.stop()
        await log.stop()
        await redis.aclose()
    return [
        figure("records through nudge's loop, one community", rates, "records/s"),
        figure(f"a tick, {COMMUNITIES:,} communities with nothing due", ticks, "ms"),
    ]


async def _run(log: Log, store: RedisStore, name: str) -> float:
    events = list(community(name, RECORDS // 4, 1000))
    bodies = [encode(Envelope(event, number)) for number, event in enumerate(events, 1)]
    started = time.perf_counter()
    await log.publish([Outgoing(TopicName.MATCHES, 0, name, body) for body in bodies])
    await _caught_up(log, store)
    return len(bodies) / (time.perf_counter() - started)


async def _tick(log: Log, store: RedisStore, hour: int) -> float:
    at = START + timedelta(days=1000, hours=hour)
    tick = Tick(id=f"tick/{hour}", source="bench", at=at, partition=0)
    started = time.perf_counter()
    await log.publish([Outgoing(TopicName.MATCHES, 0, "0", encode(Envelope(tick)))])
    await _caught_up(log, store)
    return (time.perf_counter() - started) * 1000


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), port=0) as server:
        yield from asyncio.run(_figures(server.url))
