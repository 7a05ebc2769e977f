"""Accept an event from outside, or say what is wrong with it: the rule of the front door, pure."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.events import (
    ACTIVITY,
    CommunityClosed,
    CommunityDeleted,
    CommunityEvent,
    CommunityOpened,
    EncoderChanged,
    Event,
    MatchDeclined,
    ModelPromoted,
    NudgeAnswered,
    NudgeDelivered,
    NudgeReviewed,
    NudgeSeen,
    PreferencesChanged,
    SettingsChanged,
    Tick,
    TopicDeclined,
)
from shared.failures import Invalid, Problem
from shared.limits import AHEAD, ahead_of
from shared.wire import Envelope, decode, encode

# Kafka takes a megabyte by default; a service that passes the event on adds to it, a dead letter quotes it.
EVENT_BYTES = 512 * 1024
# No community is older, and times near year 1 break arithmetic.
FIRST_YEAR = 1970
_SPACES: Final = (" ", "\t", "\n", "\r")


class Scope(StrEnum):
    """What a key may send."""

    ACTIVITY = "activity"
    PRESS = "press"
    OPERATE = "operate"


_PRESSES: Final = (
    NudgeAnswered, NudgeSeen, NudgeDelivered, NudgeReviewed, PreferencesChanged, TopicDeclined, MatchDeclined,
)  # fmt: skip
# Only who has the servers deletes, for nothing undoes it, by `kindling community delete`; or changes the encoder, for
# the vectors are to be made before, by `kindling encoders change`.
_NEVER: Final = (Tick, CommunityDeleted, EncoderChanged)
_OPERATIONS: Final = (SettingsChanged, CommunityOpened, CommunityClosed, ModelPromoted)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that is taken; `body` is its record in the log."""

    event: CommunityEvent
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is not taken; `forbidden` where the event is right and the key is not."""

    problems: tuple[Problem, ...]
    forbidden: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """Where an event comes in: for which community, with which scopes, and when (aware, wall clock).

    `traceparent` is that of the request, where it is followed.
    """

    community: str
    scopes: Collection[Scope]
    now: datetime
    traceparent: str | None = None


def scope_of(event: type[Event]) -> Scope | None:
    """Give the scope that sending an event needs; None where it is never taken from outside."""
    if event not in ACTIVITY or event in _NEVER:
        return None
    if event in _PRESSES:
        return Scope.PRESS
    return Scope.OPERATE if event in _OPERATIONS else Scope.ACTIVITY


def accept(body: bytes, door: Door) -> Accepted | Refused:
    """Read one CloudEvent in JSON and decide whether it may enter.

    What Kindling itself says of an event's journey (`sequence`, `recordedtime`, `replayof`, `traceparent`) is never
    believed from outside: it is recorded as of now, in the request's trace.
    """
    try:
        envelope = decode(body)
    except Invalid as error:
        return Refused(tuple(error.problems))
    return _admit(envelope, door)


def _admit(envelope: Envelope, door: Door) -> Accepted | Refused:
    event = envelope.event
    scope = scope_of(type(event))
    if scope is None or not isinstance(event, CommunityEvent):
        return _refuse("/type", f"{type(event).__name__} is decided by Kindling and not taken from outside")
    if event.community != door.community:
        return _refuse("/partitionkey", f"must be the community of the address, {door.community}")
    if scope not in door.scopes:
        return Refused((Problem("/type", f"this key lacks the scope {scope.value}"),), forbidden=True)
    if ahead_of(event.at, door.now):
        minutes = AHEAD.total_seconds() // 60
        return _refuse("/time", f"lies more than {minutes:.0f} minutes ahead of {door.now.isoformat()}")
    if event.at.year < FIRST_YEAR:
        return _refuse("/time", f"lies before {FIRST_YEAR}")
    envelope = Envelope(event, recorded=door.now)
    record = encode(envelope)
    # Measured without the traceparent: what is taken is not to depend on whether it is followed.
    if len(record) > EVENT_BYTES:
        return _refuse("/data", f"the event is {len(record)} bytes long; at most {EVENT_BYTES} are taken: divide it")
    return Accepted(
        event, record if door.traceparent is None else encode(replace(envelope, traceparent=door.traceparent))
    )


def _refuse(pointer: str, detail: str) -> Refused:
    return Refused((Problem(pointer, detail),))


def split(body: bytes) -> Iterator[bytes]:
    """Cut a JSON body into its events: the items of an array, or the one object.

    Item by item, because reading five megabytes in one call would hold up everything else in the process, and
    who has counted enough can stop.

    Raises:
        Invalid: the body is neither; what came before was right.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Invalid([Problem("", f"the body is not UTF-8: {error.reason} at byte {error.start}")]) from error
    if not is_array(body):
        yield body
        return
    try:
        yield from _items(text)
    except (ValueError, RecursionError) as error:
        raise Invalid([Problem("", f"the body is not a JSON array: {error}")]) from error


def is_array(body: bytes) -> bool:
    """Say whether a JSON body begins as an array."""
    return body.lstrip(b" \t\n\r").startswith(b"[")


def _items(text: str) -> Iterator[bytes]:
    decoder = json.JSONDecoder()
    at = _past_space(text, text.index("[") + 1)
    mark = text[at : at + 1]
    while mark != "]":
        _, end = decoder.raw_decode(text, at)
        yield text[at:end].encode()
        at = _past_space(text, end)
        mark = text[at : at + 1]
        if mark == ",":
            at = _past_space(text, at + 1)
        elif mark != "]":
            raise ValueError(f"expecting a comma or the end of the array at character {at}")
    if _past_space(text, at + 1) != len(text):
        raise ValueError(f"something follows the array at character {at + 1}")


def _past_space(text: str, at: int) -> int:
    while text[at : at + 1] in _SPACES:
        at += 1
    return at
