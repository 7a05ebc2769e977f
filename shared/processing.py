"""The processing loop of all services: records in, one atomic write a community and batch, records out.

For each partition, in order, and for each community in it:

    decode -> skip what was applied -> step (timers, handler) -> write -> publish -> trim -> watermark -> commit

A community that cannot go on (a record is missing, was written by a newer version, or needs an encoder that is not
here) stands still, alone; what it passes by is read again.

The write holds the state, the position and the records to publish, and is refused if the stored position is
not the one expected. Whatever breaks between two arrows, reading again from the stored position gives the
same: before the write nothing has happened; after it the outbox is published by whoever loads the community
next, and what is published twice has the same sequence number.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Generic, TypeVar

from shared import metrics
from shared.arrivals import arrivals_of
from shared.clock import Clock, wall_clock
from shared.copies import Copies
from shared.dead_letters import DeadLetter
from shared.ending import end
from shared.events import Event, PostPublished, Tick
from shared.failures import Lacking, Replaced, Unavailable, Unprocessable
from shared.finding import Finder
from shared.gaps import Gaps
from shared.isolation import Isolation
from shared.log import Incoming, Log, Outgoing, Subscription
from shared.patience import Patience, Status, Stopping
from shared.place import Place
from shared.service import Service, TopicName
from shared.store import Move, Store
from shared.traces import NO_TRACES, Traces, now
from shared.watching import Watch
from shared.wire import Envelope, decode, encode
from shared.working import Arrival, Working

State = TypeVar("State")

# Counts what a service emitted, and the documents written with it, by name, once both are durable. Of what another
# process has written nothing is known but what it emitted.
Count = Callable[[Sequence[Event], Mapping[str, bytes]], None]
# What comes in later is an import, and says nothing of how fast we are.
_LATE = timedelta(days=1)

# How long a batch under way may take to end when the process is asked to stop.
STOP_SECONDS = 5.0

log = logging.getLogger(__name__)


class Processor(Generic[State]):
    """Drives one service over the partitions that this process has."""

    def __init__(
        self,
        service: Service[State],
        broker: Log,
        store: Store,
        *,
        clock: Clock = wall_clock,
        most_copies: int = 2000,
        attempts: int = 3,
        count: Count | None = None,
        waits_for_upgrade: bool = True,
        traces: Traces = NO_TRACES,
    ) -> None:
        self.status = Status(service.name.value)
        self.patience = Patience(self.status)
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._service = service
        self._log = broker
        self._store = store
        self._clock = clock
        self._tally = count
        self._traces = traces
        self._copies = Copies(service, store, self._publish_left, most_copies)
        self._gaps = Gaps(self.status, waits=waits_for_upgrade)
        self._isolation = Isolation(service, broker, self._copies, self._settle, self._gaps.lack, clock, attempts)
        self._places: dict[int, Place] = {}
        self._starting: dict[int, asyncio.Task[None]] = {}
        self._subscription: Subscription = broker.subscribe(
            service.reads, service.name.value, self, (service.writes, TopicName.DEAD_LETTERS)
        )
        self._finder = Finder(broker, store, service.reads, self._subscription, self.status)
        self._watch = Watch(
            service.name, service.reads, broker, store, self.patience, self._places.values, self._read_again, clock
        )
        self._watching: list[asyncio.Task[None]] = []

    # What the log calls

    async def assigned(self, partitions: Collection[int]) -> None:
        """Begin to find each partition's place; what is read before that is dropped, and read again."""
        if not self._watching:
            self._watching.append(asyncio.create_task(self._guard(self._watch.run())))
        for partition in partitions:
            self._start(partition)

    async def revoked(self, partitions: Collection[int]) -> None:
        """Forget partitions, without waiting for a batch under way: its write is refused if it comes too late."""
        for partition in partitions:
            if (task := self._starting.pop(partition, None)) is not None:
                task.cancel()
            if (place := self._places.get(partition)) is not None:
                self._forget(place)

    async def received(self, records: Sequence[Incoming]) -> None:
        """Handle a batch, of any partitions; returns when its effects are durable, or will be read again."""
        await self._guard(self._receive(records))

    async def _receive(self, records: Sequence[Incoming]) -> None:
        by_partition: dict[int, list[Incoming]] = {}
        for record in records:
            by_partition.setdefault(record.partition, []).append(record)
        for partition, batch in by_partition.items():
            place = self._places.get(partition)
            if place is not None and not self.patience.stopping.is_set():
                async with place.lock:
                    await self._handle_batch(place, batch)

    async def _guard(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Stopping:
            pass
        except Exception as error:
            # A fault of the loop itself: crash loudly, the process is started again.
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Note a fault that is nobody's record: it ends the process."""
        log.error("%s failed", self._service.name.value, exc_info=error)
        if not self.failure.done():
            self.failure.set_exception(error)

    async def stop(self) -> None:
        """Give up waiting; batches under way end within seconds, or are read again at the next start."""
        self.patience.stopping.set()
        await end([*self._starting.values(), *self._watching])
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                for place in list(self._places.values()):
                    await place.lock.acquire()

    # A partition's place

    def _start(self, partition: int) -> None:
        if (task := self._starting.pop(partition, None)) is not None:
            task.cancel()
        self._starting[partition] = asyncio.create_task(self._guard(self._find_place(partition)))

    async def _find_place(self, partition: int) -> None:
        place = await self.patience("store and log", lambda: self._finder.find(partition))
        if self._starting.get(partition) is not asyncio.current_task():
            return  # it has moved away meanwhile
        self._places[partition] = place
        self.status.partitions.add(partition)
        self._subscription.seek(partition, place.next_offset)
        self._starting.pop(partition, None)

    def _forget(self, place: Place) -> None:
        self._copies.drop(place)
        if self._places.get(place.partition) is place:
            del self._places[place.partition]
            self._gaps.forget(place)
            self.status.partitions.discard(place.partition)

    def _read_again(self, place: Place) -> None:
        """Read on from what is stored: another process has written, or the store has forgotten."""
        current = self._places.get(place.partition) is place
        self._forget(place)
        if current:
            self._start(place.partition)

    # A batch

    async def _handle_batch(self, place: Place, batch: Sequence[Incoming]) -> None:
        if batch[0].offset < place.next_offset and await self.patience("log", lambda: self._finder.is_another(place)):
            # Its reader was sent to the beginning, which looks like reading again.
            self._read_again(place)
            return
        fresh = place.expected(batch)
        if fresh is None:
            await self.patience("log", lambda: self._finder.close_hole(place))
            return
        if not fresh:
            return
        started, place.began = time.perf_counter(), now()
        try:
            await self.patience("store, log or model", lambda: self._attempt(place, fresh))
        except Replaced as replaced:
            metrics.REPLACED.labels(self._service.name.value).inc()
            log.warning("partition %d: %s; reading again", place.partition, replaced)
            self._read_again(place)
        finally:
            metrics.BUSY.labels(self._service.name.value).inc(time.perf_counter() - started)

    async def _attempt(self, place: Place, batch: Sequence[Incoming]) -> None:
        clock, clocks = place.clock, dict(place.clocks)
        try:
            await self._apply(place, batch)
        except (Unavailable, Replaced):
            # Whether a write arrived is not known: the stored position tells, at the next attempt.
            self._copies.drop(place)
            place.clock, place.clocks = clock, clocks
            raise

    async def _apply(self, place: Place, batch: Sequence[Incoming]) -> None:
        arrivals = await asyncio.to_thread(arrivals_of, self._service, batch, self._log.partitions)
        segment: list[Arrival] = []
        for arrival in arrivals:
            if arrival.envelope is not None and isinstance(arrival.envelope.event, Tick):
                await self._apply_records(place, segment)
                await self._apply_tick(place, arrival, arrival.envelope, arrival.envelope.event)
                segment = []
            else:
                segment.append(arrival)
        await self._apply_records(place, segment)
        place.advance(batch[-1].offset + 1)
        if not await self._store.save_watermark(place.partition, place.watermark(), place.server):
            raise Replaced("the store has restarted and may have forgotten")
        await self._subscription.commit({place.partition: place.held()})
        if place.rewind():
            self._subscription.seek(place.partition, place.next_offset)
        self._copies.shrink()

    async def _apply_tick(self, place: Place, arrival: Arrival, envelope: Envelope, tick: Tick) -> None:
        place.hear(tick.at)
        self._gaps.hear(place)
        due = place.communities_due(tick.at)
        await self._apply_by_community(place, {community: [arrival] for community in due})
        if self._service.passes_ticks:
            message = Outgoing(self._service.writes, place.partition, str(place.partition), encode(envelope))
            await self._log.publish([message])
        metrics.HANDLED.labels(self._service.name.value, "Tick").inc()

    async def _apply_records(self, place: Place, segment: Iterable[Arrival]) -> None:
        by_community: dict[str, list[Arrival]] = {}
        nobodys: list[tuple[DeadLetter, str]] = []
        for arrival in segment:
            if arrival.community:
                by_community.setdefault(arrival.community, []).append(arrival)
            elif arrival.failure is not None and not self._gaps.is_newer_tick(place, arrival):
                nobodys.append((self._isolation.letter(place, arrival, arrival.failure, 1), arrival.key))
        if nobodys:
            await self._isolation.publish_letters(nobodys)
        await self._apply_by_community(place, by_community)

    async def _apply_by_community(self, place: Place, work: dict[str, list[Arrival]]) -> None:
        waiting: list[Working[State]] = []
        handled: list[Arrival] = []
        dead: list[Arrival] = []
        for community, arrivals in work.items():
            if self._gaps.lacks(place, community):
                continue
            try:
                copy = await self._copies.get(place, community)
            except Lacking as lacking:
                self._gaps.lack(place, community, arrivals[0].offset, lacking)
                continue
            fresh = self._gaps.next_in_line(place, copy, arrivals)
            if not fresh:
                continue
            stepped, applied, buried = await self._isolation.step(place, copy, fresh)
            handled += applied
            dead += buried
            if stepped is not None:
                waiting.append(stepped)
        await self._settle(place, waiting)
        self._count(handled)
        self._traces.processed(self._service, place, handled)
        self._traces.processed(self._service, place, dead, failed=True)

    # Write, publish, trim

    async def _settle(self, place: Place, copies: Sequence[Working[State]]) -> None:
        """Make the copies' steps durable, then let the world know."""
        writes = [(copy, write) for copy in copies if (write := copy.write()) is not None]
        if not writes:
            return
        due = [(copy.community, copy.documents.next_due()) for copy, _ in writes]
        # The index of what is due may be early, never late: before the write where it moves forward ...
        early = [(community, at) for community, at in due if at is not None and place.earlier_due(community, at)]
        if early:
            await self._store.save_due(place.partition, early)
        emitted = [(copy.events, write.changes.puts) for copy, write in writes]
        asides = [(copy.community, copy.asides) for copy, _ in writes]
        if not all(await self._store.write([write for _, write in writes])):
            raise Replaced("another process has written")
        records = [(copy.community, copy.written(write)) for copy, write in writes]
        await self._publish(place.partition, records)
        for events, written in emitted:
            self._count_emitted(events, written)
        for community, told in asides:
            self._traces.sent(self._service, place, community, told)
        # ... and after the outbox is empty where it moves back, so that nothing in an outbox is forgotten.
        late = [
            Move(c, place.due[c], at) for c, at in due if c in place.due and at != place.due[c] and (c, at) not in early
        ]
        if late:
            await self._store.move_due(place.partition, late)
        for community, at in due:
            place.set_due(community, at)

    async def _publish(self, partition: int, records: Sequence[tuple[str, Sequence[tuple[int, bytes]]]]) -> None:
        messages = [
            Outgoing(self._service.writes, partition, community, body) for community, out in records for _, body in out
        ]
        if messages:
            await self._log.publish(messages)
            await self._store.trim({community: [number for number, _ in out] for community, out in records if out})

    async def _publish_left(self, partition: int, records: Sequence[tuple[str, Sequence[tuple[int, bytes]]]]) -> None:
        """Publish what an owner left that ended, or whose log was away; nobody has counted it yet."""
        await self._publish(partition, records)
        self._count_emitted([event for _, out in records for _, body in out for event in _readable(body)], {})

    def _count_emitted(self, events: Sequence[Event], written: Mapping[str, bytes]) -> None:
        for event in events:
            metrics.EMITTED.labels(self._service.name.value, type(event).__name__).inc()
        if self._tally is not None:
            self._tally(events, written)

    def _count(self, arrivals: Sequence[Arrival]) -> None:
        now = self._clock()
        name = self._service.name.value
        for arrival in arrivals:
            if arrival.envelope is not None and not isinstance(arrival.envelope.event, Tick):
                kind = type(arrival.envelope.event).__name__
                metrics.HANDLED.labels(name, kind).inc()
                if arrival.envelope.recorded is not None:
                    age = (now - arrival.envelope.recorded).total_seconds()
                    metrics.AGE.labels(name, kind).observe(max(age, 0.0))
                    self._count_post(name, arrival.envelope)

    def _count_post(self, name: str, envelope: Envelope) -> None:
        event, recorded = envelope.event, envelope.recorded
        if isinstance(event, PostPublished) and recorded is not None and recorded - event.at < _LATE:
            metrics.PLATFORM_AGE.labels(name).observe(max((self._clock() - event.at).total_seconds(), 0.0))


def _readable(body: bytes) -> list[Event]:
    """Read a record to be counted; none where a version wrote it that has been taken back since."""
    try:
        return [decode(body).event]
    except Unprocessable:
        return []
