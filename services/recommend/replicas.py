"""Which encoders each running replica has, told in Redis: who changes a community's looks whether all have the new.

They tell full versions, as vectors are kept by: another build of the same encoder would make them all again.
"""

import asyncio
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from shared.failures import Unavailable
from shared.redis_store import away_is_unavailable

TOLD_MS = 60_000
_AGAIN_SECONDS = 15.0


class Replicas:
    """A key a process, over by itself a minute after it was last told. The caller keeps the connection."""

    def __init__(self, redis: Any, prefix: str) -> None:
        self._redis = redis
        self._keys = f"{prefix}:recommend:replica:"

    async def tell(self, versions: Sequence[str]) -> None:
        """Tell the versions of the encoders that this process has, until cancelled."""
        key, told = f"{self._keys}{secrets.token_hex(8)}", json.dumps(list(versions))
        try:
            while True:
                with suppress(Unavailable), away_is_unavailable():
                    await self._redis.set(key, told, px=TOLD_MS)
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            with suppress(Unavailable, TimeoutError), away_is_unavailable():
                async with asyncio.timeout(1):
                    await self._redis.delete(key)

    async def versions(self) -> list[list[str]]:
        """Give the versions of each process's encoders, of those that run; raises Unavailable."""
        found = []
        with away_is_unavailable():
            async for key in self._redis.scan_iter(match=f"{_literal(self._keys)}*", count=1000):
                told = await self._redis.get(key)
                if told is not None:
                    found.append([str(name) for name in json.loads(told)])
        return sorted(found)


def _literal(text: str) -> str:
    """Quote what a pattern of Redis would not take as it stands."""
    return "".join(f"\\{character}" if character in "*?[]\\" else character for character in text)
