import json
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.events import ACTIVITY, DECISIONS, EVENTS, RANKED, Event, PostPublished, Tick
from shared.failures import Invalid
from shared.limits import ID_BYTES, TEXT_BYTES, ahead_of, normalise
from shared.wire import Envelope, decode, encode, partition_key, type_of
from tests.event_strategies import events, texts
from tests.golden.examples import AT, envelope_of, examples

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


def post(**fields: Any) -> PostPublished:
    named: dict[str, Any] = {"id": "post/1", "source": "forum", "at": AT, "community": "gardeners"}
    said: dict[str, Any] = {"message": "1", "channel": "soil", "author": "m1", "text": "Hello"}
    return PostPublished(**named | said | fields)


def wire(**changes: Any) -> dict[str, Any]:
    """Give a post as it is on the wire; None takes an attribute out."""
    body = json.loads(encode(Envelope(post()))) | changes
    return {name: value for name, value in body.items() if value is not None}


def pointers(body: bytes) -> set[str]:
    with pytest.raises(Invalid) as caught:
        decode(body)
    return {problem.pointer for problem in caught.value.problems}


def said(kind: str, **changes: Any) -> bytes:
    """Give an event of a kind on the wire, with other data."""
    body = json.loads((Path(__file__).parent / "golden" / f"{kind}.v1.json").read_bytes())
    return json.dumps(body | {"data": body["data"] | changes}).encode()


# Round trips


@settings(max_examples=300, deadline=None)
@given(events(), st.none() | st.integers(0, 10**18), st.booleans())
def test_every_event_comes_back_as_it_went(event: Event, sequence: int | None, replayed: bool) -> None:
    """What is written to the log is what is read from it, for whatever an event may hold."""
    envelope = Envelope(event, sequence, AT if replayed else None, "a-letter" if replayed else None)
    assert decode(encode(envelope)) == envelope


@settings(max_examples=100, deadline=None)
@given(events())
def test_the_envelope_says_what_routing_needs(event: Event) -> None:
    """Other systems find type, subject and partition key without reading the data."""
    body = json.loads(encode(Envelope(event)))
    assert body["specversion"] == "1.0"
    assert body["type"] == f"kindling.{type(event).__name__}.v{event.WIRE_VERSION}"
    assert body["partitionkey"] == partition_key(event)
    assert body["subject"] == event.subject()
    assert not {"id", "source", "at", "community"} & body["data"].keys()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files_are_read_for_ever(path: Path) -> None:
    """What the log and other systems hold stays readable, and today's version is written as it was."""
    body = path.read_bytes()
    envelope = decode(body)
    if path.stem == f"{type(envelope.event).__name__}.v{envelope.event.WIRE_VERSION}":
        assert envelope in [envelope_of(event) for event in examples()]
        assert json.loads(encode(envelope)) == json.loads(body)


def test_every_event_has_a_golden_file() -> None:
    """A new event, or a new version of one, does not come without its golden file."""
    missing = {f"{name}.v{event.WIRE_VERSION}" for name, event in EVENTS.items()} - {path.stem for path in GOLDEN}
    assert not missing, "run `python -m tests.golden`"


@pytest.mark.parametrize("event", examples(), ids=lambda event: type(event).__name__)
def test_examples_fill_every_field(event: Event) -> None:
    """A golden file guards every field: none is left at its default."""
    defaults = {name for name, field in type(event).model_fields.items() if getattr(event, name) == field.default}
    assert not defaults


# The vocabulary


def test_each_event_travels_by_one_of_three_ways() -> None:
    """Activity, what recommend says and what nudge decides do not overlap, and leave nothing out."""
    assert len(ACTIVITY) + len(RANKED) + len(DECISIONS) == len(EVENTS) == 46


def test_an_event_is_a_value() -> None:
    """Events are compared by what they hold, never altered, and hold nothing unknown."""
    assert post() == post()
    with pytest.raises(ValidationError, match="frozen"):
        post().text = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        post(mood="good")
    with pytest.raises(ValidationError, match="valid string"):
        post(message=1)


# Limits


def test_a_text_may_have_64_kib() -> None:
    """The limit is in bytes, and the error says the size and the limit."""
    assert len(post(text="x" * TEXT_BYTES).text) == TEXT_BYTES
    with pytest.raises(ValidationError, match="text is 65538 bytes long; at most 65536"):
        post(text="é" * (TEXT_BYTES // 2 + 1))


@pytest.mark.parametrize("wrong", ["", "x" * (ID_BYTES + 1), "é" * (ID_BYTES // 2 + 1), " 1", "1 ", "a\nb", "a\x00b"])
def test_an_id_is_short_and_prints(wrong: str) -> None:
    """Ids are parts of keys and log lines: at most 256 bytes, no control characters, no spaces at the ends."""
    assert post(message="x" * ID_BYTES).message
    with pytest.raises(ValidationError):
        post(message=wrong)


def test_times_have_an_offset() -> None:
    """A time without offset means a different moment to everybody, and is refused."""
    with pytest.raises(ValidationError, match="timezone"):
        post(at=AT.replace(tzinfo=None))
    assert pointers(json.dumps(wire(time="2026-03-10T09:30:00")).encode()) == {"/time"}


@given(texts)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    """A text that was read and written again is the same text, and so is what is computed from it."""
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not [c for c in once if unicodedata.category(c) == "Cc" and c not in "\n\t"]


def test_texts_stay_as_they_came_otherwise() -> None:
    """Only the form and control characters change: e + accent is é; spaces, tabs and line feeds stay."""
    assert post(text="  Cafe\u0301\x00\x1b[1m\r\n\ttab \u200b\u00a0end  ").text == "  Café[1m\n\ttab \u200b\u00a0end  "
    assert normalise("a\x00\u0301") == "á"


def test_words_stay_apart() -> None:
    """What ends a line in any system is a line feed, and other white space is a space: no two words become one."""
    assert normalise("a\rb\r\nc\x85d\r\re") == "a\nb\nc\nd\n\ne"
    assert normalise("a\x0bb\x0cc") == "a b c"


@pytest.mark.parametrize(
    "time", ["2026-03-10T09:30:00Z", "2026-03-10t09:30:00.123456789z", "2026-03-10T15:00:00+05:30"]
)
def test_times_of_rfc_3339_are_read(time: str) -> None:
    """What the standard allows is taken, in the envelope and in data, and a moment is a moment in any offset."""
    for body in (json.dumps(wire(time=time)).encode(), said("PreferencesChanged", paused_until=time)):
        event = decode(body).event
        at = getattr(event, "paused_until", None) or event.at
        assert at.replace(microsecond=0) == datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def test_half_a_surrogate_pair_is_no_part_of_a_text() -> None:
    """A sender that cut a text in the middle of a character loses that half, as any control character."""
    body = json.dumps(wire(data={**wire()["data"], "text": "cut \ud83d", "title": "whole \ud83c\udf31"})).encode()
    event = decode(body).event
    assert isinstance(event, PostPublished)
    assert (event.text, event.title) == ("cut ", "whole 🌱")


def test_settings_are_texts_and_numbers_within_limits() -> None:
    """What an operator sets travels as any text does: normalised, and kept apart from numbers and switches."""
    event = decode(said("SettingsChanged", settings={"a": "x\ry", "b": True, "c": 1, "d": 0.5})).event
    assert getattr(event, "settings") == {"a": "x\ny", "b": True, "c": 1, "d": 0.5}  # noqa: B009


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (json.dumps(wire(type=7)).encode(), "must be text, and not empty"),
        (
            json.dumps(wire(data={**wire()["data"], "text": "x" * (TEXT_BYTES + 1)})).encode(),
            "text is 65537 bytes long",
        ),
        (json.dumps(wire(data={**wire()["data"], "text": 5})).encode(), "must be text"),
        (json.dumps(wire(data={**wire()["data"], "mood": 5})).encode(), "is not known here"),
        (said("MemberJoined", zone="Nowhere/Land"), "'Nowhere/Land' is no time zone; write it as Europe/Berlin"),
        (said("SettingsChanged", settings={"a": None}), "must be text, a number, true or false"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(body: bytes, detail: str) -> None:
    """Who sends events reads what to do, not the names of our classes and libraries."""
    with pytest.raises(Invalid) as caught:
        decode(body)
    (problem,) = caught.value.problems
    assert problem.detail.startswith(detail)


def test_clocks_may_differ_by_five_minutes() -> None:
    """A time up to five minutes ahead is taken, more is not."""
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert not ahead_of(now + timedelta(minutes=5), now)
    assert ahead_of(now + timedelta(minutes=5, seconds=1), now)


# What is refused, and where it points


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", ""),
        (b"nonsense", ""),
        (b"\xff\xfe", ""),
        (b"[]", ""),
        (b"null", ""),
        (b"[" * 100_000, ""),
        (json.dumps(wire(id=None)).encode(), "/id"),
        (json.dumps(wire(id="")).encode(), "/id"),
        (json.dumps(wire(source=7)).encode(), "/source"),
        (json.dumps(wire(specversion="0.3")).encode(), "/specversion"),
        (json.dumps(wire(type="kindling.Nothing.v1")).encode(), "/type"),
        (json.dumps(wire(type="kindling.PostPublished.v2")).encode(), "/type"),
        (json.dumps(wire(type="com.example.post")).encode(), "/type"),
        (json.dumps(wire(time="yesterday")).encode(), "/time"),
        (json.dumps(wire(time=5)).encode(), "/time"),
        (json.dumps(wire(partitionkey=None)).encode(), "/partitionkey"),
        (json.dumps(wire(partitionkey=" x")).encode(), "/partitionkey"),
        (json.dumps(wire(sequence="-1")).encode(), "/sequence"),
        (json.dumps(wire(sequence="0" * 5000)).encode(), "/sequence"),
        (json.dumps(wire(recordedtime="2026-03-10")).encode(), "/recordedtime"),
        (json.dumps(wire(replayof=[])).encode(), "/replayof"),
        (json.dumps(wire(data=None)).encode(), "/data"),
        (json.dumps(wire(data="text")).encode(), "/data"),
        (json.dumps(wire(data={**wire()["data"], "mentions": ["ok", ""]})).encode(), "/data/mentions/1"),
        (json.dumps(wire(data={**wire()["data"], "a/b~c": 1})).encode(), "/data/a~1b~0c"),
        (json.dumps(wire(data={**wire()["data"], "id": "x"})).encode(), "/data/id"),
        (json.dumps(wire(data={**wire()["data"], "author": "half a pair: \ud83d"})).encode(), "/data/author"),
        (json.dumps(wire(source="\ud83d")).encode(), "/source"),
        (json.dumps(wire(data_base64="e30=")).encode(), "/data_base64"),
        (json.dumps(wire(subject=7)).encode(), "/subject"),
        (json.dumps(wire(type=["kindling.PostPublished.v1"])).encode(), "/type"),
        (json.dumps(wire(time="2026-W11-2T09:30:00Z")).encode(), "/time"),
        (json.dumps(wire(time="20260310T093000Z")).encode(), "/time"),
        (json.dumps(wire(time="2026-03-10 09:30:00Z")).encode(), "/time"),
        (json.dumps(wire(time="2026-03-10T24:00:00Z")).encode(), "/time"),
        (said("PreferencesChanged", paused_until="2026-03-10 09:30:00Z"), "/data/paused_until"),
        (said("PreferencesChanged", zone="Nowhere/Land"), "/data/zone"),
        (said("MemberJoined", zone="Nowhere/Land"), "/data/zone"),
        (said("MemberUpdated", zone="europe/berlin"), "/data/zone"),
        (said("PreferencesChanged", hours={"start": "09:00+02:00", "end": "17:00"}), "/data/hours/start"),
        (said("SettingsChanged", settings={"a": [1]}), "/data/settings/a"),
        (said("SettingsChanged", settings={"a": "x" * (TEXT_BYTES + 1)}), "/data/settings/a"),
        (said("SettingsChanged", settings={" b": 1}), "/data/settings/ b"),
    ],
)
def test_what_is_no_event_points_to_the_wrong_field(body: bytes, pointer: str) -> None:
    """Whatever comes, reading it ends in an event or in Invalid with pointers, never in another error."""
    assert pointers(body) == {pointer}


def test_all_wrong_fields_are_named_at_once() -> None:
    """Nobody has to send an event five times to learn five errors."""
    assert pointers(json.dumps(wire(data={"text": 5})).encode()) == {
        "/data/message", "/data/channel", "/data/author", "/data/text",
    }  # fmt: skip


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(JUNK, st.sampled_from(sorted(wire())))
def test_no_json_breaks_the_reader(junk: Any, name: str) -> None:
    """Any JSON in any attribute is read or is Invalid: no record can crash the loop that reads it."""
    for body in (junk, {**wire(), name: junk}, {**wire(), "data": {**wire()["data"], "text": junk}}):
        with suppress(Invalid):
            assert isinstance(decode(json.dumps(body).encode()), Envelope)


def test_a_tick_belongs_to_its_partition() -> None:
    """Ticks have no community: their key is the partition."""
    tick = Tick(id="t", source="s", at=AT, partition=7)
    assert partition_key(tick) == "7"
    assert type_of(Tick) == "kindling.Tick.v1"
