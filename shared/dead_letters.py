"""Dead letters: what could not be processed, with the reason, kept in the log until someone decides.

The topic `dead-letters` holds letters and, later, what was decided about them (replayed, dropped); a letter
is open while nothing was. A letter's id comes from where its record was, so that one that is written twice
is one letter.
"""

import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.events import CommunityEvent
from shared.failures import Invalid, Unprocessable
from shared.log import Log, Outgoing
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
        with suppress(ValidationError):  # else written by something else; it is nobody's letter
            yield _ENTRIES.validate_json(record.body)


async def _open(log: Log) -> list[tuple[int, DeadLetter]]:
    """Give the letters about which nothing was decided, each with its offset."""
    letters: dict[str, tuple[int, DeadLetter]] = {}
    decided: set[str] = set()
    async for record in log.scan(TopicName.DEAD_LETTERS):
        try:
            entry = _ENTRIES.validate_json(record.body)
        except ValidationError:
            continue  # written by something else; it is nobody's letter
        if isinstance(entry, Decided):
            decided.add(entry.id)
        else:
            letters.setdefault(entry.id, (record.offset, entry))
    return [(offset, letter) for offset, letter in letters.values() if letter.id not in decided]


async def delete_letters(log: Log, community: str, at: datetime) -> int:
    """Drop a community's open letters, and delete what is decided in its partition; give how many are left of it.

    The log deletes from its beginning only: what lies behind the first open letter of another community stays until
    that one is decided.
    """
    partition = partition_of(community, log.partitions)
    # Before anything is read: a letter that comes meanwhile lies behind it.
    end = (await log.ends(TopicName.DEAD_LETTERS))[partition]
    opened = await _open(log)
    await decide(log, [letter for _, letter in opened if letter.community == community], "dropped", at)
    others = [offset for offset, x in opened if x.partition == partition and x.community != community]
    await log.drop_before(TopicName.DEAD_LETTERS, partition, min([end, *others]))
    left = 0
    async for record in log.scan(TopicName.DEAD_LETTERS):
        with suppress(ValidationError):
            entry = _ENTRIES.validate_json(record.body)
            left += isinstance(entry, DeadLetter) and entry.community == community
    return left


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
