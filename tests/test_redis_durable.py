"""Which Redis servers are refused."""

import pytest
from redis.asyncio import Redis

from shared.failures import UnsafeSettings
from shared.redis_store import check_durable
from tests.servers import RedisServer


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("appendonly", "no", "appendonly off"),
        ("maxmemory-policy", "allkeys-lru", "may evict"),
        ("cluster-enabled", "yes", "is a cluster"),
    ],
)
async def test_a_redis_that_could_lose_state_is_refused(setting: str, value: str, says: str) -> None:
    """A server without a log on disk, one that evicts, and a cluster stop the start with a sentence."""
    with RedisServer("valkey", **{setting: value}) as server:
        async with Redis.from_url(server.url) as redis:
            with pytest.raises(UnsafeSettings, match=says):
                await check_durable(redis)


async def test_a_redis_that_keeps_its_state_is_taken(redis_url: str) -> None:
    """What the README asks for is enough."""
    async with Redis.from_url(redis_url) as redis:
        await check_durable(redis)
