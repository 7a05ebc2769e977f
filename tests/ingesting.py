"""What the tests of ingest share: a log that remembers, keys by heart, and events as they come in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.ingest.accept import Scope
from services.ingest.ports import Grant
from shared.events import Event
from shared.failures import TooLarge, Unavailable
from shared.log import Outgoing
from shared.wire import Envelope, decode, encode
from tests.golden.examples import examples

NOW = datetime(2026, 3, 10, 9, 31, tzinfo=UTC)
COMMUNITY = "gardeners"
_WIRE = {type(event).__name__: encode(Envelope(event)) for event in examples()}


def noon() -> datetime:
    return NOW


@dataclass
class Recorder:
    """A log that keeps what it is given, is away for the next `away` calls, and takes no record of more bytes."""

    partitions: int = 8
    generation: str = "g1"
    away: int = 0
    takes: int = 1_000_000
    messages: list[Outgoing] = field(default_factory=list)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("the broker is away")
        if any(len(message.body) > self.takes for message in messages):
            raise TooLarge("takes no record of this size")
        self.messages += messages

    @property
    def envelopes(self) -> list[Envelope]:
        return [decode(message.body) for message in self.messages]

    @property
    def events(self) -> list[Event]:
        return [envelope.event for envelope in self.envelopes]


@dataclass
class Grants:
    """Keys by heart."""

    grants: dict[str, Grant]

    async def check(self, token: str) -> Grant | None:
        return self.grants.get(token)


def grant(*scopes: Scope, community: str | None = COMMUNITY, key: str = "k1") -> Grant:
    return Grant(key, community, frozenset(scopes))


def incoming(kind: str = "PostPublished", **changes: Any) -> dict[str, Any]:
    """Give an event of a kind as a platform sends it; a change to None takes an attribute out."""
    body = json.loads(_WIRE[kind]) | changes
    return {name: value for name, value in body.items() if value is not None}
