"""Artefacts kept in Redis, beside the chain: what a community's models were, and are."""

from typing import Any, cast

from redis.asyncio import Redis

from shared.redis_store import away_is_unavailable, hash_tag

KEPT = 10


class StoredModels:
    """A hash of a community's artefacts by id, and a list of the ids, oldest first; the latest ten are kept.

    The caller keeps the connection, which must not decode responses.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    def _key(self, community: str, what: str) -> str:
        return f"{self._prefix}:recommend:{hash_tag(community)}:{what}"

    async def get(self, community: str, artefact: str) -> bytes | None:
        """Give an artefact; None where it is not there (any more)."""
        with away_is_unavailable():
            return cast("bytes | None", await self._redis.hget(self._key(community, "models"), artefact))

    async def put(self, community: str, artefact: str, body: bytes, keep: frozenset[str] = frozenset()) -> None:
        """Keep an artefact; beyond ten the oldest go, but for those to `keep`."""
        models, order = self._key(community, "models"), self._key(community, "model-ids")
        with away_is_unavailable():
            # The body first: what is named in the list is there.
            await self._redis.hset(models, artefact, cast("Any", body))
            await self._redis.lrem(order, 0, artefact)
            await self._redis.rpush(order, artefact)
            ids = [name.decode() for name in cast("list[bytes]", await self._redis.lrange(order, 0, -1))]
            for old in [name for name in ids[:-KEPT] if name not in keep]:
                await self._redis.lrem(order, 0, old)
                await self._redis.hdel(models, old)

    async def all(self, community: str) -> dict[str, bytes]:
        """Give all artefacts that are kept by id, oldest first."""
        with away_is_unavailable():
            names = cast("list[bytes]", await self._redis.lrange(self._key(community, "model-ids"), 0, -1))
            bodies = [await self._redis.hget(self._key(community, "models"), name.decode()) for name in names]
        return {n.decode(): cast("bytes", b) for n, b in zip(names, bodies, strict=True) if b is not None}
