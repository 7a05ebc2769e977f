"""Events on the wire: CloudEvents 1.0, structured JSON, so that any system can write and read them.

The envelope carries what every event has (`id`, `source`, `time`, `type` with its version, `subject`,
`partitionkey`), `data` the rest. Kindling's own attributes: `sequence`, the place in what a service emitted
for this community; `recordedtime`, the wall clock of the first Kindling process that had it (measured with,
never decided with); `replayof`, the dead letter that a replayed event comes from. `traceparent` is that of the
extension for distributed tracing: the trace in which the event began, the same all the way.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from shared.events import EVENTS, CommunityEvent, Event, Tick
from shared.failures import Invalid, Newer, Problem
from shared.limits import NO_TIME, read_time, whole_characters
from shared.sentences import sentences, within

CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "kindling."
ENVELOPE = frozenset({"id", "source", "at", "community"})
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TYPE = re.compile(r"kindling\.([A-Za-z]+)\.v([1-9][0-9]{0,3})")
_JSON = JSONFormat()
_SEQUENCE_DIGITS = 20
_NEEDED = ("specversion", "id", "source", "type", "time", "partitionkey")
_TEXTS = (*_NEEDED, "subject", "datacontenttype", "dataschema")
_POINTERS = {"at": "/time", "community": "/partitionkey", "id": "/id", "source": "/source"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with what Kindling says of its journey; `traceparent` (W3C) only of what is followed."""

    event: Event
    sequence: int | None = None
    recorded: datetime | None = None
    replay_of: str | None = None
    traceparent: str | None = None


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
    if envelope.traceparent is not None:
        attributes["traceparent"] = envelope.traceparent
    return CloudEvent(attributes, event.model_dump(mode="json", exclude=set(ENVELOPE)))


def encode(envelope: Envelope) -> bytes:
    """Write an envelope as CloudEvents JSON."""
    return _JSON.write(to_cloud_event(envelope))


def decode(body: bytes) -> Envelope:
    """Read CloudEvents JSON.

    Raises:
        Newer: it is an event that only a later release knows.
        Invalid: the body is no event of the vocabulary; `problems` point to each wrong field.
    """
    found = _object(body)
    # Kept apart, so that the rest is what CloudEvents calls attributes.
    data = found.pop("data", None)
    try:
        cloud_event = CloudEvent(_attributes(found), data)
    except CloudEventValidationError as error:
        raise Invalid([Problem(f"/{name}", str(e)) for name, es in error.errors.items() for e in es]) from error
    return from_cloud_event(cloud_event)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise Invalid([Problem("", f"the body is not JSON: {error}")]) from error
    if not isinstance(found, dict):
        raise Invalid([Problem("", "a CloudEvent is a JSON object")])
    if "data_base64" in found:
        raise Invalid([Problem("/data_base64", "is not taken: data must be a JSON object")])
    return found


def _attributes(found: dict[str, Any]) -> dict[str, Any]:
    """Check the attributes that are known; the library would invent those that are not given."""
    missing = [name for name in _NEEDED if not found.get(name)]
    if missing:
        raise Invalid([Problem(f"/{name}", "is missing") for name in missing])
    wrong = [name for name in _TEXTS if name in found and not (isinstance(found[name], str) and found[name])]
    if wrong:
        raise Invalid([Problem(f"/{name}", "must be text, and not empty") for name in wrong])
    if found["specversion"] != "1.0":
        raise Invalid([Problem("/specversion", "must be 1.0")])
    try:
        return {**found, "time": read_time(found["time"])}
    except ValueError as error:
        raise Invalid([Problem("/time", str(error))]) from error


def from_cloud_event(cloud_event: BaseCloudEvent) -> Envelope:
    """Take an event out of its CloudEvents envelope.

    Raises:
        Newer: a type or version that only a later release knows.
        Invalid: no type of ours, a version that is read no more, or a field that is missing or wrong.
    """
    kind, version = event_class(cloud_event.get_type())
    data = cloud_event.get_data()
    if not isinstance(data, dict):
        raise Invalid([Problem("/data", "data must be a JSON object")])
    data = {**data, **_ADDED.get((kind.__name__, version), {})}
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
        event = kind.model_validate_json(_json(fields))
    except ValidationError as error:
        problems = [Problem(_pointer(within(where, fields)), what) for where, what in sentences(error)]
        raise Invalid(problems) from error
    journey = _sequence(extensions), _recorded(extensions), _replay_of(extensions), _traceparent(extensions)
    return Envelope(event, *journey)


# An event's version goes up with whatever readers of the version before would refuse: a field, a member of an enum.
# What a later version of an event has and an earlier one has not, by the earlier one. (Where that is nothing, a
# reason or something optional was added: all that the earlier one says, the later one says too.)
_ADDED: Final[dict[tuple[str, int], dict[str, Any]]] = {
    ("MatchesRanked", 1): {"still_open": []},
    ("MatchesRanked", 2): {},
    ("NudgeActed", 1): {},
    ("NudgeAnswered", 1): {},
    ("NudgeIssued", 1): {"alternatives": []},
    ("NudgeIssued", 2): {},
    ("NudgeWithdrawn", 1): {},
    ("NudgeWithdrawn", 2): {},
    ("PreferencesChanged", 1): {},
    ("PreferencesChanged", 2): {},
    ("PreferencesChanged", 3): {},
    ("PreferencesChanged", 4): {},
    # Communities that were there before nudges could be reviewed go on as they are.
    ("CommunityOpened", 1): {"mode": "autopilot", "asks_consent": False},
}


def event_class(wire_type: str) -> tuple[type[Event], int]:
    """Find the event of a type on the wire, and in which version it is there.

    Raises:
        Newer: no such event in this release, or in an earlier version only.
        Invalid: no event of ours, or a version that is read no more.
    """
    unknown = f"unknown event type {wire_type[:80]!r}; `kindling schema` lists them all"
    match = _TYPE.fullmatch(wire_type)
    if match is None:
        raise Invalid([Problem("/type", unknown)])
    # Types are never taken away: one that is not there is still to come.
    kind = EVENTS.get(match[1])
    if kind is None:
        raise Newer(wire_type, unknown)
    version, known = int(match[2]), kind.WIRE_VERSION
    if version > known:
        raise Newer(wire_type, f"{match[1]} is read up to version {known}: send that, or upgrade Kindling")
    if version != known and (kind.__name__, version) not in _ADDED:
        raise Invalid([Problem("/type", f"{match[1]} is read in version {known}, not {version}")])
    return kind, version


def _json(fields: dict[str, Any]) -> bytes:
    try:
        return to_json(fields)
    except PydanticSerializationError:
        return to_json(whole_characters(fields))


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
    number = read_sequence(text)
    if number is None:
        raise Invalid([Problem("/sequence", "must be a decimal number as text")])
    return number


def read_sequence(text: Any) -> int | None:
    """Read a sequence number as it is written here; None for anything else: a longer one no service ever emits."""
    readable = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _SEQUENCE_DIGITS
    return int(text) if readable else None


def _recorded(extensions: dict[str, Any]) -> datetime | None:
    text = extensions.get("recordedtime")
    if text is None:
        return None
    try:
        return read_time(text)
    except (ValueError, TypeError) as error:
        raise Invalid([Problem("/recordedtime", NO_TIME)]) from error


def _replay_of(extensions: dict[str, Any]) -> str | None:
    text = extensions.get("replayof")
    if text is not None and not isinstance(text, str):
        raise Invalid([Problem("/replayof", "must be text")])
    return text


def _traceparent(extensions: dict[str, Any]) -> str | None:
    # What cannot be read is passed over, as W3C has it: no event is refused for how it is looked at.
    text = extensions.get("traceparent")
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) else None
