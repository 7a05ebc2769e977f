"""Topics and partitions: every topic is keyed by community, and a community keeps its partition number."""

from functools import lru_cache

from aiokafka.partitioner import murmur2

from shared.service import TopicName

DEFAULT_PARTITIONS = 64


@lru_cache(maxsize=65_536)
def partition_of(community: str, partitions: int) -> int:
    """Give a community's partition, as Kafka's own default partitioner does for its key.

    So a producer that is not Kindling, and knows only the key, writes to the same place.
    """
    return int(murmur2(community.encode()) & 0x7FFFFFFF) % partitions


def topic_name(prefix: str, topic: TopicName) -> str:
    """Give a topic's name at the broker."""
    return f"{prefix}.{topic.value}"
