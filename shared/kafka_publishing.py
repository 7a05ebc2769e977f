"""Publishing to Kafka: in order, acknowledged by all, with a producer that is replaced when it has failed."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from shared.failures import TooLarge
from shared.kafka_access import KafkaAccess
from shared.kafka_failures import away_is_unavailable
from shared.kafka_starting import start
from shared.wire import CONTENT_TYPE, RECORD_BYTES

_HEADERS = [("content-type", CONTENT_TYPE.encode())]
# With a record's key and headers.
LARGEST = RECORD_BYTES + 8 * 1024
# A broker that takes and acknowledges nothing for so long is away. An idempotent producer itself never gives up.
ACKNOWLEDGE_SECONDS = 10.0
FLUSH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Message:
    """A record for a topic by its full name."""

    topic: str
    partition: int
    key: bytes
    body: bytes


class KafkaPublisher:
    """Publishes for all in this process, over one producer; when it fails one of them, it fails them all."""

    def __init__(self, access: KafkaAccess, acknowledge_seconds: float = ACKNOWLEDGE_SECONDS) -> None:
        self._access = access
        self._acknowledge_seconds = acknowledge_seconds
        self._producer: Any = None
        self._ending: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Append messages in order; returns once all are durable (acks=all).

        Whoever gets Unavailable and publishes the same messages again, first to last, leaves no gap: what an
        earlier attempt left on the way arrives, if ever, from its first message on, and repeats what is there.

        Raises:
            Unavailable: not all were acknowledged; any of them may still arrive.
            NotAllowed: the login has no right to write there.
            TooLarge: Kafka takes no record as large as one of them; those before it may have arrived.
        """
        with away_is_unavailable("write to"):
            async with asyncio.timeout(self._acknowledge_seconds):
                producer = await self._started()
            try:
                await _send(producer, messages, self._acknowledge_seconds)
            except (KafkaError, TimeoutError) as error:
                # Its sequence may be broken for good, so that it would refuse everything from now on.
                self._discard(producer)
                await self._ended()
                if isinstance(error, MessageSizeTooLargeError):
                    raise _too_large(messages) from error
                raise

    async def _started(self) -> Any:
        async with self._lock:
            # Nothing of an earlier producer is on its way from here when the next one begins.
            await self._ended()
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._access.client(), acks="all", enable_idempotence=True, max_request_size=LARGEST
                )
                try:
                    await start(producer.start)
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    def _discard(self, producer: Any) -> None:
        if producer is not None and self._producer is producer:
            self._producer = None
            # A task of its own: a publisher that is cancelled meanwhile must not leave it half ended.
            self._ending = asyncio.create_task(_end(producer))

    async def _ended(self) -> None:
        if self._ending is not None:
            await asyncio.wait([self._ending])

    async def stop(self) -> None:
        """End within seconds; what is not acknowledged by then is Unavailable to whoever publishes it."""
        self._discard(self._producer)
        await self._ended()


def _too_large(messages: Sequence[Message]) -> TooLarge:
    largest = max(messages, key=lambda message: len(message.body))
    return TooLarge(
        f"Kafka takes no record of {len(largest.body)} bytes in {largest.topic}: its max.message.bytes, or where that "
        f"is not set the broker's message.max.bytes, is lower. Kindling needs {LARGEST}"
    )


async def _send(producer: Any, messages: Sequence[Message], seconds: float) -> None:
    sent: list[asyncio.Future[Any]] = []
    now = asyncio.get_running_loop().time
    try:
        # Sent one after the other, acknowledged together: an idempotent producer keeps their order.
        async with asyncio.timeout(None) as limit:
            # Each step has its time: however much is sent, a broker that goes on is not away.
            for m in messages:
                limit.reschedule(now() + seconds)
                sent.append(await producer.send(m.topic, m.body, key=m.key, partition=m.partition, headers=_HEADERS))
            for acknowledged in sent:
                limit.reschedule(now() + seconds)
                await acknowledged
    finally:
        for future in sent:
            if not future.cancel() and not future.cancelled():
                future.exception()  # heard of: the first one says it for all


async def _end(producer: Any) -> None:
    """Close a producer, and have everybody hear of it who still waits for an acknowledgement."""
    try:
        # It waits for its last messages to be acknowledged: for ever, while the broker is away.
        async with asyncio.timeout(FLUSH_SECONDS):
            await producer.stop()
    except TimeoutError:
        # aiokafka has no public way to end one that cannot flush; its parts are closed one by one.
        for close in (producer._sender.close, producer.client.close):
            # What is under way to a broker that hangs, hangs as long as it does.
            with suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await close()
        _fail_rest(producer._message_accumulator)


def _fail_rest(accumulator: Any) -> None:
    """Fail what was not acknowledged: aiokafka does so for a sender that has failed, not for one that was ended."""
    batches = [batch for queued in accumulator._batches.values() for batch in queued]
    # A batch that was to be sent again is in the queue alone; once failed, it is looked for among the pending.
    accumulator._pending_batches.update(batches)
    accumulator.fail_all(KafkaError("the producer has ended"))
    for batch in batches:
        batch._drain_waiter.exception()  # heard of, also where nobody waits for a place in this batch
