"""Decoding a batch: what cannot be read keeps its place, so that it can become a dead letter in order."""

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from shared.events import Event, Tick
from shared.failures import Unprocessable
from shared.limits import Id
from shared.log import Incoming
from shared.service import Service, TopicName
from shared.topics import partition_of
from shared.wire import TYPE_PREFIX, decode, partition_key, read_sequence
from shared.working import Arrival

_IDS: Final = TypeAdapter[str](Id)


def arrivals_of(service: Service[Any], batch: Sequence[Incoming], partitions: int) -> list[Arrival]:
    """Decode records that a service reads, of a log of so many partitions, in order; runs in a worker thread."""
    return arrivals_in(service.reads, batch, partitions)


def arrivals_in(topic: TopicName, batch: Sequence[Incoming], partitions: int) -> list[Arrival]:
    """Decode records of a topic in the same way."""
    # The activity log has many writers: a sequence number in it would be somebody else's.
    sequenced = topic is not TopicName.ACTIVITY
    return [_arrival(record, sequenced, partitions) for record in batch]


def _arrival(record: Incoming, sequenced: bool, partitions: int) -> Arrival:
    try:
        envelope = decode(record.body)
    except Unprocessable as error:
        community, sequence = _peek(record.body)
        if community and partition_of(community, partitions) != record.partition:
            community = ""
        return Arrival(record.offset, community, record.body, None, sequence if sequenced else None, error)
    if (own := _partition(envelope.event, partitions)) != record.partition:
        # Its offset says nothing of what its community has handled: it must not move that position.
        misled = Unprocessable(f"it belongs to partition {own}: the key is the community, the partitioner murmur2")
        return Arrival(record.offset, "", record.body, None, None, misled)
    sequence = envelope.sequence if sequenced else None
    return Arrival(record.offset, partition_key(envelope.event), record.body, envelope, sequence)


def _partition(event: Event, partitions: int) -> int:
    return event.partition if isinstance(event, Tick) else partition_of(partition_key(event), partitions)


def _peek(body: bytes) -> tuple[str, int | None]:
    """Find out what an unreadable record was about, as far as it says so: no community for what is nobody's."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "", None
    if not isinstance(found, dict) or is_tick(found.get("type")):
        return "", None
    return _community(found.get("partitionkey")), read_sequence(found.get("sequence"))


def is_tick(wire_type: Any) -> bool:
    """Say whether a record of this type is a tick, of any version: its key is a partition and not a community."""
    return isinstance(wire_type, str) and wire_type.startswith(f"{TYPE_PREFIX}{Tick.__name__}.")


def _community(key: Any) -> str:
    # A key becomes a name in the store, in logs and in metrics: only what may be one does.
    try:
        return _IDS.validate_python(key, strict=True)
    except ValidationError:
        return ""
