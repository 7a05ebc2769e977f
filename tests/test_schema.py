import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from shared.events import DECISIONS, EVENTS, RANKED, Event, Tick
from shared.schema import asyncapi, json_schema
from shared.wire import Envelope, decode, encode, type_of
from tests.event_strategies import events

SCHEMAS = json_schema()
# Of what is written today: earlier versions are only read.
GOLDEN = [
    path
    for path in sorted((Path(__file__).parent / "golden").glob("*.json"))
    if json.loads(path.read_bytes())["type"] in SCHEMAS
]


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_one(name: str) -> None:
    """What is printed is valid JSON Schema, complete in itself."""
    Draft202012Validator.check_schema(SCHEMAS[name])
    json.dumps(SCHEMAS[name])


def test_there_is_a_schema_of_every_event() -> None:
    assert set(SCHEMAS) == {type_of(event) for event in EVENTS.values()}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_events_are_valid(path: Path) -> None:
    """Who checks what they send by the schema is not refused for what the golden files show."""
    body = json.loads(path.read_bytes())
    jsonschema.validate(body, SCHEMAS[body["type"]])


@settings(max_examples=200, deadline=None)
@given(events())
def test_what_is_written_is_valid(event: Event) -> None:
    """Every event that Kindling writes satisfies its printed schema."""
    body = json.loads(encode(Envelope(event, 3)))
    jsonschema.validate(body, SCHEMAS[body["type"]])


def test_a_wrong_event_is_not_valid() -> None:
    """The schema refuses what the reader refuses: unknown fields, other types, missing data."""
    body = json.loads((Path(__file__).parent / "golden" / "PostPublished.v1.json").read_bytes())
    wrong: list[dict[str, Any]] = [
        {**body, "data": {**body["data"], "mood": "good"}},
        {**body, "data": {**body["data"], "text": 5}},
        {**body, "type": "kindling.ReplyPublished.v1"},
        {name: value for name, value in body.items() if name != "data"},
    ]
    for case in wrong:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(case, SCHEMAS["kindling.PostPublished.v1"])


def test_an_id_that_is_too_long_is_not_valid() -> None:
    """The schema states how long an id can be; not so of texts, which are measured after they are normalised."""
    body = json.loads((Path(__file__).parent / "golden" / "PostPublished.v1.json").read_bytes())
    wrong: list[dict[str, Any]] = [
        {**body, "id": "x" * 257},
        {**body, "partitionkey": "x" * 257},
        {**body, "data": {**body["data"], "mentions": ["x" * 257]}},
        {**body, "data": {**body["data"], "author": ""}},
    ]
    for case in wrong:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(case, SCHEMAS["kindling.PostPublished.v1"])
    padded = {**body, "data": {**body["data"], "text": "\r\n" * 40_000}}
    jsonschema.validate(padded, SCHEMAS["kindling.PostPublished.v1"])
    decode(json.dumps(padded).encode())


def refs(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from refs(value)
    elif isinstance(part, list):
        for value in part:
            yield from refs(value)


def test_the_asyncapi_document_holds_together() -> None:
    """Every reference in the document leads somewhere in it."""
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    found = set(refs(document))
    assert found
    for ref in found:
        target = document
        for step in ref.removeprefix("#/").split("/"):
            target = target[step]


def test_messages_travel_as_the_design_says() -> None:
    """Activity and re-entered decisions to recommend, matches besides to nudge, decisions alone from nudge."""
    channels = asyncapi()["channels"]
    decisions = {type_of(event) for event in DECISIONS}
    activity = set(channels["activity"]["messages"])
    assert set(channels) == {"activity", "matches", "nudges", "dead-letters"}
    assert decisions < activity
    assert type_of(Tick) in activity
    assert set(channels["matches"]["messages"]) == activity | {type_of(event) for event in RANKED}
    assert set(channels["nudges"]["messages"]) == decisions
    assert set(channels["dead-letters"]["messages"]) == {"DeadLetter", "Decided"}
