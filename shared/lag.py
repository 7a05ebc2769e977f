"""How far behind a reader is, in seconds: since when the oldest record that it has not handled has been there."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Lag:
    """Remembers when each end of a partition's log was first seen; as exact as it is looked at often."""

    _seen: deque[tuple[int, datetime]] = field(default_factory=deque)

    def seconds(self, handled: int, end: int, now: datetime, before: datetime | None = None) -> float:
        """Give how long the record at `handled` has waited, where the log ends at `end` now.

        What is there at the first look was written since `before`, the last tick that was handled, if that is known.
        """
        if not self._seen and end > handled:
            self._seen.append((end, min(now, before) if before is not None else now))
        elif not self._seen or end > self._seen[-1][0]:
            self._seen.append((end, now))
        while self._seen and self._seen[0][0] <= handled:
            self._seen.popleft()
        return max((now - self._seen[0][1]).total_seconds(), 0.0) if self._seen and end > handled else 0.0
