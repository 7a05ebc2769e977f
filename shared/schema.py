"""The events for other systems: JSON Schema and AsyncAPI, made from the models, so that they cannot differ."""

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel

from shared.dead_letters import DeadLetter, Decided
from shared.events import ACTIVITY, DECISIONS, EVENTS, RANKED, Event, Tick
from shared.limits import AHEAD, ID_BYTES, TEXT_BYTES
from shared.service import ServiceName, TopicName
from shared.wire import CONTENT_TYPE, ENVELOPE, type_of

DRAFT = "https://json-schema.org/draft/2020-12/schema"
VERSION = "1.0.0"
_IN_DOCUMENT = "#/$defs/{model}"
_IN_COMPONENTS = "#/components/schemas/{model}"

# What travels where, by who decides it.
TRAVELS: Final[dict[TopicName, tuple[type[Event], ...]]] = {
    TopicName.ACTIVITY: ACTIVITY + DECISIONS,
    TopicName.MATCHES: ACTIVITY + DECISIONS + RANKED,
    TopicName.NUDGES: DECISIONS,
    TopicName.DEAD_LETTERS: (),
}
_LETTERS: Final[tuple[type[BaseModel], ...]] = (DeadLetter, Decided)
_ABOUT: Final = {
    TopicName.ACTIVITY: "What happened: written by ingest, read by recommend.",
    TopicName.MATCHES: "All activity as it came, and what recommend says of it; read by nudge.",
    TopicName.NUDGES: "What nudge decided; ingest enters it into activity again.",
    TopicName.DEAD_LETTERS: "What could not be processed, with the reason; `kindling dead-letters` reads it.",
}
_WORK: Final = (
    (ServiceName.INGEST, "send", TopicName.ACTIVITY),
    (ServiceName.RECOMMEND, "receive", TopicName.ACTIVITY),
    (ServiceName.RECOMMEND, "send", TopicName.MATCHES),
    (ServiceName.NUDGE, "receive", TopicName.MATCHES),
    (ServiceName.NUDGE, "send", TopicName.NUDGES),
    (ServiceName.INGEST, "receive", TopicName.NUDGES),
    *((service, "send", TopicName.DEAD_LETTERS) for service in ServiceName),
)
_LIMITS: Final = (
    f"Ids have at most {ID_BYTES} bytes, texts {TEXT_BYTES} (UTF-8, after NFC and without control characters); "
    f"times have an offset and lie at most {AHEAD.total_seconds() / 60:.0f} minutes ahead."
)
_KEY: Final = (
    "The partitionkey of the event. The partition is murmur2 of the key, as Kafka's own clients in Java count it: "
    "with another partitioner set that, or name the partition. A record in another partition is a dead letter."
)


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of every event in its CloudEvents envelope, by type on the wire."""
    schemas: dict[str, Any] = {}
    for event in EVENTS.values():
        envelope, parts = _envelope(event, _IN_DOCUMENT)
        schemas[type_of(event)] = {"$schema": DRAFT, **envelope, **({"$defs": parts} if parts else {})}
    return schemas


def asyncapi() -> dict[str, Any]:
    """Give the AsyncAPI 3.0 document: the topics as channels, and the messages that travel there."""
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for event in EVENTS.values():
        envelope, parts = _envelope(event, _IN_COMPONENTS)
        schemas |= parts | {type_of(event): envelope}
        messages[type_of(event)] = _message(type_of(event), envelope["description"], CONTENT_TYPE)
    for letter in _LETTERS:
        body, parts = _parts(letter, _IN_COMPONENTS)
        schemas |= parts | {letter.__name__: body}
        messages[letter.__name__] = _message(letter.__name__, body.get("description", ""), "application/json")
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Kindling", "version": VERSION, "description": _LIMITS},
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic.value: _channel(topic) for topic in TopicName},
        "operations": dict(_operations()),
        "components": {"messages": messages, "schemas": schemas},
    }


def _envelope(event: type[Event], template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe an event as it is on the wire; the second is the parts that it refers to."""
    data, parts = _parts(event, template)
    fields = data["properties"]
    data["properties"] = {name: field for name, field in fields.items() if name not in ENVELOPE}
    data["required"] = [name for name in data.get("required", []) if name not in ENVELOPE]
    description = data.pop("description", "") or event.__name__
    partition = {"type": "string", "minLength": 1, "description": "The partition's number, as text."}
    properties = {
        "specversion": {"const": "1.0"},
        "id": fields["id"],
        "source": fields["source"],
        "type": {"const": type_of(event)},
        "time": fields["at"],
        "subject": {"type": "string", "minLength": 1, "description": "What the event is about."},
        "datacontenttype": {"const": "application/json"},
        "partitionkey": partition if event is Tick else fields["community"],
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{1,20}$",
            "description": "Its place in what a service of Kindling emitted for this community.",
        },
        "recordedtime": {
            "type": "string",
            "format": "date-time",
            "description": "When Kindling first had it, by the wall clock.",
        },
        "replayof": {"type": "string", "description": "The dead letter that it was replayed from."},
        "traceparent": {"type": "string", "description": "The trace in which it began (W3C), where it is followed."},
        "data": data,
    }
    return {
        "title": type_of(event),
        "description": description,
        "type": "object",
        "properties": properties,
        "required": ["specversion", "id", "source", "type", "time", "partitionkey", "data"],
    }, parts


def _parts(model: type[BaseModel], template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    schema = model.model_json_schema(ref_template=template)
    return schema, schema.pop("$defs", {})


def _message(name: str, summary: str, content_type: str) -> dict[str, Any]:
    return {
        "name": name,
        "summary": " ".join(summary.split()),
        "contentType": content_type,
        "payload": _ref("schemas", name),
        "bindings": {"kafka": {"key": {"type": "string", "description": _KEY}}},
    }


def _channel(topic: TopicName) -> dict[str, Any]:
    return {
        "address": "{prefix}." + topic.value,
        "description": _ABOUT[topic],
        "parameters": {"prefix": {"default": "kindling", "description": "Set once for all topics of an installation."}},
        "messages": {name: _ref("messages", name) for name in _names(topic)},
    }


def _names(topic: TopicName) -> list[str]:
    if topic is TopicName.DEAD_LETTERS:
        return [letter.__name__ for letter in _LETTERS]
    return [type_of(event) for event in TRAVELS[topic]]


def _operations() -> Iterable[tuple[str, dict[str, Any]]]:
    for service, action, topic in _WORK:
        operation = {"action": action, "channel": {"$ref": f"#/channels/{topic.value}"}, "summary": _ABOUT[topic]}
        yield f"{service.value}-{action}s-{topic.value}", operation


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
