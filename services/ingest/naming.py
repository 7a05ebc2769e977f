"""Name events by where they come from: ids derived from native ids, the same however often they come."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from shared.limits import ID_BYTES


@dataclass(frozen=True, slots=True)
class Origin:
    """Where events come from; what it names are the fields that every event of a community has."""

    community: str
    source: str

    def named(self, at: datetime, *parts: str) -> dict[str, Any]:
        """Name an event by native ids: the same ones are the same event."""
        return {"id": derived_id(*parts), "source": self.source, "at": at, "community": self.community}

    def stated(self, at: datetime, *parts: str, **facts: Any) -> dict[str, Any]:
        """Name an event by what it says and when besides, so that saying something else is another event."""
        content = to_json({"at": at, **facts})
        return {**self.named(at, *parts, hashlib.sha256(content).hexdigest()[:16]), **facts}


def derived_id(*parts: str) -> str:
    """Make an event's id from native ids: `post/123`; one that would be too long becomes its hash."""
    name = "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)
    return name if len(name.encode()) <= ID_BYTES else f"{parts[0]}/sha256/{hashlib.sha256(name.encode()).hexdigest()}"
