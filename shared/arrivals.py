"""Decoding a batch: what cannot be read keeps its place, so that it can become a dead letter in order."""

import json
from collections.abc import Sequence
from typing import Any

from shared.failures import Unprocessable
from shared.log import Incoming
from shared.service import Service, TopicName
from shared.wire import decode, partition_key
from shared.working import Arrival


def arrivals_of(service: Service[Any], batch: Sequence[Incoming]) -> list[Arrival]:
    """Decode records, in order; runs in a worker thread."""
    # The activity log has many writers: a sequence number in it would be somebody else's.
    sequenced = service.reads is not TopicName.ACTIVITY
    return [_arrival(record, sequenced) for record in batch]


def _arrival(record: Incoming, sequenced: bool) -> Arrival:
    try:
        envelope = decode(record.body)
    except Unprocessable as error:
        community, sequence = _peek(record.body)
        return Arrival(record.offset, community, record.body, None, sequence if sequenced else None, error)
    sequence = envelope.sequence if sequenced else None
    return Arrival(record.offset, partition_key(envelope.event), record.body, envelope, sequence)


def _peek(body: bytes) -> tuple[str, int | None]:
    """Find out what an unreadable record was about, as far as it says so."""
    try:
        found = json.loads(body)
        community, sequence = found.get("partitionkey"), found.get("sequence")
    except (ValueError, AttributeError, RecursionError):
        return "", None
    readable = isinstance(sequence, str) and sequence.isascii() and sequence.isdigit()
    return community if isinstance(community, str) else "", int(sequence) if readable else None
