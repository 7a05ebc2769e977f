"""Decoding a batch: whatever a record holds, it becomes an arrival that the loop can handle."""

import json
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from shared.arrivals import arrivals_of
from shared.limits import ID_BYTES
from shared.log import Incoming
from shared.redis_store import RedisStore
from shared.service import ServiceName
from shared.wire import Envelope, encode
from shared.working import Arrival
from tests.loop.counting import Counting, Downstream
from tests.loop.harness import post

GOLDEN = [json.loads(file.read_bytes()) for file in sorted((Path(__file__).parents[1] / "golden").glob("*.json"))]
# What each attribute and each field is told to be; what is true of one is odd for another.
ODD: list[Any] = [
    "", "\ud800", "x" * 3000, None, 0, -1, 1e308, True, [], {}, {"a": [1]}, "\x00", " c ", "-1", "²", "٣",
    "9" * 20, "9" * 21, "9" * 5000, 10**30, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01",
    "2026-02-30T00:00:00Z", "1970-01-01T00:00:00+23:59:59", "kindling.Tick.v1", "kindling.Tick.v9",
    "kindling.PostPublished.v1",
]  # fmt: skip
ENVELOPE = ["sequence", "recordedtime", "replayof", "partitionkey", "data_base64", "dataschema", "type", "time"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Give an event as it should be, with one to three attributes or fields made odd, perhaps cut short."""
    body = dict(draw(st.sampled_from(GOLDEN)))
    body["data"] = dict(body.get("data") or {})
    for _ in range(draw(st.integers(1, 3))):
        part = body["data"] if isinstance(body.get("data"), dict) and draw(st.booleans()) else body
        part[draw(st.sampled_from([*part, *ENVELOPE]))] = draw(st.sampled_from(ODD))
    raw = json.dumps(body).encode()
    return raw[: draw(st.integers(0, len(raw)))] if draw(st.integers(0, 19)) == 0 else raw


def arrival(body: bytes, service: Counting) -> Arrival:
    (found,) = arrivals_of(service, [Incoming(0, 0, body)], 1)
    return found


@settings(deadline=None, max_examples=500)
@given(mutated())
@example(b'{"partitionkey": "c", "sequence": "%s"}' % (b"9" * 5000))
@example(b'{"partitionkey": "\\ud800"}')
@example(b"[" * 100_000)
def test_nothing_that_a_record_holds_ends_the_loop(body: bytes) -> None:
    """Decoding raises nothing, and every community found is a name that the store takes."""
    store = RedisStore(Redis(), "prefix", ServiceName.RECOMMEND)
    for service in (Counting(), Downstream()):
        found = arrival(body, service)
        assert (found.envelope is None) == (found.failure is not None)
        assert store.key(found.community)
        assert len(found.community.encode()) <= ID_BYTES
        assert found.sequence is None or 0 <= found.sequence < 10**20


@given(st.integers(0, 10**24))
def test_a_broken_record_keeps_the_number_that_its_reader_would_have_read(number: int) -> None:
    """Its place in the community's log is taken, so that what follows is no gap; and what is no number is none."""
    whole = encode(Envelope(post("c", 1), number))
    broken = whole.replace(b'"general"', b"7")
    readable = arrival(whole, Downstream())
    assert arrival(broken, Downstream()).failure is not None
    assert arrival(broken, Downstream()).sequence == readable.sequence
    assert (readable.sequence == number) == (number < 10**20)
    assert arrival(broken, Counting()).sequence is None
