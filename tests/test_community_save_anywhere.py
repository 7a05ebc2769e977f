"""Wherever a community's records are when it is saved: restored, each has been handled once."""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.handlers import Ingest
from shared.events import CommunityEvent, Event
from shared.service import Moment, Service, ServiceName, TopicName
from tests.loop.counting import COUNTS, Counting, Downstream, Ledger
from tests.loop.harness import Place, Running, outgoing, post, reply, running
from tests.saving import make_topics, restore, save, settle

C = "garden"


class Host(Downstream):
    """Counts as nudge would read, and gives only what is its own: a report when a post is due."""

    def handle(self, state: Ledger, event: Event, moment: Moment) -> Iterable[Event]:
        list(super().handle(state, event, moment))
        return ()


EVENTS: list[CommunityEvent] = [event for n in range(15) for event in (post(C, n), reply(C, n))]
SERVICES: dict[ServiceName, type[Any]] = {
    ServiceName.RECOMMEND: Counting,
    ServiceName.NUDGE: Host,
    ServiceName.INGEST: Ingest,
}


@asynccontextmanager
async def at_work(place: Place, count: int) -> AsyncIterator[dict[ServiceName, Running]]:
    """Run the first services of the chain."""
    async with AsyncExitStack() as stack:
        made: list[Service[Any]] = [SERVICES[name]() for name in list(SERVICES)[:count]]
        yield {service.name: await stack.enter_async_context(running(place, service)) for service in made}


async def lived(place: Place, cuts: Sequence[int]) -> None:
    """Have the first events go all the way, the next as far as nudge, the next as far as recommend, the last not."""
    first = 0
    for services, last in zip((3, 2, 1), cuts, strict=False):
        async with at_work(place, services) as chain:
            await chain[ServiceName.RECOMMEND].feed(EVENTS[first:last])
            await settle(chain)
        first = last
    log = place.log()
    try:
        await log.start()
        await log.publish([outgoing(event) for event in EVENTS[first : cuts[3]]])
    finally:
        await log.stop()


async def moved(redis_url: str, cuts: Sequence[int], partitions: int) -> None:
    prefix = f"t{uuid.uuid4().hex[:10]}"
    old, new = Place(redis_url, redis_url, prefix), Place(redis_url, redis_url, f"{prefix}-new")
    await lived(old, cuts)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "saved")
        await save(old, C, file, EVENTS[-1].at)
        await make_topics(new, partitions)
        await restore(new, file, EVENTS[-1].at)
    async with at_work(new, 3) as chain:
        await settle(chain)
        stood = {name: await run.store.load(C) for name, run in chain.items()}
        assert [run.processor.status.stopped for run in chain.values()] == [{}, {}, {}]
        again = sum([1 async for _ in chain[ServiceName.RECOMMEND].log.scan(TopicName.MATCHES)])
    for name in (ServiceName.RECOMMEND, ServiceName.NUDGE):
        counted = COUNTS.load(stood[name].documents["count/all"])
        assert counted.posts + counted.replies == cuts[3]
        assert {f"count/message/{event.message}" for event in EVENTS[: cuts[3]]} <= stood[name].documents.keys()  # type: ignore[attr-defined]
    for writer, reader in ((ServiceName.RECOMMEND, ServiceName.NUDGE), (ServiceName.NUDGE, ServiceName.INGEST)):
        written, read = stood[writer].position, stood[reader].position
        assert written is not None
        assert read is not None
        assert written.emitted == read.read
        assert stood[writer].outbox == []
    assert again >= cuts[3] - cuts[1]


@settings(max_examples=6)
@given(st.lists(st.integers(1, len(EVENTS)), min_size=4, max_size=4).map(sorted), st.sampled_from([1, 3, 6]))
def test_nothing_is_lost_wherever_it_was(redis_url: str, cuts: list[int], partitions: int) -> None:
    """Records that all, two, one or none of the services had read: in another log each service has counted each once,
    and their numbers fit."""
    asyncio.run(moved(redis_url, cuts, partitions))
