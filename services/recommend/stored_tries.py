"""Tries at training kept in Redis, beside the chain: how a community's last one went, and the lease of who trains."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from services.recommend.tries import Try
from shared.ending import end
from shared.failures import Unavailable
from shared.lease import Lease
from shared.redis_store import away_is_unavailable, hash_tag

LEASE_MS = 60_000

_TRIES: Final = TypeAdapter(Try)
_LAST, _CHOSEN = "last", "chosen"


class BeingTrained(Exception):
    """Another process trains the community's models now."""


class StoredTries:
    """A hash a community: its last try, and whether an operator chose what ranks; and the lease of who trains it.

    The caller keeps the connection, which must not decode responses.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    def _key(self, community: str, what: str) -> str:
        return f"{self._prefix}:recommend:{hash_tag(community)}:{what}"

    async def last(self, community: str) -> Try | None:
        """Give the last try; None where there was none, or another version kept it."""
        body = await self._get(community, _LAST)
        try:
            return None if body is None else _TRIES.validate_json(body)
        except ValidationError:
            return None

    async def note(self, community: str, made: Try) -> None:
        await self._set(community, _LAST, _TRIES.dump_json(made))

    async def chosen(self, community: str) -> bool:
        """Say whether an operator chose what ranks, so that no training takes its place by itself."""
        return bool(await self._get(community, _CHOSEN))

    async def choose(self, community: str, chosen: bool) -> None:
        """Note that an operator chose what ranks, or leaves it to the training again."""
        await self._set(community, _CHOSEN, b"1" if chosen else b"")

    async def under_way(self, community: str) -> bool:
        """Say whether somebody trains the community's models now."""
        with away_is_unavailable():
            return bool(await self._redis.exists(self._key(community, "training-lease")))

    @asynccontextmanager
    async def alone(self, community: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Be the only one who trains a community, for the length of the block; raises BeingTrained.

        Gives what makes sure that it is so still, and raises the same. Who is cut off keeps others out for a minute.
        """
        lease = Lease(self._redis, self._key(community, "training-lease"), secrets.token_hex(8), LEASE_MS)

        async def check() -> None:
            if not await lease.hold():
                raise BeingTrained("another process trains these models now")

        await check()
        renewing = asyncio.create_task(_renew(lease))
        try:
            yield check
        finally:
            await end([renewing])
            with suppress(Unavailable):
                await lease.release()

    async def _get(self, community: str, field: str) -> bytes | None:
        with away_is_unavailable():
            return cast("bytes | None", await self._redis.hget(self._key(community, "training"), field))

    async def _set(self, community: str, field: str, body: bytes) -> None:
        with away_is_unavailable():
            await self._redis.hset(self._key(community, "training"), field, cast("Any", body))


async def _renew(lease: Lease) -> None:
    while True:
        await asyncio.sleep(lease.milliseconds / 4000)
        with suppress(Unavailable):
            await lease.hold()
