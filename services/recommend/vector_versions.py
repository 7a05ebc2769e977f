"""Which encoders' vectors are kept of a community in Redis: a list of versions, and a hash of vectors each."""

from typing import Any, cast

from services.recommend.encoding import encoder_of
from shared.redis_store import away_is_unavailable, hash_tag

# The encoder in use, and another one: the one before it, to which an operator may go back, or the next.
KEPT = 2


class VectorVersions:
    """Versions by community, the one first that is dropped first where another one comes.

    All keys of a community share its hash tag. The caller keeps the connection, which must not decode responses.
    Every method raises Unavailable.
    """

    def __init__(self, redis: Any, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    def key(self, community: str, version: str) -> str:
        """Name the hash of a version's vectors."""
        return f"{self._list(community)}:{version}"

    def _list(self, community: str) -> str:
        return f"{self._prefix}:recommend:{hash_tag(community)}:vectors"

    async def known(self, community: str) -> list[str]:
        """Give the versions of which vectors are kept."""
        with away_is_unavailable():
            known = await self._redis.lrange(self._list(community), 0, -1)
        return [version.decode() for version in cast("list[bytes]", known)]

    async def add(self, community: str, version: str) -> None:
        """Note a version whose vectors are kept from now on; beyond two, those of the first go."""
        known = await self.known(community)
        if version in known:
            return
        with away_is_unavailable():
            await self._redis.rpush(self._list(community), version)
        for old in [*known, version][:-KEPT]:
            await self.drop(community, old)

    async def hold(self, community: str, encoder: str) -> None:
        """Have the vectors of an encoder, in its latest build, be the last to go where another version comes."""
        own = [version for version in await self.known(community) if encoder_of(version) == encoder]
        if own:
            with away_is_unavailable():
                await self._redis.lrem(self._list(community), 0, own[-1])
                await self._redis.rpush(self._list(community), own[-1])

    async def counts(self, community: str) -> dict[str, int]:
        """Count the vectors that are kept, by version."""
        versions = await self.known(community)
        with away_is_unavailable():
            return {version: await self._redis.hlen(self.key(community, version)) for version in versions}

    async def drop(self, community: str, version: str) -> None:
        """Delete all vectors of a version."""
        with away_is_unavailable():
            await self._redis.unlink(self.key(community, version))
            await self._redis.lrem(self._list(community), 0, version)
