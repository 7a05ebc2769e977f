"""The keys of one community in Redis: copied aside as one moment, and put in the place of others as one.

They share the community's hash tag: `PREFIX:SERVICE:{COMMUNITY}:REST`.
"""

import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import redis.exceptions as errors

from kindling.saved.file import Entry, Field, Item, Key
from shared.failures import Unprocessable
from shared.redis_store import POSITION, away_is_unavailable, hash_tag
from shared.service import ServiceName

# What is left aside by who was killed goes by itself; who is at work says so again and again.
ASIDE_SECONDS = 15 * 60
RENEW_SECONDS = 60
STATE = "state"
_SAVING, _RESTORING = "saving-", "restoring-"
# Presses that have come through the log within seconds, and who is at work: neither is state.
_PASSING = ("guard:", "training-lease")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Name:
    """A community's key in parts; `aside` says that it is a copy on its way."""

    service: str
    rest: str

    @property
    def aside(self) -> bool:
        return self.rest.startswith((_SAVING, _RESTORING))


@dataclass(frozen=True)
class Keys:
    """All keys of a community under a prefix. Every method raises Unavailable while Redis is away."""

    redis: Any
    prefix: str
    community: str

    def key(self, service: str, rest: str) -> str:
        return f"{self.prefix}:{service}:{hash_tag(self.community)}:{rest}"

    async def there(self) -> list[Name]:
        """Name all keys that are state, in order."""
        tag = f":{hash_tag(self.community)}:"
        with away_is_unavailable():
            found = [key.decode() async for key in self.redis.scan_iter(f"{self.prefix}:*{tag}*", count=1000)]
        cut = [key.removeprefix(f"{self.prefix}:").partition(tag) for key in found]
        names = {Name(service, rest) for service, _, rest in cut if not rest.startswith(_PASSING)}
        return sorted((name for name in names if not name.aside), key=lambda name: (name.service, name.rest))

    async def matching(self, name: Name, start: str) -> dict[str, bytes]:
        """Give the fields of a hash that is there whose name begins so, without that beginning."""
        found: dict[str, bytes] = {}
        with away_is_unavailable():
            async for field, value in self.redis.hscan_iter(
                self.key(name.service, name.rest), match=f"{start}*", count=_AT_ONCE
            ):
                if value:  # an empty one is a document that was dropped
                    found[field.decode().removeprefix(start)] = value
        return found

    # Saving

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator["Frozen"]:
        """Copy all keys aside at one moment, for as long as the block lasts.

        Raises:
            Unprocessable: Redis has no room for a second copy; the sentence says how much it needs.
        """
        aside = f"{_SAVING}{secrets.token_hex(4)}"
        # Also a state that a service makes just now.
        names = {*await self.there(), *(Name(service.value, STATE) for service in ServiceName)}
        order = sorted(names, key=lambda name: (name.service, name.rest))
        copies = {name: self.key(name.service, f"{aside}:{name.rest}") for name in order}
        await self._refuse_narrow(order)
        try:
            with away_is_unavailable():
                async with self.redis.pipeline(transaction=True) as pipe:
                    for name, copy in copies.items():
                        pipe.copy(self.key(name.service, name.rest), copy)
                        pipe.expire(copy, ASIDE_SECONDS)
                    # COPY and EXPIRE take turns.
                    made = (await pipe.execute())[::2]
            yield Frozen(self.redis, {name: copies[name] for name, is_made in zip(order, made, strict=True) if is_made})
        finally:
            with away_is_unavailable():
                await self.redis.unlink(*copies.values())

    async def _refuse_narrow(self, names: Iterable[Name]) -> None:
        """Refuse where Redis would be full with the copies: then no service could write any more."""
        with away_is_unavailable():
            memory = await self.redis.info("memory")
            most = int(memory.get("maxmemory", 0))
            if not most:
                return
            async with self.redis.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.memory_usage(self.key(name.service, name.rest))
                needed = sum(size or 0 for size in await pipe.execute())
        free = most - int(memory["used_memory"])
        if needed > free:
            raise Unprocessable(
                f"to save {self.community}, Redis holds it twice for a while: that needs about {_megabytes(needed)}, "
                f"and below its maxmemory of {_megabytes(most)} are {_megabytes(free)} left. Give Redis more "
                "(`maxmemory`), then save again"
            )

    # Restoring

    @asynccontextmanager
    async def staged(self) -> AsyncIterator["Staged"]:
        """Make room aside, for as long as the block lasts; `take_place` makes it what the community is."""
        staged = Staged(self, f"{_RESTORING}{secrets.token_hex(4)}")
        try:
            yield staged
        finally:
            if staged.names:
                with away_is_unavailable():
                    await self.redis.unlink(*(staged.key(name) for name in staged.names))

    async def positions(self) -> dict[ServiceName, bytes]:
        """Give the exact bytes of each service's stored position; empty where there is none."""
        with away_is_unavailable():
            async with self.redis.pipeline(transaction=True) as pipe:
                for service in ServiceName:
                    pipe.hget(self.key(service.value, STATE), POSITION)
                return {s: raw or b"" for s, raw in zip(ServiceName, await pipe.execute(), strict=True)}


def _megabytes(size: int) -> str:
    return f"{max(size, 0) / 2**20:,.1f} MB"


@dataclass
class _Aside:
    """Keeps what lies aside from expiring while somebody works with it."""

    redis: Any
    renewed: float = field(default_factory=time.monotonic)

    async def renew(self, keys: Iterable[str]) -> None:
        if time.monotonic() - self.renewed < RENEW_SECONDS:
            return
        with away_is_unavailable():
            async with self.redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.expire(key, ASIDE_SECONDS)
                await pipe.execute()
        self.renewed = time.monotonic()


class Frozen:
    """The copies of a community's keys, which nobody changes. Raises Unprocessable where one is gone too soon."""

    def __init__(self, redis: Any, copies: dict[Name, str]) -> None:
        self.redis = redis
        self.copies = copies
        self._aside = _Aside(redis)

    async def field(self, service: ServiceName, field: str) -> bytes | None:
        """Give a field of a service's state."""
        copy = self.copies.get(Name(service.value, STATE))
        if copy is None:
            return None
        with away_is_unavailable():
            found: bytes | None = await self.redis.hget(copy, field)
        await self._check(copy)
        return found

    async def _check(self, copy: str) -> None:
        """Check that a copy is there still: what was read of it before is then all of it."""
        with away_is_unavailable():
            there = await self.redis.exists(copy)
        if not there:
            raise Unprocessable(
                "the copy that is being saved has gone from Redis, and the file would lack it: save again"
            )

    async def entries(self) -> AsyncGenerator[Entry, None]:
        """Give all keys with what is in them, a few at a time."""
        for name, copy in self.copies.items():
            with away_is_unavailable():
                kind = (await self.redis.type(copy)).decode()
            await self._check(copy)
            if kind not in ("hash", "list"):
                raise Unprocessable(f"{name.rest} of {name.service} is a {kind}, which is not saved yet")
            yield Key(name.service, name.rest, kind)
            async for entry in self._fields(copy) if kind == "hash" else self._items(copy):
                yield entry
            await self._check(copy)

    async def _fields(self, copy: str) -> AsyncGenerator[Entry, None]:
        cursor = None
        while cursor != 0:
            with away_is_unavailable():
                cursor, found = await self.redis.hscan(copy, cursor or 0, count=_AT_ONCE)
            await self._aside.renew(self.copies.values())
            for name, value in found.items():
                if value:  # an empty one is a document that was dropped
                    yield Field(name, value)

    async def _items(self, copy: str) -> AsyncGenerator[Entry, None]:
        first = 0
        while True:
            with away_is_unavailable():
                found = await self.redis.lrange(copy, first, first + _AT_ONCE - 1)
            await self._aside.renew(self.copies.values())
            for value in found:
                yield Item(value)
            if len(found) < _AT_ONCE:
                return
            first += _AT_ONCE


class Staged:
    """A community's keys as they will be."""

    def __init__(self, keys: Keys, aside: str) -> None:
        self._keys = keys
        self._name = aside
        self._aside = _Aside(keys.redis)
        self.names: set[Name] = set()

    def key(self, name: Name) -> str:
        return self._keys.key(name.service, f"{self._name}:{name.rest}")

    async def put(self, name: Name, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Set fields of a hash."""
        words = [word for pair in fields for word in pair]
        if words:
            await self._add(name, "HSET", words)

    async def drop(self, name: Name, fields: Iterable[bytes]) -> None:
        """Take fields out of a hash."""
        gone = list(fields)
        if gone:
            with away_is_unavailable():
                await self._keys.redis.hdel(self.key(name), *gone)

    async def push(self, name: Name, items: Iterable[bytes]) -> None:
        """Add to the end of a list."""
        words = list(items)
        if words:
            await self._add(name, "RPUSH", words)

    async def fields(self, name: Name) -> dict[bytes, bytes]:
        """Give all of a hash."""
        with away_is_unavailable():
            found: dict[bytes, bytes] = await self._keys.redis.hgetall(self.key(name))
        return found

    async def _add(self, name: Name, command: str, words: list[bytes]) -> None:
        key = self.key(name)
        self.names.add(name)
        with away_is_unavailable():
            async with self._keys.redis.pipeline(transaction=True) as pipe:
                pipe.execute_command(command, key, *words)
                pipe.expire(key, ASIDE_SECONDS)
                await pipe.execute()
        await self._aside.renew(map(self.key, self.names))

    async def take_place(self, expected: dict[ServiceName, bytes]) -> bool:
        """Put all of it in the place of what is there, as one; False where a position is not the expected one.

        Raises:
            Unprocessable: some of it has expired.
        """
        keys = self._keys
        states = [keys.key(service.value, STATE) for service in ServiceName]
        with away_is_unavailable():
            async with keys.redis.pipeline(transaction=True) as pipe:
                made = [self.key(name) for name in self.names]
                # A rename that fails would not undo what was done before it.
                await pipe.watch(*states, *made)
                if await keys.redis.exists(*made) < len(made):
                    raise Unprocessable("what was made ready has gone from Redis; nothing was done: try again")
                if await keys.positions() != expected:
                    return False
                old = [keys.key(name.service, name.rest) for name in await keys.there()]
                pipe.multi()
                if old:
                    pipe.unlink(*old)
                for name in sorted(self.names, key=lambda name: (name.service, name.rest)):
                    pipe.rename(self.key(name), keys.key(name.service, name.rest))
                    pipe.persist(keys.key(name.service, name.rest))
                try:
                    await pipe.execute()
                except errors.WatchError:
                    return False
        self.names.clear()
        return True
