"""A service's place in a topic of Kafka, as the consumer of its group has it."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from shared.failures import Unavailable
from shared.kafka_failures import away_is_unavailable
from shared.kafka_scanning import ANSWER_SECONDS
from shared.log import Reader
from shared.service import TopicName

# The place of a replica that was replaced: harmless, the stored position leads.
_REPLACED = (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

log = logging.getLogger(__name__)


@dataclass
class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc]
    """One FastStream subscriber of all partitions that the group gives to this process."""

    name: str
    topic: TopicName
    group: str
    reader: Reader
    writes: Collection[str] = ()
    subscriber: Any = field(default=None)

    @property
    def consumer(self) -> Any:
        if self.subscriber is None or self.subscriber.consumer is None:
            raise Unavailable("Kafka: not connected")
        return self.subscriber.consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self.reader.revoked([tp.partition for tp in revoked])

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self.reader.assigned([tp.partition for tp in assigned])

    def seek(self, partition: int, offset: int) -> None:
        try:
            self.consumer.seek(TopicPartition(self.name, partition), offset)
        except (IllegalStateError, Unavailable):
            log.info("partition %d went to another replica", partition)

    async def first_offset(self, partition: int) -> int:
        tp = TopicPartition(self.name, partition)
        with away_is_unavailable():
            async with asyncio.timeout(ANSWER_SECONDS):
                return int((await self.consumer.beginning_offsets([tp]))[tp])

    async def commit(self, offsets: Mapping[int, int]) -> None:
        try:
            with away_is_unavailable():
                await self.consumer.commit({TopicPartition(self.name, p): offset for p, offset in offsets.items()})
        except Unavailable as error:
            if not isinstance(error.__cause__, _REPLACED):
                raise
