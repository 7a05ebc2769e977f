"""What this login may do at Kafka, looked at before anything starts: what is missing then is a wrong setting."""

from collections.abc import Collection, Mapping
from typing import Any

from shared.failures import UnsafeSettings
from shared.kafka_describing import Right, describe, may_read_as

_GUIDE = "docs/operate.md lists the rights"


async def check_rights(admin: Any, user: str, needed: Mapping[Right, Collection[str]], groups: Collection[str]) -> None:
    """Look whether a login may do with topics what it needs, and read as a member of its groups.

    Raises:
        UnsafeSettings: it may not; the sentence says what, and where. A Kafka before 2.8 says nothing of topics.
    """
    found = await describe(admin._client, {name for names in needed.values() for name in names}) or {}
    lacks = [
        f"{right.name} {name}"
        for right, names in needed.items()
        for name in sorted(names)
        if name in found and not found[name].may(right)
    ]
    lacks += [f"{Right.READ.name} group {group}" for group in groups if not await may_read_as(admin, group)]
    if lacks:
        raise UnsafeSettings(
            f"Kafka lets KINDLING_KAFKA__USER {user!r} in, but these rights are missing: {', '.join(lacks)}; {_GUIDE}"
        )
