"""A lease in Redis: held by one owner at a time, taken back by nobody but its owner, and over by itself."""

from dataclasses import dataclass
from typing import Any

from shared.redis_store import away_is_unavailable

_HOLD = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Lease:
    """`token` names the owner; held for `milliseconds` each time. Both methods raise Unavailable."""

    redis: Any
    key: str
    token: str
    milliseconds: int

    async def hold(self) -> bool:
        """Take the lease, or hold it for longer; False while it is another's."""
        with away_is_unavailable():
            return bool(await self.redis.eval(_HOLD, 1, self.key, self.token, self.milliseconds))

    async def release(self) -> None:
        """Give the lease back, where it is ours still."""
        with away_is_unavailable():
            await self.redis.eval(_RELEASE, 1, self.key, self.token)
