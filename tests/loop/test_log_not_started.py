"""A log before it is connected: its doors answer already, and must not take that for a fault of theirs."""

import pytest

from shared.failures import Unavailable
from shared.kafka_log import KafkaLog
from shared.redis_log import RedisLog


@pytest.mark.parametrize("log", [KafkaLog(["127.0.0.1:1"], "none"), RedisLog("redis://127.0.0.1:1/0", "none")])
async def test_a_log_that_is_not_connected_yet_is_away(log: KafkaLog | RedisLog) -> None:
    """The front door of a process that has just started says 503, and not 500: it comes again."""
    with pytest.raises(Unavailable, match="not connected yet"):
        _ = log.partitions
