"""The store's port and its records: what one community's state in one service consists of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from pydantic import TypeAdapter

from shared.state import Changes


@dataclass(frozen=True, slots=True)
class Position:
    """Where a community stands in one service: read, emitted, and its clock.

    `offset` counts in the log of `generation`; `read` and `emitted` are sequence numbers, 0 before the first.
    """

    generation: str
    offset: int
    read: int
    emitted: int
    clock: datetime | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A community as `server` has it stored. `raw` is the position's exact bytes, empty where there is none yet."""

    raw: bytes
    position: Position | None
    documents: dict[str, bytes]
    outbox: list[tuple[int, bytes]]
    server: str


@dataclass(frozen=True, slots=True)
class Write:
    """One atomic write: refused unless the stored position still is `expected`."""

    community: str
    expected: bytes
    position: bytes
    changes: Changes
    outbox: Sequence[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Watermark:
    """A partition's progress: all before `handled` is durable; reading starts again at `resume`.

    `resume` trails, so that what a server or a promoted replica has lost of the last second is read again;
    `clock` is the latest tick before it. Offsets count in the log of `generation`, in the `topic` of this id.
    """

    generation: str
    handled: int
    resume: int
    clock: datetime | None
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A community's next due time as it was and as it is; None where nothing is due."""

    community: str
    was: datetime
    now: datetime | None


_POSITIONS: Final = TypeAdapter(Position)


def dump_position(position: Position) -> bytes:
    return _POSITIONS.dump_json(position)


def load_position(raw: bytes) -> Position:
    return _POSITIONS.validate_json(raw)


class Store(Protocol):
    """One service's state. Every method raises Unavailable while the store is away."""

    async def load(self, community: str) -> Stored: ...

    async def read(self, community: str) -> int:
        """Give the last sequence number that a community has applied; 0 before the first."""
        ...

    async def write(self, writes: Sequence[Write]) -> list[bool]:
        """Write each community atomically; False where the stored position was not the expected one."""
        ...

    async def trim(self, published: Mapping[str, Sequence[int]]) -> None:
        """Take what has been published out of the outboxes, by community and sequence number."""
        ...

    async def server(self, partition: int) -> str:
        """Name the running server that keeps a partition's progress; after a restart it has another name."""
        ...

    async def watermark(self, partition: int) -> Watermark | None: ...

    async def save_watermark(self, partition: int, watermark: Watermark, server: str) -> bool:
        """Save it; False where `server` runs no more: what it acknowledged since its last sync may be lost."""
        ...

    async def due(self, partition: int) -> dict[str, datetime]:
        """Give the communities of a partition that have a timer, with a time no later than its due time."""
        ...

    async def save_due(self, partition: int, due: Iterable[tuple[str, datetime]]) -> None:
        """Bring due times forward; none is ever made later."""
        ...

    async def move_due(self, partition: int, moves: Iterable[Move]) -> None:
        """Let due times be later, where they still are what the mover knows."""
        ...
