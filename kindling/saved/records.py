"""The records of one community in the log: what its services have still to read, and which numbers there are."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from shared.arrivals import is_tick
from shared.events import CommunityDeleted, Event, MemberForgotten
from shared.log import Log
from shared.service import ServiceName, TopicName
from shared.store import Position
from shared.topics import partition_of
from shared.wire import TYPE_PREFIX, read_sequence

# Who writes the numbered topics, and who reads them.
LINKS: Final = (
    (ServiceName.RECOMMEND, TopicName.MATCHES, ServiceName.NUDGE),
    (ServiceName.NUDGE, TopicName.NUDGES, ServiceName.INGEST),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A community's record in the log: its type and, where it has one, its sequence number."""

    offset: int
    wire_type: str
    number: int | None
    body: bytes

    @property
    def deletes(self) -> bool:
        """Whether it ends the community."""
        return self._is(CommunityDeleted)

    @property
    def forgets(self) -> bool:
        """Whether a member is forgotten by it."""
        return self._is(MemberForgotten)

    def _is(self, kind: type[Event]) -> bool:
        return self.wire_type.startswith(f"{TYPE_PREFIX}{kind.__name__}.")


def after(position: Position | None, generation: str) -> int:
    """Give the offset where a community's service has still to read, in the log of a generation."""
    return position.offset + 1 if position is not None and position.generation == generation else 0


async def records(log: Log, topic: TopicName, community: str, since: int) -> AsyncGenerator[Found, None]:
    """Give a community's records of a topic from an offset on, to where it ends now."""
    begin = await log.ends(topic)
    begin[partition_of(community, log.partitions)] = since
    async with aclosing(log.scan(topic, begin)) as found:  # type: ignore[type-var]
        async for record in found:
            if (one := _of(community, record.offset, record.body)) is not None:
                yield one


async def oldest(log: Log, topic: TopicName, community: str) -> int | None:
    """Give the offset of the oldest record in a community's partition; None where it is empty."""
    begin = await log.ends(topic)
    begin[partition_of(community, log.partitions)] = 0
    async with aclosing(log.scan(topic, begin)) as found:  # type: ignore[type-var]
        async for record in found:
            return record.offset
    return None


def renumbered(body: bytes, number: int) -> bytes:
    """Give a record that a service emitted another sequence number."""
    return json.dumps({**json.loads(body), "sequence": f"{number:020d}"}, ensure_ascii=False).encode()


def number_of(body: bytes) -> int:
    """Give the sequence number of a record that a service emitted; 0 where it has none."""
    return read_sequence(json.loads(body).get("sequence")) or 0


def _of(community: str, offset: int, body: bytes) -> Found | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None  # it is nobody's
    if not isinstance(said, dict) or said.get("partitionkey") != community or is_tick(said.get("type")):
        return None
    return Found(offset, str(said.get("type")), read_sequence(said.get("sequence")), body)
