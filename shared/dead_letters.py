"""Dead letters: what could not be processed, with the reason, kept in the log until someone decides.

The topic `dead-letters` holds letters and, later, what was decided about them (replayed, dropped); a letter
is open while nothing was. A letter's id comes from where its record was, so that one that is written twice
is one letter.
"""

import json
import traceback
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.arrivals import is_tick
from shared.events import CommunityEvent
from shared.failures import Invalid, Unprocessable
from shared.log import Incoming, Log, Outgoing
from shared.service import ServiceName, TopicName
from shared.topics import partition_of
from shared.wire import Envelope, decode, encode


class Cause(StrEnum):
    INVALID = "invalid"
    FAILED = "failed"
    TIMER = "timer"


class DeadLetter(BaseModel):
    """One record (or timer) that could not be processed. `body` is the record as it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Literal["letter"] = "letter"
    id: str
    service: ServiceName
    topic: TopicName
    partition: int
    offset: int
    community: str
    cause: Cause
    reason: str
    frame: str
    attempts: int
    died: datetime
    body: str


class Decided(BaseModel):
    """What became of a letter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Literal["decided"] = "decided"
    id: str
    partition: int
    fate: Literal["replayed", "dropped"]
    at: datetime


_ENTRIES: Final[TypeAdapter[DeadLetter | Decided]] = TypeAdapter(DeadLetter | Decided)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What lies at an offset: a letter, a decision, or neither; and whose it is, as far as anything says so."""

    partition: int
    offset: int
    known: DeadLetter | Decided | None
    owner: str


def letter_id(service: ServiceName, topic: TopicName, generation: str, partition: int, offset: int) -> str:
    """Name a letter by the place of its record."""
    return f"{service.value}-{topic.value}-{generation[:8]}-{partition}-{offset}"


def reason_of(error: BaseException) -> str:
    """Say why, without what people wrote: texts and names stay in the letter's body alone."""
    if isinstance(error, Invalid):
        return "; ".join(f"{p.pointer or '/'}: {p.detail}" for p in error.problems)[:1000]
    if isinstance(error, Unprocessable):
        return str(error)[:1000]
    return type(error).__name__


def last_frame(error: BaseException) -> str:
    """Name the last line of code that ran."""
    while error.__cause__ is not None and not isinstance(error, Unprocessable):
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno} {frames[-1].name}" if frames else ""


def outgoing(entry: DeadLetter | Decided, key: str = "") -> Outgoing:
    """Make the record of a letter, or of a decision about one."""
    return Outgoing(TopicName.DEAD_LETTERS, entry.partition, key, entry.model_dump_json().encode())


async def open_letters(log: Log) -> list[DeadLetter]:
    """Read all letters about which nothing was decided, oldest first."""
    return sorted((letter for _, letter in await _open(log)), key=lambda x: (x.died, x.id))


async def entries_of(log: Log) -> AsyncIterator[DeadLetter | Decided]:
    """Read all letters and what was decided about them, as they came."""
    async for record in log.scan(TopicName.DEAD_LETTERS):
        # Else it was written by something else, or a newer version.
        if (known := _read(record).known) is not None:
            yield known


async def _open(log: Log) -> list[tuple[int, DeadLetter]]:
    """Give the letters about which nothing was decided, each with its offset."""
    return _undecided(await _all(log))


async def _all(log: Log) -> list[_Entry]:
    return [_read(record) async for record in log.scan(TopicName.DEAD_LETTERS)]


def _undecided(entries: Sequence[_Entry]) -> list[tuple[int, DeadLetter]]:
    letters: dict[str, tuple[int, DeadLetter]] = {}
    decided: set[str] = set()
    for entry in entries:
        if isinstance(entry.known, Decided):
            decided.add(entry.known.id)
        elif entry.known is not None:  # else written by something else, or a newer version
            letters.setdefault(entry.known.id, (entry.offset, entry.known))
    return [(offset, letter) for offset, letter in letters.values() if letter.id not in decided]


def _read(record: Incoming) -> _Entry:
    try:
        known = _ENTRIES.validate_json(record.body)
    except ValidationError:
        return _Entry(record.partition, record.offset, None, _said(record.body, "community") or record.key)
    if isinstance(known, Decided):
        return _Entry(record.partition, record.offset, known, "")  # it says nothing of anybody
    owner = known.community or _said(known.body.encode(), "partitionkey") or record.key
    return _Entry(record.partition, record.offset, known, owner)


def _said(body: bytes, name: str) -> str:
    """Read what a record says of its community, which cannot be read otherwise; "" where it says nothing."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    said = found.get(name) if isinstance(found, dict) and not is_tick(found.get("type")) else None
    return said if isinstance(said, str) else ""


async def delete_letters(log: Log, community: str, at: datetime) -> int:
    """Drop a community's open letters, and delete what is decided in their partitions; give how many are left of it.

    Its letters are also those that belong to nobody because they cannot be read, where they or their writer name it,
    and what a newer version of Kindling wrote of it. The log deletes from its beginning only: what lies behind the
    first open letter of another community, or one that only a newer version can read, stays until that is decided.
    """
    # Before anything is read: a letter that comes meanwhile lies behind it.
    ends = await log.ends(TopicName.DEAD_LETTERS)
    entries = await _all(log)
    opened = _undecided(entries)
    owners = {(entry.partition, entry.offset): entry.owner for entry in entries}
    own = [(offset, x) for offset, x in opened if owners[x.partition, offset] == community]
    await decide(log, [letter for _, letter in own], "dropped", at)
    keep = [(x.partition, offset) for offset, x in opened if owners[x.partition, offset] != community]
    keep += [(e.partition, e.offset) for e in entries if e.known is None and e.owner not in ("", community)]
    where_own = {entry.partition for entry in entries if entry.owner == community}
    for partition in sorted(where_own | {partition_of(community, log.partitions)}):
        first = min([ends[partition], *(offset for where, offset in keep if where == partition)])
        await log.drop_before(TopicName.DEAD_LETTERS, partition, first)
    return sum([entry.owner == community for entry in await _all(log)])


async def decide(log: Log, letters: Sequence[DeadLetter], fate: Literal["replayed", "dropped"], at: datetime) -> None:
    """Note what became of letters."""
    await log.publish(
        [outgoing(Decided(id=x.id, partition=x.partition, fate=fate, at=at), x.community) for x in letters]
    )


async def replay_letter(log: Log, letter: DeadLetter, body: bytes | None, now: datetime) -> None:
    """Send a letter's event in again at the head of the log, marked with the letter that it comes from.

    Every service's letter goes in there: recommend passes on unchanged what it knows already.

    Raises:
        Invalid: the body is still no event.
        Unprocessable: it is a timer's letter; there is no event to send.
    """
    if letter.cause is Cause.TIMER:
        raise Unprocessable(f"{letter.id} is a timer's: there is no event to send again; drop it")
    found = decode(body if body is not None else letter.body.encode())
    event = found.event
    if not isinstance(event, CommunityEvent):
        raise Unprocessable(f"{letter.id} belongs to no community")
    partition = partition_of(event.community, log.partitions)
    again = encode(Envelope(event, recorded=now, replay_of=letter.id, traceparent=found.traceparent))
    await log.publish([Outgoing(TopicName.ACTIVITY, partition, event.community, again)])
