"""What ingest's doors need of the outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.ingest.accept import Scope
from shared.log import Outgoing


class Publisher(Protocol):
    """The part of shared.log.Log that writes. Raises Unavailable while the broker is away."""

    @property
    def generation(self) -> str: ...

    @property
    def partitions(self) -> int: ...

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Append messages in order; returns once all are durable."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder of a key may do. `community` is None for all of them."""

    key: str
    community: str | None
    scopes: frozenset[Scope]

    def opens(self, community: str) -> bool:
        return self.community is None or self.community == community


class Checks(Protocol):
    """Knows keys; raises Unavailable while it cannot tell."""

    async def check(self, token: str) -> Grant | None:
        """Give what a key grants; None for an unknown, wrong or revoked one."""
        ...
