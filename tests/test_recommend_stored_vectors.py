from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from redis.asyncio import Redis

from services.recommend.stored_vectors import StoredVectors
from shared.failures import Unavailable
from tests.recommending import HashedVectors


class CountingEncoder:
    """Encodes by hashing; `encoded` are the texts that it was asked for."""

    dimension = HashedVectors.dimension

    def __init__(self, version: str = "v1") -> None:
        self.version = version
        self.encoded: list[str] = []

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        self.encoded += texts
        return await HashedVectors().vectors("", texts)

    async def close(self) -> None: ...


async def test_a_vector_is_made_once_and_kept(redis_url: str, prefix: str) -> None:
    """Each text is encoded once per community and model, and comes back bit for bit, in the order asked for."""
    async with Redis.from_url(redis_url) as redis:
        encoder = CountingEncoder()
        stored = StoredVectors(redis, prefix, encoder)
        texts = ["one", "two", "one", "drei"]
        first = await stored.vectors("a b/c{d}", texts)
        again = await stored.vectors("a b/c{d}", texts[::-1])
        assert encoder.encoded == ["one", "two", "drei"]
        assert np.array_equal(first, again[::-1])
        assert np.array_equal(first, await HashedVectors().vectors("", texts))
        assert (stored.hits, stored.misses) == (5, 3)
        other = CountingEncoder("v2")
        await StoredVectors(redis, prefix, other).vectors("a b/c{d}", ["one"])
        await stored.vectors("other", ["one"])
        assert other.encoded == ["one"]
        assert encoder.encoded[3:] == ["one"]
        assert stored.key("a b/c{d}") == f"{prefix}:recommend:{{a%20b%2Fc%7Bd%7D}}:vectors:v1"


async def test_a_discarded_vector_is_gone(redis_url: str, prefix: str) -> None:
    """What was discarded is not in the store any more; what was never there may be discarded too."""
    async with Redis.from_url(redis_url) as redis:
        stored = StoredVectors(redis, prefix, CountingEncoder())
        await stored.vectors("c", ["one", "two"])
        await stored.discard("c", ["one", "never"])
        assert await redis.hlen(stored.key("c")) == 1


async def test_a_store_that_is_away_is_waited_for() -> None:
    """Redis being away is no failure of the record."""
    async with Redis.from_url("redis://127.0.0.1:1") as redis:
        stored = StoredVectors(redis, "p", CountingEncoder())
        with pytest.raises(Unavailable):
            await stored.vectors("c", ["one"])
        with pytest.raises(Unavailable):
            await stored.discard("c", ["one"])
