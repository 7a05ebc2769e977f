"""Events on the wire: CloudEvents 1.0, structured JSON, so that any system can write and read them.

The envelope carries what every event has (`id`, `source`, `time`, `type` with its version, `subject`,
`partitionkey`), `data` the rest. Kindling's own attributes: `sequence`, the place in what a service emitted
for this community; `recordedtime`, the wall clock of the first Kindling process that had it (measured with,
never decided with); `replayof`, the dead letter that a replayed event comes from.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.exceptions import BaseCloudEventException, CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from shared.events import EVENTS, CommunityEvent, Event, Tick
from shared.failures import Invalid, Problem

CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "kindling."
ENVELOPE = frozenset({"id", "source", "at", "community"})
_TYPE = re.compile(r"kindling\.([A-Za-z]+)\.v([1-9][0-9]{0,3})")
_JSON = JSONFormat()
_SEQUENCE_DIGITS = 20
_SOME_TIME = "1970-01-01T00:00:00Z"
_POINTERS = {"at": "/time", "community": "/partitionkey", "id": "/id", "source": "/source"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with what Kindling says of its journey."""

    event: Event
    sequence: int | None = None
    recorded: datetime | None = None
    replay_of: str | None = None


def type_of(event: type[Event]) -> str:
    """Name an event's type on the wire, with its version: `kindling.PostPublished.v1`."""
    return f"{TYPE_PREFIX}{event.__name__}.v{event.WIRE_VERSION}"


def partition_key(event: Event) -> str:
    """Give what keeps events in order: the community, or for a tick its partition."""
    return event.community if isinstance(event, CommunityEvent) else str(getattr(event, "partition", ""))


def to_cloud_event(envelope: Envelope) -> CloudEvent:
    """Put an event into its CloudEvents envelope."""
    event = envelope.event
    attributes: dict[str, Any] = {
        "id": event.id,
        "source": event.source,
        "type": type_of(type(event)),
        "time": event.at,
        "subject": event.subject(),
        "datacontenttype": "application/json",
        "partitionkey": partition_key(event),
    }
    if envelope.sequence is not None:
        # Twenty digits, so that the attribute sorts as text, as its specification asks.
        attributes["sequence"] = f"{envelope.sequence:0{_SEQUENCE_DIGITS}d}"
    if envelope.recorded is not None:
        attributes["recordedtime"] = envelope.recorded.isoformat()
    if envelope.replay_of is not None:
        attributes["replayof"] = envelope.replay_of
    return CloudEvent(attributes, event.model_dump(mode="json", exclude=set(ENVELOPE)))


def encode(envelope: Envelope) -> bytes:
    """Write an envelope as CloudEvents JSON."""
    return _JSON.write(to_cloud_event(envelope))


def decode(body: bytes) -> Envelope:
    """Read CloudEvents JSON.

    Raises:
        Invalid: the body is no event of the vocabulary; `problems` point to each wrong field.
    """
    try:
        cloud_event = _JSON.read(_complete, body)
    except CloudEventValidationError as error:
        raise Invalid([Problem(f"/{name}", str(e)) for name, es in error.errors.items() for e in es]) from error
    except (
        BaseCloudEventException,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
    ) as error:
        raise Invalid([_unreadable(body, error)]) from error
    return from_cloud_event(cloud_event)


def _unreadable(body: bytes, error: Exception) -> Problem:
    """Say more exactly than the library what keeps a body from being a CloudEvent."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as fault:
        return Problem("", f"the body is not JSON: {fault}")
    if not isinstance(found, dict):
        return Problem("", "a CloudEvent is a JSON object")
    try:
        datetime.fromisoformat(found.get("time", _SOME_TIME))
    except (ValueError, TypeError):
        return Problem("/time", "must be a time with offset in RFC 3339, as 2026-01-31T12:00:00Z")
    return Problem("", f"the body is not a CloudEvent in JSON: {error}")


def from_cloud_event(cloud_event: BaseCloudEvent) -> Envelope:
    """Take an event out of its CloudEvents envelope.

    Raises:
        Invalid: unknown type or version, or a field that is missing or wrong.
    """
    kind = event_class(cloud_event.get_type())
    data = cloud_event.get_data()
    if not isinstance(data, dict):
        raise Invalid([Problem("/data", "data must be a JSON object")])
    if clash := ENVELOPE & data.keys():
        raise Invalid([Problem(f"/data/{name}", "belongs to the envelope, not to data") for name in sorted(clash)])
    extensions = cloud_event.get_attributes()
    fields = {
        **data,
        "id": cloud_event.get_id(),
        "source": cloud_event.get_source(),
        "at": _time(cloud_event),
    }
    if kind is not Tick:
        fields["community"] = extensions.get("partitionkey")
    try:
        # Through JSON, because strict models take times and enums as text only from there.
        event = kind.model_validate_json(to_json(fields))
    except ValidationError as error:
        raise Invalid([Problem(_pointer(e["loc"]), e["msg"]) for e in error.errors()]) from error
    except PydanticSerializationError as error:
        raise Invalid([Problem("", "half of a surrogate pair is no text: send whole characters")]) from error
    return Envelope(event, _sequence(extensions), _recorded(extensions), _replay_of(extensions))


def _complete(attributes: dict[str, Any], data: Any) -> CloudEvent:
    """Build the envelope of what was read; the library would invent an id and a time where none is given."""
    missing = [
        name for name in ("specversion", "id", "source", "type", "time", "partitionkey") if not attributes.get(name)
    ]
    if missing:
        raise Invalid([Problem(f"/{name}", "is missing") for name in missing])
    if attributes["specversion"] != "1.0":
        raise Invalid([Problem("/specversion", "must be 1.0")])
    return CloudEvent(attributes, data)


def event_class(wire_type: str) -> type[Event]:
    """Find the event of a type on the wire.

    Raises:
        Invalid: no such event, or a version that this release does not read.
    """
    match = _TYPE.fullmatch(wire_type)
    kind = EVENTS.get(match[1]) if match else None
    if match is None or kind is None:
        raise Invalid([Problem("/type", f"unknown event type {wire_type[:80]!r}; `kindling schema` lists them all")])
    if int(match[2]) != kind.WIRE_VERSION:
        raise Invalid([Problem("/type", f"{match[1]} is read in version {kind.WIRE_VERSION}, not {match[2]}")])
    return kind


def _pointer(location: tuple[int | str, ...]) -> str:
    head = _POINTERS.get(str(location[0])) if location else ""
    if head is not None:
        return head
    return "/data" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _time(cloud_event: BaseCloudEvent) -> str | None:
    at = cloud_event.get_time()
    return at.isoformat() if at is not None else None


def _sequence(extensions: dict[str, Any]) -> int | None:
    text = extensions.get("sequence")
    if text is None:
        return None
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _SEQUENCE_DIGITS):
        raise Invalid([Problem("/sequence", "must be a decimal number as text")])
    return int(text)


def _recorded(extensions: dict[str, Any]) -> datetime | None:
    text = extensions.get("recordedtime")
    try:
        recorded = datetime.fromisoformat(text) if text is not None else None
    except (ValueError, TypeError) as error:
        raise Invalid([Problem("/recordedtime", "must be a time in RFC 3339")]) from error
    if recorded is not None and recorded.tzinfo is None:
        raise Invalid([Problem("/recordedtime", "must be a time with offset")])
    return recorded


def _replay_of(extensions: dict[str, Any]) -> str | None:
    text = extensions.get("replayof")
    if text is not None and not isinstance(text, str):
        raise Invalid([Problem("/replayof", "must be text")])
    return text
