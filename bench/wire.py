"""Events on the wire: how many a second are written and read."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bench.measuring import Figure, rate
from shared.events import PostPublished
from shared.wire import Envelope, decode, encode

EVENTS = 5000


def figures() -> Iterator[Figure]:
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    post = PostPublished(
        id="post/1", source="bench", at=at, community="bench", message="1", channel="general", author="ada",
        title="How do I join two tables?", text="I have one with people and one with what they bought.\n" * 8,
    )  # fmt: skip
    envelope = Envelope(post, 1, at)
    body = encode(envelope)
    yield rate("events encoded, 450 characters", lambda: len([encode(envelope) for _ in range(EVENTS)]), "events/s")
    yield rate("events decoded and validated", lambda: len([decode(body) for _ in range(EVENTS)]), "events/s")
