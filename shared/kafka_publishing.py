"""Publishing to Kafka: in order, acknowledged by all, with a producer that is replaced when it has failed."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.failures import Unavailable
from shared.wire import CONTENT_TYPE

_HEADERS = [("content-type", CONTENT_TYPE.encode())]
# What was read is passed on with a little more around it, and a letter holds a record as text: more than
# the megabyte that Kafka takes by default.
LARGEST = 8 * 1024 * 1024
FLUSH_SECONDS = 2.0


@contextmanager
def away_is_unavailable() -> Iterator[None]:
    """Turn what aiokafka raises while the broker is away into Unavailable."""
    try:
        yield
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka: {type(error).__name__} {error}") from error


@dataclass(frozen=True, slots=True)
class Message:
    """A record for a topic by its full name."""

    topic: str
    partition: int
    key: bytes
    body: bytes


class KafkaPublisher:
    """Publishes; while the broker is away the producer itself tries on, in order."""

    def __init__(self, servers: Sequence[str]) -> None:
        self._servers = list(servers)
        self._producer: Any = None
        self._lock = asyncio.Lock()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Append messages in order; returns once all are durable (acks=all)."""
        with away_is_unavailable():
            producer = await self._started()
            try:
                # Sent one after the other, acknowledged together: an idempotent producer keeps their order.
                sent = [
                    await producer.send(m.topic, m.body, key=m.key, partition=m.partition, headers=_HEADERS)
                    for m in messages
                ]
                await asyncio.gather(*sent)
            except KafkaError:
                # Its sequence may be broken for good, so that it would refuse everything from now on.
                await self._discard(producer)
                raise

    async def _started(self) -> Any:
        async with self._lock:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._servers, acks="all", enable_idempotence=True, max_request_size=LARGEST
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _discard(self, producer: Any) -> None:
        if self._producer is producer:
            self._producer = None
            await _end(producer)

    async def stop(self) -> None:
        if self._producer is not None:
            await self._discard(self._producer)


async def _end(producer: Any) -> None:
    # It waits for its last messages to be acknowledged: for ever, while the broker is away.
    try:
        async with asyncio.timeout(FLUSH_SECONDS):
            await producer.stop()
    except TimeoutError:
        await producer._sender.close()
        await producer.client.close()
