"""The log on Redis streams, for one machine: one process a service owns all partitions, by a lease.

An entry's id is `0-N`: N counts from 1 without holes, so that offsets mean the same as Kafka's.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

from faststream import AckPolicy
from faststream.message import StreamMessage
from faststream.redis import RedisBroker, StreamSub
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shared.ending import end
from shared.failures import Unavailable, UnsafeSettings
from shared.lease import Lease
from shared.log import Incoming, Outgoing, Reader
from shared.redis_store import away_is_unavailable
from shared.service import TopicName
from shared.topics import topic_name

BATCH = 500
POLL_MS = 1000
LEASE_MS = 10_000
STOP_SECONDS = 1.0
# A server that does not answer keeps no process from ending: the lease ends by itself.
RELEASE_SECONDS = 1.0
_BODY = b"body"

_CREATE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'partitions', ARGV[2])
return 1
"""

log = logging.getLogger(__name__)


async def bare(message: Any) -> StreamMessage[Any]:
    """Take a message as it was read: a body that does not parse must not fail its whole batch."""
    return StreamMessage(raw_message=message, body=b"")


async def raw(message: StreamMessage[Any]) -> Any:
    return message.raw_message


@dataclass
class RedisSubscription:
    """One FastStream subscriber a partition; it reads on from `last_id`."""

    owner: "RedisLog"
    topic: TopicName
    group: str
    reader: Reader
    subscribers: list[Any] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    def seek(self, partition: int, offset: int) -> None:
        self.subscribers[partition].last_id = f"0-{offset - 1}" if offset > 0 else "0-0"

    async def first_offset(self, partition: int) -> int:
        # Asked before: of an empty stream, the first record may come meanwhile.
        end = (await self.owner.ends(self.topic))[partition]
        with away_is_unavailable():
            first = await self.owner.redis.xrange(self.owner.stream(self.topic, partition), count=1)
        return _offset(first[0][0]) if first else end

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Trim what is handled, but for the latest records: tools may still be reading them."""
        with away_is_unavailable():
            for partition, offset in offsets.items():
                if offset % self.owner.keep < BATCH and offset > self.owner.keep:
                    stream = self.owner.stream(self.topic, partition)
                    await self.owner.redis.xtrim(stream, minid=f"0-{offset - self.owner.keep}")


class RedisLog:
    """Implements shared.log.Log. `keep` is how many handled records a partition keeps.

    A process that was killed holds its services for `lease_ms` more; one that takes over waits as long.
    """

    def __init__(self, url: str, prefix: str, *, keep: int = 20_000, lease_ms: int = LEASE_MS) -> None:
        self.redis: Any = Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=30, socket_connect_timeout=5)
        self.keep = keep
        self._lease_ms = lease_ms
        self._url = url
        self._prefix = prefix
        self._broker: RedisBroker | None = None
        self._subscriptions: list[RedisSubscription] = []
        self._made: dict[bytes, bytes] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._token = secrets.token_hex(8)

    def stream(self, topic: TopicName, partition: int) -> str:
        return f"{topic_name(self._prefix, topic)}:{partition}"

    @property
    def first(self) -> int:
        return 1

    @property
    def generation(self) -> str:
        return self._told(b"generation").decode()

    @property
    def partitions(self) -> int:
        return int(self._told(b"partitions"))

    def _told(self, name: bytes) -> bytes:
        if name not in self._made:
            raise Unavailable("the log is not connected yet")
        return self._made[name]

    async def create(self, partitions: int) -> bool:
        with away_is_unavailable():
            return bool(await self.redis.eval(_CREATE, 1, f"{self._prefix}:log", uuid4().hex, partitions))

    async def delete(self) -> None:
        with away_is_unavailable():
            made = await self.redis.hgetall(f"{self._prefix}:log")
            partitions = range(int(made.get(b"partitions", 0)))
            streams = [self.stream(topic, partition) for topic in TopicName for partition in partitions]
            await self.redis.delete(f"{self._prefix}:log", *streams)

    async def is_read(self, group: str) -> bool:
        with away_is_unavailable():
            return bool(await self.redis.exists(self._lease_of(group)))

    async def _read_what_was_made(self) -> None:
        with away_is_unavailable():
            self._made = await self.redis.hgetall(f"{self._prefix}:log")
        if b"partitions" not in self._made:
            raise UnsafeSettings(
                f"there are no topics under {self._prefix!r}: start `kindling up`, or run `kindling topics create`"
            )

    def subscribe(
        self, topic: TopicName, group: str, reader: Reader, writes: Collection[TopicName] = ()
    ) -> RedisSubscription:
        subscription = RedisSubscription(self, topic, group, reader)
        self._subscriptions.append(subscription)
        return subscription

    async def start(self) -> None:
        await self._read_what_was_made()
        if not self._subscriptions:
            return
        self._broker = RedisBroker(
            self._url, apply_types=False, graceful_timeout=STOP_SECONDS, logger=cast("Any", None)
        )
        for subscription in self._subscriptions:
            subscription.subscribers = [
                self._subscriber(self._broker, subscription, partition) for partition in range(self.partitions)
            ]
        try:
            with away_is_unavailable():
                await self._broker.start()
        except Unavailable:
            await self._broker.stop()
            raise
        self._tasks = [asyncio.create_task(self._guard(s)) for s in self._subscriptions]

    def _subscriber(self, broker: RedisBroker, subscription: RedisSubscription, partition: int) -> Any:
        stream = StreamSub(
            self.stream(subscription.topic, partition),
            batch=True,
            max_records=BATCH,
            last_id="0-0",
            polling_interval=POLL_MS,
        )
        subscriber = broker.subscriber(stream=stream, ack_policy=AckPolicy.MANUAL, parser=bare, decoder=raw)

        async def receive(message: Any) -> None:
            pairs = zip(message["message_ids"], message["data"], strict=True)
            records = [Incoming(partition, _offset(name), fields.get(_BODY, b"")) for name, fields in pairs]
            if subscription.held.is_set():
                await subscription.reader.received(records)
            else:
                # Not ours yet: what was read is read again once it is.
                with suppress(TimeoutError):
                    await asyncio.wait_for(subscription.held.wait(), POLL_MS / 1000)

        subscriber(receive)
        return subscriber

    async def _guard(self, subscription: RedisSubscription) -> None:
        try:
            await self._hold(subscription)
        except Exception as error:
            subscription.reader.failed(error)

    async def _hold(self, subscription: RedisSubscription) -> None:
        """Keep the lease of a service, and its partitions as long as it is kept."""
        everything = range(self.partitions)
        lease = self._lease(subscription)
        while True:
            try:
                held = await lease.hold()
            except Unavailable:
                held = subscription.held.is_set()  # nobody else can take it either; the writes themselves are guarded
            if held and not subscription.held.is_set():
                subscription.held.set()
                await subscription.reader.assigned(everything)
            elif subscription.held.is_set() and not held:
                subscription.held.clear()
                log.warning("another process has taken over %s; waiting for it to end", subscription.group)
                await subscription.reader.revoked(everything)
            elif not held:
                log.info("another process runs %s; waiting for it to end", subscription.group)
            await asyncio.sleep(self._lease_ms / 4000)

    def _lease(self, subscription: RedisSubscription) -> Lease:
        return Lease(self.redis, self._lease_of(subscription.group), self._token, self._lease_ms)

    def _lease_of(self, group: str) -> str:
        return f"{self._prefix}:{group}:lease"

    async def stop(self) -> None:
        await end(self._tasks)
        if self._broker is not None:
            await self._broker.stop()
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                for subscription in self._subscriptions:
                    await self._lease(subscription).release()
        await self.redis.aclose()

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        with away_is_unavailable():
            async with self.redis.pipeline(transaction=False) as pipe:
                for message in messages:
                    stream = self.stream(message.topic, message.partition)
                    pipe.execute_command("XADD", stream, "0-*", _BODY, message.body)
                await pipe.execute()

    async def ends(self, topic: TopicName) -> dict[int, int]:
        with away_is_unavailable():
            async with self.redis.pipeline(transaction=False) as pipe:
                for partition in range(self.partitions):
                    pipe.xinfo_stream(self.stream(topic, partition))
                found = await pipe.execute(raise_on_error=False)
            for failed in found:
                if isinstance(failed, Exception) and "no such key" not in str(failed):
                    raise failed
        # A stream that nobody has written to does not exist: its first record will be number 1.
        return {p: 1 if isinstance(x, Exception) else _offset(x["last-generated-id"]) + 1 for p, x in enumerate(found)}

    async def identity(self, topic: TopicName) -> str:
        """Streams have none; one that was deleted begins at 1 again, which is shorter than what was read."""
        return ""

    async def drop_before(self, topic: TopicName, partition: int, offset: int) -> None:
        with away_is_unavailable():
            await self.redis.xtrim(self.stream(topic, partition), minid=f"0-{offset}", approximate=False)

    async def erase(self, topic: TopicName, partition: int, before: int, gone: Callable[[bytes], bool]) -> int:
        """Delete the records before an offset whose bodies are `gone`; who reads skips the holes. Gives how many."""
        stream, at, erased = self.stream(topic, partition), 0, 0
        while at < before:
            with away_is_unavailable():
                found = await self.redis.xrange(stream, f"0-{at}", f"0-{before - 1}", count=BATCH)
                if not found:
                    break
                at = _offset(found[-1][0]) + 1
                names = [name for name, fields in found if gone(fields.get(_BODY, b""))]
                erased += await self.redis.xdel(stream, *names) if names else 0
        return erased

    async def scan(self, topic: TopicName, since: Mapping[int, int] | None = None) -> AsyncIterator[Incoming]:
        for partition, stop in (await self.ends(topic)).items():
            at = (since or {}).get(partition, 0)
            while at < stop:
                with away_is_unavailable():
                    stream = self.stream(topic, partition)
                    found = await self.redis.xrange(stream, f"0-{at}", f"0-{stop - 1}", count=BATCH)
                if not found:
                    break
                for name, fields in found:
                    yield Incoming(partition, _offset(name), fields.get(_BODY, b""))
                at = _offset(found[-1][0]) + 1


def _offset(name: bytes | str) -> int:
    return int((name.decode() if isinstance(name, bytes) else name).split("-")[1])
