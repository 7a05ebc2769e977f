"""Kafka's clients that are given up while they start."""

import asyncio
import gc

import pytest
from aiokafka import TopicPartition
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.metadata import MetadataRequest

from shared.kafka_access import KafkaAccess
from shared.kafka_scanning import Looker
from tests.conftest import Kafka


@pytest.mark.kafka
async def test_a_client_that_is_given_up_while_it_starts_leaves_no_connection_open(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled just when it reads the cluster's metadata, where aiokafka itself would forget its connection."""
    asked = asyncio.Event()
    opened: list[AIOKafkaConnection] = []
    send = AIOKafkaConnection.send

    def noting(self: AIOKafkaConnection, request: object, *args: object, **named: object) -> object:
        opened.append(self)
        if type(request) is type(MetadataRequest([])):
            asked.set()
        return send(self, request, *args, **named)

    monkeypatch.setattr(AIOKafkaConnection, "send", noting)
    looker = Looker(KafkaAccess([kafka.address]))
    looking = asyncio.create_task(looker.ends([TopicPartition("none", 0)]))
    await asked.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert opened
    assert not [connection for connection in opened if connection.connected()]
    del opened[:], looking
    gc.collect()
