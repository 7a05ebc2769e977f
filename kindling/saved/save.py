"""Save one community: its keys as they are at one moment, and what its services have still to read.

    places -> copy all keys aside, as one -> head, keys -> records on their way -> dead letters -> end

The services may be at work. The three states are of one moment, because all keys of a community are on one server and
are copied by one command; what one of them had emitted by then, and the next had not read, is taken from the log after
it, so that nothing is between them that is not in the file.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from kindling.saved.file import Entry, Field, Head, Key, Letter, Record, Writer, writing
from kindling.saved.keys import STATE, Frozen, Keys
from kindling.saved.records import LINKS, after, records
from services.nudge.documents import COMMUNITY, THE_COMMUNITY, Community
from shared import redis_store
from shared.connections import Connections
from shared.dead_letters import open_letters
from shared.failures import Unprocessable
from shared.log import Log
from shared.service import ServiceName, TopicName
from shared.store import Position, Watermark, load_position
from shared.topics import partition_of

OUTBOX: Final = redis_store.OUTBOX.encode()


@dataclass(slots=True)
class Saved:
    """What went into the file, in numbers; `closed`: nobody was asked any more in the community."""

    community: str
    closed: bool
    documents: int = 0
    records: int = 0
    letters: int = 0


@dataclass
class _Outboxes:
    """The numbers that wait in each service's outbox, as they go by."""

    service: str = ""
    numbers: dict[str, set[int]] = field(default_factory=dict)

    def see(self, entry: Entry) -> None:
        if isinstance(entry, Key):
            self.service = entry.service if entry.rest == STATE else ""
        elif isinstance(entry, Field) and self.service and entry.name.startswith(OUTBOX):
            self.numbers.setdefault(self.service, set()).add(int(entry.name.removeprefix(OUTBOX)))


async def save(connections: Connections, redis: Any, log: Log, community: str, path: Path, now: datetime) -> Saved:
    """Save a community into a file that is not there yet.

    Raises:
        Unprocessable: there is no such community, it is deleted, the file is there, or a record is missing for which
            a service waits.
    """
    partition = partition_of(community, log.partitions)
    # Before the keys: reading again from there, a restored community misses nothing.
    places = {
        service: mark
        for service in ServiceName
        if (mark := await connections.store(redis, service).watermark(partition)) is not None
    }
    async with Keys(redis, connections.prefix, community).frozen() as copies:
        head = await _head(copies, log, community, places, now)
        saved = Saved(community, head.closed)
        with writing(path) as file:
            await _write(file, copies, log, head, saved)
    return saved


async def _head(copies: Frozen, log: Log, community: str, places: dict[ServiceName, Watermark], now: datetime) -> Head:
    positions: dict[ServiceName, Position] = {}
    for service in ServiceName:
        if (raw := await copies.field(service, redis_store.POSITION)) is not None:
            positions[service] = load_position(raw)
    if not positions.keys() & {ServiceName.RECOMMEND, ServiceName.NUDGE}:
        raise Unprocessable(f"there is no community {community}")
    body = await copies.field(ServiceName.NUDGE, f"{COMMUNITY.name}/{THE_COMMUNITY}")
    told = COMMUNITY.load(body) if body else Community()
    if told.deleted:
        raise Unprocessable(f"{community} is deleted: there is nothing to save")
    return Head(community, version("kindling"), now, log.generation, log.partitions, told.closed, positions, places)


async def _write(file: Writer, copies: Frozen, log: Log, head: Head, saved: Saved) -> None:
    file.head(head)
    waiting = _Outboxes()
    async with aclosing(copies.entries()) as entries:
        async for entry in entries:
            file.entry(entry)
            waiting.see(entry)
            saved.documents += isinstance(entry, Field) and bool(waiting.service)
    async with aclosing(_on_their_way(log, head, waiting.numbers)) as coming:
        async for record in coming:
            file.entry(record)
            saved.records += 1
    for letter in _letters(await open_letters(log), head.community):
        file.entry(letter)
        saved.letters += 1


async def _on_their_way(log: Log, head: Head, outboxes: dict[str, set[int]]) -> AsyncGenerator[Record, None]:
    """Give what is between the services: activity, and numbered records that are not in an outbox any more."""
    since = after(head.positions.get(ServiceName.RECOMMEND), log.generation)
    async with aclosing(records(log, TopicName.ACTIVITY, head.community, since)) as found:
        async for one in found:
            yield Record(TopicName.ACTIVITY.value, one.body)
    for writer, topic, reader in LINKS:
        written, read = head.positions.get(writer), head.positions.get(reader)
        first, last = (read.read if read else 0) + 1, written.emitted if written else 0
        left = set(range(first, last + 1)) - outboxes.get(writer.value, set())
        if not left:
            continue
        async with aclosing(records(log, topic, head.community, after(read, log.generation))) as found:
            async for one in found:
                if one.number in left:
                    left.remove(one.number)
                    yield Record(topic.value, one.body)
        if left:
            raise Unprocessable(
                f"record {min(left)} of {head.community} in {topic.value} is missing, for which {reader.value} waits: "
                f"`kindling topics accept-gap {head.community} --service {reader.value}` lets it go on without"
            )


def _letters(letters: Any, community: str) -> Iterator[Letter]:
    for letter in letters:
        if letter.community == community:
            yield Letter(letter.model_dump_json().encode())
