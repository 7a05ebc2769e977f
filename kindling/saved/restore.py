"""Restore one community from its file, here or in another deployment.

    look -> plan -> stage aside -> close (as saved) -> due times, places -> take its place, as one -> publish

Until it takes its place nothing is changed but that services may read some records again; interrupted, it can be called
again, with `--replace` where it was too late.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from kindling.deleting import READS
from kindling.deleting import stage as stage_of
from kindling.saved.close import close
from kindling.saved.file import Entry, Field, Head, Item, Key, Letter, Record, entries, read_head
from kindling.saved.forgotten import ForgottenSince, forgotten_there
from kindling.saved.keys import STATE, Keys, Name, Staged
from kindling.saved.plan import STOPPED, How, Plan, There, plan, refuse_at_work, refuse_newer, refuse_there
from kindling.saved.records import LINKS, number_of, oldest, renumbered
from kindling.saved.save import OUTBOX
from services.nudge.settings import NudgeSettings
from services.recommend.stored_tries import BeingTrained, StoredTries
from shared.connections import Connections
from shared.dead_letters import DeadLetter, outgoing
from shared.events import CommunityClosed, MemberForgotten
from shared.failures import Unprocessable
from shared.log import Log, Outgoing
from shared.redis_store import POSITION
from shared.service import ServiceName, TopicName
from shared.state import TIMERS
from shared.store import Position, Store, Watermark, dump_position, load_position
from shared.topics import partition_of
from shared.wire import Envelope, encode

_WRITER: Final = {topic: writer for writer, topic, _ in LINKS}
_TOPIC: Final = {writer: topic for writer, topic, _ in LINKS}
_TIMER: Final = f"{TIMERS.name}/".encode()
_POSITION: Final = POSITION.encode()
_SOURCE: Final = "kindling/restore"
_AT_ONCE = 500
BUDGET: Final = timedelta(days=7)


@dataclass(slots=True)
class Restored:
    """What became of it. `again`: activity that is read again; `full`: from when on budgets are sure to hold, if ever.

    `records` came out of the file into the log, and `letters` dead letters. `forgotten` members of the file were
    forgotten since, and are again; `unsure`: there may be more, of whom nothing here tells.
    """

    community: str
    how: How
    saved: datetime
    again: int
    records: int = 0
    letters: int = 0
    full: datetime | None = None
    forgotten: int = 0
    unsure: bool = False


@dataclass
class Restoring:
    """One restoring under way."""

    connections: Connections
    redis: Any
    log: Log
    settings: NudgeSettings
    path: Path
    now: datetime
    stores: dict[ServiceName, Store] = field(init=False)

    def __post_init__(self) -> None:
        self.stores = {service: self.connections.store(self.redis, service) for service in ServiceName}

    async def restore(self, *, as_saved: bool, over: bool) -> Restored:
        """Restore it: `as_saved` without the log since, `over` what is there.

        Raises:
            Unprocessable: the file, or what is there, does not allow it; the sentence says why, and what to do.
        """
        head = read_head(self.path)
        refuse_newer(head)
        try:
            # Who trains it now would put a model there that is not this one's.
            async with StoredTries(self.redis, self.connections.prefix).alone(head.community):
                return await self._restore(head, as_saved=as_saved, over=over)
        except BeingTrained:
            raise Unprocessable(f"the models of {head.community} are being trained: try again later") from None

    async def _restore(self, head: Head, *, as_saved: bool, over: bool) -> Restored:
        keys = Keys(self.redis, self.connections.prefix, head.community)
        there = await self._look(keys, head.community)
        refuse_there(head, there, over)
        how = await plan(self.log, self.stores, head, there, as_saved=as_saved)
        restored = Restored(head.community, how.how, head.saved, how.again, unsure=how.unsure)
        async with keys.staged() as staged:
            staging = _Staging(self, staged, head, how, restored, ForgottenSince(head.community, there.forgotten))
            await staging.fill()
            await self._keep_due(head.community, staging.due)
            places: dict[ServiceName, int] = {}
            if how.how is How.READING_ON:
                # Filling takes its time: one may have been started meanwhile.
                await refuse_at_work(self.log, STOPPED)
                places = await self._go_back(head)
            if not await staged.take_place(there.raw):
                raise Unprocessable(f"a service has written of {head.community} meanwhile; nothing was done: try again")
        await self._check_places(head, places)
        await self._publish(head, how, staging.letters)
        if how.how is How.AS_SAVED and not head.closed:
            restored.full = head.saved + BUDGET
        return restored

    async def _look(self, keys: Keys, community: str) -> There:
        raw = await keys.positions()
        positions = {service: load_position(body) for service, body in raw.items() if body}
        deleted = (await stage_of(self.connections, self.redis, community)).deleted
        # After the positions: who is forgotten meanwhile moves one, and nothing is done.
        return There(bool(positions), deleted, raw, positions, await forgotten_there(keys))

    async def _keep_due(self, community: str, due: Mapping[ServiceName, datetime]) -> None:
        """Have services find what is due; the index may be early, so it comes before."""
        partition = partition_of(community, self.log.partitions)
        for service, at in due.items():
            await self.stores[service].save_due(partition, [(community, at)])

    async def _go_back(self, head: Head) -> dict[ServiceName, int]:
        """Have each service read its partition again from where it was then, with the clock of then; gives the places.

        A service that has taken the partition meanwhile may have moved it on.
        """
        places: dict[ServiceName, int] = {}
        partition = partition_of(head.community, self.log.partitions)
        for service, topic in READS.items():
            store, was = self.stores[service], head.places.get(service)
            now = await store.watermark(partition)
            there = now if now is not None and now.generation == self.log.generation else None
            if was is None or was.generation != self.log.generation:
                was = Watermark(self.log.generation, self.log.first, self.log.first, None)
            # What is gone by now was read then.
            first = max(was.resume, await oldest(self.log, topic, head.community) or was.resume)
            if there is None or first < there.resume:
                back = replace(was, handled=first, resume=first)
            else:
                # It reads again from there as it is, but what it is to read is not handled any more.
                back = replace(there, handled=there.resume)
            await store.save_watermark(partition, back, await store.server(partition))
            places[service] = first
        return places

    async def _check_places(self, head: Head, places: Mapping[ServiceName, int]) -> None:
        """Check that no service has read on before the community was there: it would have passed by what came since.

        Raises:
            Unprocessable: one has; the sentence says what to do.
        """
        partition = partition_of(head.community, self.log.partitions)
        for service, first in places.items():
            now = await self.stores[service].watermark(partition)
            moved = now is None or now.generation != self.log.generation or now.resume > first
            # One that is at work may not have said yet how far it is.
            if moved or await self.log.is_read(service.value):
                raise Unprocessable(
                    f"{service.value} was started meanwhile and has passed by what came in since: stop all services, "
                    "and call it again with --replace"
                )

    async def _publish(self, head: Head, how: Plan, letters: list[DeadLetter]) -> None:
        """Publish what waits in ingest's outbox: it reads nothing by which it would come to it by itself."""
        partition = partition_of(head.community, self.log.partitions)
        if how.how is How.READING_ON:
            return
        waiting = (await self.stores[ServiceName.INGEST].load(head.community)).outbox
        for first in range(0, len(waiting), _AT_ONCE):
            some = waiting[first : first + _AT_ONCE]
            await self.log.publish([Outgoing(TopicName.ACTIVITY, partition, head.community, body) for _, body in some])
            await self.stores[ServiceName.INGEST].trim({head.community: [number for number, _ in some]})
        if letters:
            await self.log.publish([outgoing(letter, head.community) for letter in letters])


class _Staging:
    """Fills the keys as they will be, entry by entry; tells what is due, and the dead letters."""

    def __init__(
        self,
        restoring: Restoring,
        staged: Staged,
        head: Head,
        how: Plan,
        restored: Restored,
        forgotten: ForgottenSince,
    ) -> None:
        self._restoring, self._staged, self._head, self._plan, self._restored = restoring, staged, head, how, restored
        self._forgotten = forgotten
        self.due: dict[ServiceName, datetime] = {}
        self.letters: list[DeadLetter] = []
        self._positions: dict[ServiceName, Position] = dict(how.positions)
        self._name = Name("", "")
        self._fields: list[tuple[bytes, bytes]] = []
        self._items: list[bytes] = []

    async def fill(self) -> None:
        """Put all of the file in, and then what the plan changes of it."""
        as_saved = self._plan.how is How.AS_SAVED
        if as_saved:
            await self._enter(encode(Envelope(self._closed(self._restoring.now), recorded=self._restoring.now)))
        for entry in entries(self._restoring.path):
            await self._take(entry)
        await self._flush()
        for body in self._plan.forgets:
            self._forgotten.see_record(body)
            await self._enter(body)
        if as_saved:
            await self._forget()
        for writer, carried in self._plan.carried.items():
            await self._put_out(writer, carried)
        for service, position in self._positions.items():
            await self._staged.put(_state(service), [(_POSITION, dump_position(position))])
        if as_saved and not self._head.closed:
            await self._close()

    async def _take(self, entry: Entry) -> None:
        match entry:
            case Key():
                await self._flush()
                self._name = Name(entry.service, entry.rest)
            case Field():
                self._see(entry)
                self._forgotten.see_field(self._name, entry)
                self._fields.append((entry.name, entry.value))
            case Item():
                self._items.append(entry.value)
            case Record():
                self._forgotten.see_record(entry.body)
                await self._take_record(TopicName(entry.topic), entry.body)
            case Letter():
                self._take_letter(DeadLetter.model_validate_json(entry.body))
        if len(self._fields) + len(self._items) >= _AT_ONCE:
            await self._flush()

    def _see(self, entry: Field) -> None:
        """Note when a service has to come to the community; move the number of what waits in its outbox."""
        if self._name.rest != STATE:
            return
        service = ServiceName(self._name.service)
        if entry.name.startswith(_TIMER):
            self._note_due(service, TIMERS.load(entry.value).due)
        elif entry.name.startswith(OUTBOX):
            self._note_due(service, self._restoring.now)

    def _note_due(self, service: ServiceName, at: datetime) -> None:
        self.due[service] = min(at, self.due.get(service, at))

    async def _flush(self) -> None:
        service = ServiceName(self._name.service) if self._name.rest == STATE else None
        shift = self._plan.shifts.get(_TOPIC[service], 0) if service in _TOPIC else 0
        await self._staged.put(self._name, [_shifted(name, value, shift) for name, value in self._fields])
        await self._staged.push(self._name, self._items)
        self._fields, self._items = [], []

    async def _take_record(self, topic: TopicName, body: bytes) -> None:
        if topic is TopicName.ACTIVITY:
            # Reading on, it is in the log.
            if self._plan.how is How.AS_SAVED:
                await self._enter(body)
                self._restored.records += 1
            return
        number = number_of(body) + self._plan.shifts.get(topic, 0)
        await self._put_out(_WRITER[topic], {number: renumbered(body, number)})
        self._restored.records += 1

    async def _enter(self, body: bytes) -> None:
        """Have ingest's outbox hold one more record of activity."""
        was = self._positions.get(ServiceName.INGEST)
        was = was or Position(self._restoring.log.generation, -1, 0, 0, None)
        self._positions[ServiceName.INGEST] = replace(was, emitted=was.emitted + 1)
        await self._put_out(ServiceName.INGEST, {was.emitted + 1: body})

    async def _forget(self) -> None:
        """Keep who was forgotten since, and have services forget again whom the file brings."""
        for service, name, body in self._forgotten.carried():
            await self._staged.put(_state(service), [(name, body)])
        for member, at in self._forgotten.members():
            said = f"forgotten/{secrets.token_hex(8)}"
            event = MemberForgotten(id=said, source=_SOURCE, at=at, community=self._head.community, member=member)
            await self._enter(encode(Envelope(event, recorded=self._restoring.now)))
            self._restored.forgotten += 1

    async def _put_out(self, writer: ServiceName, waiting: Mapping[int, bytes]) -> None:
        if waiting:
            await self._staged.put(_state(writer), [(OUTBOX + str(n).encode(), body) for n, body in waiting.items()])
            self._note_due(writer, self._restoring.now)

    def _take_letter(self, letter: DeadLetter) -> None:
        # Reading on, it is there still.
        if self._head.generation != self._restoring.log.generation:
            partition = partition_of(self._head.community, self._restoring.log.partitions)
            self.letters.append(letter.model_copy(update={"partition": partition}))
            self._restored.letters += 1

    async def _close(self) -> None:
        """Close it by nudge's own rule at the moment of which it is, before anything falls due since."""
        was = self._positions.get(ServiceName.NUDGE)
        if was is None:
            return
        name = _state(ServiceName.NUDGE)
        at = (was.clock or self._head.saved) + timedelta(microseconds=1)
        stored = await self._staged.fields(name)
        write = await close(self._closed(at), stored, was, self._restoring.settings)
        await self._staged.put(name, [(n.encode(), body) for n, body in write.changes.puts.items()])
        await self._staged.drop(name, [one.encode() for one in write.changes.drops])
        await self._staged.put(name, [(_POSITION, write.position)])
        await self._put_out(ServiceName.NUDGE, dict(write.outbox))

    def _closed(self, at: datetime) -> CommunityClosed:
        name = f"closed/{secrets.token_hex(8)}"
        return CommunityClosed(id=name, source=_SOURCE, at=at, community=self._head.community)


def _state(service: ServiceName) -> Name:
    return Name(service.value, STATE)


def _shifted(name: bytes, value: bytes, shift: int) -> tuple[bytes, bytes]:
    if not shift or not name.startswith(OUTBOX):
        return name, value
    number = int(name.removeprefix(OUTBOX)) + shift
    return OUTBOX + str(number).encode(), renumbered(value, number)
