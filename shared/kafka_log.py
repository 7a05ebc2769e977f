"""The log on Apache Kafka, through FastStream: consumer groups spread the partitions over replicas."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from uuid import uuid4

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.failures import Unavailable, UnsafeSettings
from shared.kafka_access import KafkaAccess
from shared.kafka_describing import Right
from shared.kafka_failures import NotAllowed, away_is_unavailable
from shared.kafka_publishing import LARGEST, KafkaPublisher, Message
from shared.kafka_rights import check_rights
from shared.kafka_scanning import ANSWER_SECONDS, Looker, incoming, scan
from shared.kafka_security import IN_THE_CLEAR, KafkaSecurity
from shared.kafka_starting import start
from shared.kafka_subscription import KafkaSubscription
from shared.log import Incoming, Outgoing, Reader
from shared.redis_log import bare, raw
from shared.service import TopicName
from shared.topics import topic_name

BATCH = 500
# aiokafka's answer to an empty poll is another wait of this length: short, or every record waits for it.
POLL_MS = 5
# Copies of each record, where there are so many brokers; and how many must have it before it is acknowledged:
# acks=all alone means all that are there, which may be the leader only.
REPLICAS = 3
IN_SYNC = 2
RETENTION_MS = 30 * 24 * 3600 * 1000
STOP_SECONDS = 6.0
DELETE_SECONDS = 30.0
LOOK_SECONDS = 0.1
_NOT_ALLOWED = (TopicAuthorizationFailedError.errno, ClusterAuthorizationFailedError.errno)


def new_topics(prefix: str, partitions: int, brokers: int) -> list[NewTopic]:
    """Say what topics to make on a cluster of so many brokers, with their settings."""
    replicas = min(brokers, REPLICAS)
    safe = {"min.insync.replicas": str(IN_SYNC)} if replicas >= REPLICAS else {}
    topics = [NewTopic(meta_name(prefix), 1, replicas, topic_configs={"cleanup.policy": "compact", **safe})]
    for topic in TopicName:
        # What nobody has decided about yet must not vanish; the log itself is bounded.
        config = {"retention.ms": "-1" if topic is TopicName.DEAD_LETTERS else str(RETENTION_MS), **safe}
        # Whatever the brokers' own limit is.
        config["max.message.bytes"] = str(LARGEST)
        topics.append(NewTopic(topic_name(prefix, topic), partitions, replicas, topic_configs=config))
    return topics


def meta_name(prefix: str) -> str:
    """Name the topic that holds the log's generation."""
    return f"{prefix}.log"


class KafkaLog:
    """Implements shared.log.Log on a list of `host:port`."""

    def __init__(
        self,
        servers: Sequence[str],
        prefix: str,
        *,
        security: KafkaSecurity = IN_THE_CLEAR,
        session_timeout_ms: int = 10_000,
    ) -> None:
        self._access = KafkaAccess(servers, security)
        self._prefix = prefix
        self._session_timeout_ms = session_timeout_ms
        self._broker: KafkaBroker | None = None
        self._subscriptions: list[KafkaSubscription] = []
        self._generation = ""
        self._partitions = 0
        self._publisher = KafkaPublisher(self._access)
        self._looker = Looker(self._access)

    @property
    def first(self) -> int:
        return 0

    @property
    def generation(self) -> str:
        return self._generation

    @property
    def partitions(self) -> int:
        if not self._partitions:
            raise Unavailable("the log is not connected yet")
        return self._partitions

    @property
    def _meta(self) -> str:
        return meta_name(self._prefix)

    async def create(self, partitions: int) -> bool:
        async with self._admin() as admin:
            brokers = len((await admin.describe_cluster())["brokers"])
            answer = await admin.create_topics(new_topics(self._prefix, partitions, brokers))
        codes = {entry[0]: entry[1] for entry in answer.topic_errors}
        if refused := [name for name, code in codes.items() if code in _NOT_ALLOWED]:
            raise UnsafeSettings(
                f"Kafka does not let KINDLING_KAFKA__USER {self._access.security.user!r} make topics: the right CREATE "
                f"is missing for {', '.join(sorted(refused))}"
            )
        if failed := {name: code for name, code in codes.items() if code not in (0, TopicAlreadyExistsError.errno)}:
            raise UnsafeSettings(f"Kafka refused to make topics (error codes): {failed}")
        if codes[self._meta] == TopicAlreadyExistsError.errno and await self._read_generation():
            return False
        # Also where an earlier attempt made the topics and ended before it had named them.
        await self._publisher.publish([Message(self._meta, 0, b"generation", uuid4().hex.encode())])
        return True

    async def delete(self) -> None:
        # The groups go with them: Kafka forgets an empty group once it has no offsets left.
        names = [self._meta, *(topic_name(self._prefix, topic) for topic in TopicName)]
        async with self._admin() as admin:
            answer = await admin.delete_topics(names)
            refused = sorted(
                n for n, code, *_ in answer.topic_error_codes if code == TopicAuthorizationFailedError.errno
            )
            if refused:
                user = self._access.security.user
                raise UnsafeSettings(f"Kafka does not let KINDLING_KAFKA__USER {user!r} delete {', '.join(refused)}")
            # It is done in the background: topics made anew meanwhile would be refused, or be the old ones.
            async with asyncio.timeout(DELETE_SECONDS):
                while any(topic["error_code"] == 0 for topic in await admin.describe_topics(names)):
                    await asyncio.sleep(LOOK_SECONDS)

    async def is_read(self, group: str) -> bool:
        name = f"{self._prefix}.{group}"
        async with self._admin() as admin, asyncio.timeout(ANSWER_SECONDS):
            while True:
                try:
                    (answer,) = await admin.describe_consumer_groups([name])
                except GroupCoordinatorNotAvailableError:
                    # Groups have not been thought of here yet; asked once, Kafka makes ready for them.
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                code, _, _, _, _, members, *_ = answer.groups[0]
                if code == GroupAuthorizationFailedError.errno:
                    user = self._access.security.user
                    raise UnsafeSettings(f"Kafka does not let KINDLING_KAFKA__USER {user!r} describe group {name}")
                return bool(members)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        """Start a client that makes, describes and deletes topics, for as long as the block lasts."""
        admin = AIOKafkaAdminClient(**self._access.client())
        with away_is_unavailable():
            try:
                try:
                    await start(admin.start)
                except KafkaConnectionError:
                    await self._access.check_welcome()
                    raise
                yield admin
            finally:
                await admin.close()

    async def _read_generation(self) -> str:
        named = ""
        async for record in scan(self._access, [TopicPartition(self._meta, 0)], {}):
            named = record.body.decode()
        return named

    def subscribe(
        self, topic: TopicName, group: str, reader: Reader, writes: Collection[TopicName] = ()
    ) -> KafkaSubscription:
        name, written = topic_name(self._prefix, topic), [topic_name(self._prefix, one) for one in writes]
        subscription = KafkaSubscription(name, topic, f"{self._prefix}.{group}", reader, written)
        self._subscriptions.append(subscription)
        return subscription

    async def start(self) -> None:
        try:
            await self._read_what_was_made()
        except NotAllowed as error:
            raise UnsafeSettings(f"KINDLING_KAFKA__USER {self._access.security.user!r}: {error}") from error
        self._broker = KafkaBroker(
            list(self._access.servers),
            security=self._access.shown,
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            graceful_timeout=STOP_SECONDS / 2,
            logger=cast("Any", None),
        )
        for subscription in self._subscriptions:
            subscription.subscriber = self._subscriber(self._broker, subscription)
        try:
            with away_is_unavailable():
                await start(self._broker.start)
        except Unavailable:
            await self._stop_broker()
            raise

    async def _read_what_was_made(self) -> None:
        names = {topic_name(self._prefix, topic): topic for topic in TopicName}
        async with self._admin() as admin:
            found = await admin.describe_topics([self._meta, *names])
            await self._check_rights(admin)
        if any(topic["error_code"] == TopicAuthorizationFailedError.errno for topic in found):
            raise UnsafeSettings(
                f"Kafka does not let KINDLING_KAFKA__USER {self._access.security.user!r} see the topics under "
                f"{self._prefix!r}: it needs the rights to describe and read them"
            )
        counts = {topic["topic"]: len(topic["partitions"]) for topic in found if topic["error_code"] == 0}
        if counts.pop(self._meta, 0) == 0:
            raise UnsafeSettings(
                f"there are no topics under {self._prefix!r}: start `kindling up`, or run `kindling topics create`"
            )
        if len(counts) < len(names) or len(set(counts.values())) != 1:
            raise UnsafeSettings(f"the topics under {self._prefix!r} differ in their number of partitions: {counts}")
        self._partitions = next(iter(counts.values()))
        self._generation = await self._read_generation()
        if not self._generation:
            raise Unavailable("Kafka: the topics are being made")

    async def _check_rights(self, admin: Any) -> None:
        reads = {self._meta, *(one.name for one in self._subscriptions)}
        writes = {name for one in self._subscriptions for name in one.writes}
        needed = {Right.READ: reads, Right.WRITE: writes}
        await check_rights(admin, self._access.security.user, needed, [one.group for one in self._subscriptions])

    def _subscriber(self, broker: KafkaBroker, subscription: KafkaSubscription) -> Any:
        subscriber = broker.subscriber(
            subscription.name,
            group_id=subscription.group,
            batch=True,
            max_records=BATCH,
            batch_timeout_ms=POLL_MS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            session_timeout_ms=self._session_timeout_ms,
            heartbeat_interval_ms=self._session_timeout_ms // 3,
            listener=subscription,
            parser=bare,
            decoder=raw,
        )

        async def receive(records: Any) -> None:
            await subscription.reader.received([incoming(record) for record in records])

        subscriber(receive)
        return subscriber

    async def stop(self) -> None:
        await self._stop_broker()
        await self._looker.stop()
        await self._publisher.stop()

    async def _stop_broker(self) -> None:
        if self._broker is None:
            return
        # Leaving the group would wait for a broker that is away.
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._broker.stop()

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        await self._publisher.publish(
            [Message(topic_name(self._prefix, m.topic), m.partition, m.key.encode(), m.body) for m in messages]
        )

    async def ends(self, topic: TopicName) -> dict[int, int]:
        name = topic_name(self._prefix, topic)
        return await self._looker.ends([TopicPartition(name, p) for p in range(self._partitions)])

    async def identity(self, topic: TopicName) -> str:
        return await self._looker.identity(topic_name(self._prefix, topic))

    async def drop_before(self, topic: TopicName, partition: int, offset: int) -> None:
        place = TopicPartition(topic_name(self._prefix, topic), partition)
        async with self._admin() as admin:
            try:
                await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
            except TopicAuthorizationFailedError as error:
                user = self._access.security.user
                raise UnsafeSettings(
                    f"Kafka does not let KINDLING_KAFKA__USER {user!r} delete records of {place.topic}"
                ) from error

    def scan(self, topic: TopicName, since: Mapping[int, int] | None = None) -> AsyncIterator[Incoming]:
        name = topic_name(self._prefix, topic)
        return scan(self._access, [TopicPartition(name, p) for p in range(self._partitions)], since or {})
