"""The ordered log, as the services see it: one port, with Kafka and Redis streams behind it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.service import TopicName


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to append. `key` is the community."""

    topic: TopicName
    partition: int
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as it was read; offsets of a partition have no holes between them."""

    partition: int
    offset: int
    body: bytes


class Reader(Protocol):
    """What a subscription calls: from one task per partition, in order."""

    async def assigned(self, partitions: Collection[int]) -> None: ...

    async def revoked(self, partitions: Collection[int]) -> None: ...

    async def received(self, records: Sequence[Incoming]) -> None: ...

    def failed(self, error: BaseException) -> None:
        """Hear that the subscription itself is at fault: the process must end and be started again."""
        ...


class Subscription(Protocol):
    """A service's place in a topic."""

    def seek(self, partition: int, offset: int) -> None:
        """Read on from `offset`."""
        ...

    async def first_offset(self, partition: int) -> int:
        """Give the oldest offset that the log still holds."""
        ...

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Tell the broker what has been handled (the next offset); a hint, the store's position leads."""
        ...


class Log(Protocol):
    """Writes to and reads from the topics. Every method raises Unavailable while the broker is away."""

    @property
    def first(self) -> int:
        """Give the offset of a partition's very first record."""
        ...

    @property
    def generation(self) -> str:
        """Give the id made with the topics: offsets of another generation mean nothing here."""
        ...

    @property
    def partitions(self) -> int: ...

    async def create(self, partitions: int) -> bool:
        """Make the topics; give False where they are there already. Their number is never altered."""
        ...

    async def delete(self) -> None:
        """Delete all topics and what is in them; for replays under a name of their own."""
        ...

    async def is_read(self, group: str) -> bool:
        """Say whether a process is at work for a group now; one that was killed counts for some seconds more."""
        ...

    async def start(self) -> None:
        """Connect, and start the subscriptions; raises UnsafeSettings where the topics are not as they must be."""
        ...

    async def stop(self) -> None: ...

    def subscribe(self, topic: TopicName, group: str, reader: Reader) -> Subscription:
        """Have `reader` called with what `topic` brings; call it before `start`."""
        ...

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Append messages in order; returns once all are durable (acks=all)."""
        ...

    async def ends(self, topic: TopicName) -> dict[int, int]:
        """Give each partition's next offset."""
        ...

    async def drop_before(self, topic: TopicName, partition: int, offset: int) -> None:
        """Delete a partition's records before `offset` for good; raises UnsafeSettings where that is not allowed."""
        ...

    def scan(self, topic: TopicName, since: Mapping[int, int] | None = None) -> AsyncIterator[Incoming]:
        """Read a topic from `since` (default: its beginning) to where it ends now, outside any group."""
        ...
