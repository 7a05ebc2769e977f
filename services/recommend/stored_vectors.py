"""Vectors kept in Redis, beside the chain: per community, model and text."""

import hashlib
import logging
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from redis.asyncio import Redis

from services.recommend.ports import Encoder, Keeper
from services.recommend.settings import VECTORS_KEPT
from services.recommend.vector_versions import VectorVersions
from shared import metrics
from shared.redis_store import away_is_unavailable

log = logging.getLogger(__name__)

_BATCH = 500


class StoredVectors:
    """A hash per community and encoder version: SHA-256 of the text -> vector, little-endian int16.

    A list beside them (`versions`) names those that are kept. Of more than `kept` vectors some are dropped by chance:
    who needs one again has it made again. `hits` and `misses` count texts. The caller keeps the connection (which must
    not decode responses) and the encoder, and closes both.
    """

    def __init__(self, redis: Redis, prefix: str, encoder: Encoder, kept: int = VECTORS_KEPT) -> None:
        self.hits = 0
        self.misses = 0
        self._redis = redis
        self.versions = VectorVersions(redis, prefix)
        self._encoder = encoder
        self._kept = kept

    @property
    def version(self) -> str:
        return self._encoder.version

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def key(self, community: str, version: str | None = None) -> str:
        """Name the hash of a community, by default that of this encoder's version."""
        return self.versions.key(community, version or self.version)

    async def missing(self, community: str, texts: Sequence[str]) -> list[str]:
        """Give those of the texts of which there is no vector yet."""
        found: list[str] = []
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            with away_is_unavailable():
                stored = await self._redis.hmget(self.key(community), [_field(text) for text in batch])
            found += [text for text, body in zip(batch, stored, strict=True) if body is None]
        return found

    async def keep_only(self, community: str, texts: Sequence[str]) -> None:
        """Delete the vectors, of this version, of all but these texts: who made one may not have heard of its end."""
        wanted = {_field(text) for text in texts}
        with away_is_unavailable():
            kept = cast("list[bytes]", await self._redis.hkeys(self.key(community)))
            gone = [field for field in kept if field not in wanted]
            for start in range(0, len(gone), _BATCH):
                await self._redis.hdel(self.key(community), *cast("list[Any]", gone[start : start + _BATCH]))

    async def vectors(self, community: str, texts: Sequence[str]) -> NDArray[np.int16]:
        """Shape (len(texts), dimension), in the order given; new ones are encoded and kept."""
        vectors = np.zeros((len(texts), self.dimension), np.int16)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            vectors[start : start + len(batch)] = await self._batch(community, batch)
        return vectors

    async def discard(self, community: str, texts: Sequence[str]) -> None:
        """Delete the vectors of these texts, of every version, and what the encoder itself keeps of them."""
        versions = await self.versions.known(community)
        for start in range(0, len(texts), _BATCH):
            fields = [_field(text) for text in texts[start : start + _BATCH]]
            for version in versions:
                with away_is_unavailable():
                    await self._redis.hdel(self.key(community, version), *fields)
        if isinstance(self._encoder, Keeper):
            await self._encoder.forget(texts)

    async def _batch(self, community: str, texts: Sequence[str]) -> NDArray[np.int16]:
        fields = [_field(text) for text in texts]
        with away_is_unavailable():
            stored = await self._redis.hmget(self.key(community), fields)
        found = zip(fields, stored, strict=True)
        known = {f: np.frombuffer(body, "<i2") for f, body in found if isinstance(body, bytes)}
        new = {f: text for f, text in zip(fields, texts, strict=True) if f not in known}
        if new:
            made = dict(zip(new, await self._encoder.encode(list(new.values())), strict=True))
            with away_is_unavailable():
                await self._keep(community, {f: row.astype("<i2").tobytes() for f, row in made.items()})
            known |= made
        self.misses += len(new)
        metrics.VECTOR_MISSES.inc(len(new))
        metrics.VECTOR_HITS.labels("store").inc(len(texts) - len(new))
        self.hits += len(texts) - len(new)
        return np.stack([known[f] for f in fields]).astype(np.int16)

    async def _keep(self, community: str, made: dict[bytes, bytes]) -> None:
        key = self.key(community)
        # The version first: what is kept under a name that is not in the list could not be forgotten.
        await self.versions.add(community, self.version)
        await self._redis.hset(key, mapping=cast("Any", made))
        over = await self._redis.hlen(key) - self._kept
        if over > 0:
            log.info("dropping %d vectors of %s: at most %d are kept", over, community, self._kept)
            await self._redis.hdel(key, *cast("list[Any]", await self._redis.hrandfield(key, over)))


def _field(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
