"""API keys: who may send what, for which community.

A key is `kndl_<id>_<secret>`. The secret has 256 bits of chance and is kept as its SHA-256 only: a slow hash
protects what people choose and others can guess; nobody guesses this, and every request must check it.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis

from services.ingest.accept import Scope
from services.ingest.ports import Grant
from shared.clock import Clock
from shared.limits import Id, Text
from shared.redis_store import away_is_unavailable

PREFIX = "kndl"
SERVICE = "service"
_MOST_CACHED = 10_000
_ID_BYTES = 8
_SECRET_BYTES = 32


class Key(BaseModel):
    """A key as it is kept: all but its secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    community: Id
    scopes: frozenset[Scope]
    sha256: str
    created: datetime
    note: Text = ""


@dataclass
class Keys:
    """The keys of all communities, in one Redis hash. `service_key` is the secret of nudge, which may do all."""

    redis: Redis
    prefix: str
    clock: Clock
    service_key: str | None = None
    cache_seconds: float = 5.0
    monotonic: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, Key | None]] = field(default_factory=dict)

    @property
    def _name(self) -> str:
        return f"{self.prefix}:ingest:keys"

    async def create(self, community: str, scopes: Collection[Scope], note: str = "") -> str:
        """Make a key and give it: the only time that it can be seen."""
        identity, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        key = Key(
            id=identity,
            community=community,
            scopes=frozenset(scopes),
            sha256=_hash(secret),
            created=self.clock(),
            note=note,
        )
        with away_is_unavailable():
            await self.redis.hset(self._name, identity, key.model_dump_json())
        return f"{PREFIX}_{identity}_{secret}"

    async def list(self, community: str | None = None) -> "list[Key]":
        """Give the keys of a community (default: all), oldest first."""
        with away_is_unavailable():
            found = await self.redis.hvals(self._name)
        keys = [Key.model_validate_json(body) for body in found]
        return sorted((k for k in keys if community in (None, k.community)), key=lambda k: (k.created, k.id))

    async def revoke(self, identity: str) -> bool:
        """Delete a key; False where there is none. Other processes trust it for `cache_seconds` more."""
        self._cache.pop(identity, None)
        with away_is_unavailable():
            return bool(await self.redis.hdel(self._name, identity))

    async def check(self, token: str) -> Grant | None:
        if self.service_key is not None and hmac.compare_digest(_hash(token), _hash(self.service_key)):
            return Grant(SERVICE, None, frozenset(Scope))
        prefix, _, rest = token.partition("_")
        identity, _, secret = rest.partition("_")
        if prefix != PREFIX or len(identity) != 2 * _ID_BYTES or not secret:
            return None
        key = await self._find(identity)
        if key is None or not hmac.compare_digest(_hash(secret), key.sha256):
            return None
        return Grant(key.id, key.community, key.scopes)

    async def _find(self, identity: str) -> Key | None:
        now = self.monotonic()
        cached: Final = self._cache.get(identity)
        if cached is not None and now - cached[0] < self.cache_seconds:
            return cached[1]
        with away_is_unavailable():
            body = await self.redis.hget(self._name, identity)
        key = Key.model_validate_json(body) if body else None
        if len(self._cache) >= _MOST_CACHED:
            self._cache.clear()
        self._cache[identity] = (now, key)
        return key


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
