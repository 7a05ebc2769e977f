from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from redis.asyncio import Redis

from services.recommend.stored_vectors import StoredVectors
from services.recommend.vector_cache import CachedEncoder, FileVectorCache
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


async def test_a_discarded_vector_is_gone_from_every_model(redis_url: str, prefix: str) -> None:
    """What is forgotten is in no version's vectors, and those of models before the last one go by themselves."""
    async with Redis.from_url(redis_url) as redis:
        for version in ("v1", "v2", "v3"):
            await StoredVectors(redis, prefix, CountingEncoder(version)).vectors("c", ["one", "two"])
        stored = StoredVectors(redis, prefix, CountingEncoder("v3"))
        kept = [version for version in ("v1", "v2", "v3") if await redis.exists(stored.key("c", version))]
        assert kept == ["v2", "v3"]
        await stored.discard("c", ["one"])
        assert [await redis.hlen(stored.key("c", version)) for version in kept] == [1, 1]


async def test_a_discarded_vector_is_gone_from_the_file(redis_url: str, prefix: str, tmp_path: Path) -> None:
    """A file that keeps vectors outside the store forgets what the store forgets."""
    async with Redis.from_url(redis_url) as redis:
        inner, file = CountingEncoder(), FileVectorCache(tmp_path / "vectors.sqlite")
        encoder = CachedEncoder(inner, file)
        stored = StoredVectors(redis, prefix, encoder)
        await stored.vectors("c", ["one", "two"])
        await stored.discard("c", ["one"])
        assert (await file.get("v1", ["one", "two"])).keys() == {"two"}
        await encoder.close()


async def test_no_more_than_so_many_vectors_are_kept(redis_url: str, prefix: str) -> None:
    """What is kept is bounded, and a vector that was dropped is made again as it was."""
    async with Redis.from_url(redis_url) as redis:
        encoder = CountingEncoder()
        stored = StoredVectors(redis, prefix, encoder, kept=3)
        texts = ["one", "two", "three", "four", "five"]
        first = await stored.vectors("c", texts)
        assert await redis.hlen(stored.key("c")) == 3
        assert np.array_equal(await stored.vectors("c", texts), first)
        assert len(encoder.encoded) == 7


async def test_a_store_that_is_away_is_waited_for() -> None:
    """Redis being away is no failure of the record."""
    async with Redis.from_url("redis://127.0.0.1:1") as redis:
        stored = StoredVectors(redis, "p", CountingEncoder())
        with pytest.raises(Unavailable):
            await stored.vectors("c", ["one"])
        with pytest.raises(Unavailable):
            await stored.discard("c", ["one"])
