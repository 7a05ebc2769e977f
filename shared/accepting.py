"""What a community stands still for: a record that is lost, until somebody decides, or one of a newer version."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.arrivals import arrivals_in, arrivals_of
from shared.failures import Newer, Unprocessable
from shared.log import Log
from shared.service import Service, TopicName
from shared.state import Changes
from shared.store import Position, Store, Stored, Write, dump_position
from shared.topics import partition_of
from shared.working import Arrival


@dataclass(frozen=True, slots=True)
class Gap:
    """Records `first` to `last` of what a community's service reads are missing; the one after them is there."""

    community: str
    first: int
    last: int
    stored: Stored


async def find_gaps(log: Log, store: Store, service: Service[Any], only: str | None = None) -> list[Gap]:
    """Give the communities (or the `only` one) of whose input something waits behind a gap, by name."""
    read: dict[str, int] = {}
    coming: dict[str, int] = {}
    async for record in log.scan(service.reads, await _begin(log, store, service.reads, only)):
        (arrival,) = arrivals_of(service, [record], log.partitions)
        community, number = arrival.community, arrival.sequence
        if number is None or (only is not None and community != only):
            continue
        if community not in read:
            read[community] = await store.read(community)
        if number > read[community]:
            coming[community] = min(number, coming.get(community, number))
    waiting = sorted(community for community, number in coming.items() if number != read[community] + 1)
    return [Gap(c, read[c] + 1, coming[c] - 1, await store.load(c)) for c in waiting]


@dataclass(frozen=True, slots=True)
class Waits:
    """A community that waits for its service to be upgraded, at a record of this type."""

    community: str
    wire_type: str


async def find_newer(log: Log, store: Store, reads: TopicName) -> list[Waits]:
    """Give the communities that wait at a record which this version cannot read either, by name.

    One that another version of a service waits at, and this one knows, is not seen: that service says it itself.
    """
    waits: dict[str, str] = {}
    async for record in log.scan(reads, await _begin(log, store, reads, None)):
        (arrival,) = arrivals_in(reads, [record], log.partitions)
        community, failure = arrival.community, arrival.failure
        if not community or community in waits or not isinstance(failure, Newer):
            continue
        position = (await store.load(community)).position
        if position is None or not _applied(position, arrival, log.generation):
            waits[community] = failure.wire_type
    return [Waits(community, waits[community]) for community in sorted(waits)]


def _applied(position: Position, arrival: Arrival, generation: str) -> bool:
    if arrival.sequence is not None:
        return arrival.sequence <= position.read
    return position.generation == generation and arrival.offset <= position.offset


async def _begin(log: Log, store: Store, reads: TopicName, only: str | None) -> dict[int, int]:
    """Give where to begin in each partition: a stopped community holds the place that is stored."""
    begin = await log.ends(reads)
    for partition in range(log.partitions) if only is None else [partition_of(only, log.partitions)]:
        mark = await store.watermark(partition)
        begin[partition] = mark.resume if mark is not None and mark.generation == log.generation else 0
    return begin


def refuse_what_comes(gap: Gap, outbox: Sequence[tuple[int, bytes]]) -> None:
    """Refuse a gap that its writer will fill: what it holds in its outbox is published once it is at work.

    Raises:
        Unprocessable: it holds one of the missing records.
    """
    if held := [number for number, _ in outbox if gap.first <= number <= gap.last]:
        raise Unprocessable(f"record {held[0]} is still to be published by who wrote it: start that service, and wait")


async def go_on_without(log: Log, store: Store, gap: Gap) -> bool:
    """Have the community go on after the gap; False where its service has written since it was found."""
    if gap.stored.position is not None and gap.stored.position.read != gap.first - 1:
        return False
    position = gap.stored.position or Position(log.generation, -1, 0, 0, None)
    moved = dump_position(replace(position, read=gap.last))
    (done,) = await store.write([Write(gap.community, gap.stored.raw, moved, Changes({}, set()), ())])
    return done
