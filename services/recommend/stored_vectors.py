"""Vectors kept in Redis, beside the chain: per community, model and text."""

import hashlib
from collections.abc import Sequence
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from redis.asyncio import Redis

from services.recommend.ports import Encoder
from shared import metrics
from shared.redis_store import away_is_unavailable

_BATCH = 500


class StoredVectors:
    """A hash per community and encoder version: SHA-256 of the text -> vector, little-endian int16.

    Its key shares the community's hash tag. `hits` and `misses` count texts. The caller keeps the connection
    (which must not decode responses) and the encoder, and closes both.
    """

    def __init__(self, redis: Redis, prefix: str, encoder: Encoder) -> None:
        self.hits = 0
        self.misses = 0
        self._redis = redis
        self._prefix = prefix
        self._encoder = encoder

    @property
    def version(self) -> str:
        return self._encoder.version

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def key(self, community: str) -> str:
        """Name the hash of a community."""
        return f"{self._prefix}:recommend:{{{quote(community, safe='')}}}:vectors:{self.version}"

    async def vectors(self, community: str, texts: Sequence[str]) -> NDArray[np.int16]:
        """Shape (len(texts), dimension), in the order given; new ones are encoded and kept."""
        vectors = np.zeros((len(texts), self.dimension), np.int16)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            vectors[start : start + len(batch)] = await self._batch(self.key(community), batch)
        return vectors

    async def discard(self, community: str, texts: Sequence[str]) -> None:
        """Delete the vectors of these texts."""
        for start in range(0, len(texts), _BATCH):
            fields = [_field(text) for text in texts[start : start + _BATCH]]
            with away_is_unavailable():
                await self._redis.hdel(self.key(community), *fields)

    async def _batch(self, key: str, texts: Sequence[str]) -> NDArray[np.int16]:
        fields = [_field(text) for text in texts]
        with away_is_unavailable():
            stored = await self._redis.hmget(key, fields)
        found = zip(fields, stored, strict=True)
        known = {f: np.frombuffer(body, "<i2") for f, body in found if isinstance(body, bytes)}
        new = {f: text for f, text in zip(fields, texts, strict=True) if f not in known}
        if new:
            made = dict(zip(new, await self._encoder.encode(list(new.values())), strict=True))
            with away_is_unavailable():
                await self._redis.hset(key, mapping={f: row.astype("<i2").tobytes() for f, row in made.items()})
            known |= made
        self.misses += len(new)
        metrics.VECTOR_HITS.labels("store").inc(len(texts) - len(new))
        self.hits += len(texts) - len(new)
        return np.stack([known[f] for f in fields]).astype(np.int16)


def _field(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
