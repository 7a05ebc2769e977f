"""How much a key may send: a token bucket each, in memory, so that one key cannot starve the others."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


@dataclass
class Limiter:
    """Allows each key `per_minute` events, a minute's worth of them at once.

    A request is let in while anything is left, and then charged with what it holds: so a batch never has to
    be refused for being larger than the bucket, and who overdraws waits longer. Each process counts for itself.
    """

    per_minute: int
    monotonic: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def wait(self, key: str) -> float:
        """Give the seconds until the key may send again; 0 when it may now."""
        bucket = self._filled(key)
        return 0.0 if bucket.tokens > 0 else (1 - bucket.tokens) * 60 / self.per_minute

    def charge(self, key: str, events: int) -> None:
        self._filled(key).tokens -= events

    def _filled(self, key: str) -> _Bucket:
        now = self.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(float(self.per_minute), now))
        bucket.tokens = min(float(self.per_minute), bucket.tokens + (now - bucket.filled) * self.per_minute / 60)
        bucket.filled = now
        return bucket
