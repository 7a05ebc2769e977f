"""The mark that the log is being renewed: from its first step to its last nobody else may read or write a log.

Between them the topics may be gone, or new ones there while what is due, and the places, are still of the old ones.
"""

from typing import Any

from shared.failures import UnsafeSettings
from shared.redis_store import away_is_unavailable


def mark_of(prefix: str) -> str:
    """Give the key of the mark."""
    return f"{prefix}:renewing"


async def refuse_renewing(redis: Any, prefix: str) -> None:
    """Refuse to begin while a renewal is under way, or was interrupted.

    Raises:
        UnsafeSettings: one is; the sentence says how it comes to its end.
        Unavailable: Redis is away.
    """
    with away_is_unavailable():
        partitions = await redis.hget(mark_of(prefix), "partitions")
    if partitions is not None:
        raise UnsafeSettings(
            f"the log is being renewed, to {int(partitions)} partitions, or that was interrupted: call "
            "`kindling topics renew` again in the same way, with the settings from before it; nothing starts until it "
            "has ended"
        )
