"""The topics as they are made: what Kafka is asked to keep, how long, and how often."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.kafka_log import KafkaLog, new_topics
from shared.service import TopicName
from shared.topics import topic_name
from tests.conftest import Kafka


@pytest.mark.parametrize(("brokers", "replicas", "in_sync"), [(1, 1, None), (2, 2, None), (3, 3, "2"), (9, 3, "2")])
def test_what_is_acknowledged_is_on_two_brokers_where_there_are_three(
    brokers: int, replicas: int, in_sync: str | None
) -> None:
    """No accepted activity is lost with one broker; fewer than three could not lose one and still take records."""
    topics = new_topics("p", 8, brokers)
    assert [(t.name, t.num_partitions) for t in topics] == [
        ("p.log", 1), *((topic_name("p", topic), 8) for topic in TopicName),
    ]  # fmt: skip
    assert {t.replication_factor for t in topics} == {replicas}
    assert {t.topic_configs.get("min.insync.replicas") for t in topics} == {in_sync}


async def test_kafka_takes_the_settings_of_a_large_cluster(kafka: Kafka, prefix: str) -> None:
    """Every name and value means something to it, so that making topics does not fail where it matters."""
    topics = new_topics(prefix, 2, 3)
    for topic in topics:
        topic.replication_factor = 1
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    try:
        answer = await admin.create_topics(topics)
        (found,) = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic_name(prefix, TopicName.ACTIVITY))]
        )
    finally:
        await admin.close()
        await KafkaLog([kafka.address], prefix).delete()
    assert {entry[1] for entry in answer.topic_errors} == {0}
    (resource,) = found.resources
    assert {entry[0]: entry[1] for entry in resource[4]}["min.insync.replicas"] == "2"
