"""The guard: what people pressed holds back at once what the inbox shows, before it has come through the chain.

It can only hold back, never show or send; it forgets by itself.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import quote

from pydantic import TypeAdapter
from redis.asyncio import Redis

from services.nudge.documents import Member, Nudge
from services.nudge.settings import NudgeSettings
from shared.events import Answer
from shared.redis_store import away_is_unavailable
from shared.stamps import Stamp

_NEVER: Final = "never"
_STAMPS: Final = TypeAdapter(Stamp)


@dataclass(frozen=True, slots=True)
class Held:
    """What a member pressed lately: the stamp of `never`, and of the last answer to each nudge."""

    never: Stamp | None = None
    nudges: dict[str, Stamp] = field(default_factory=dict)

    def holds(self, nudge_id: str, nudge: Nudge, member: Member | None) -> bool:
        """Say whether a press that has not come through yet holds the nudge back."""
        pressed = self.nudges.get(nudge_id)
        if pressed is not None and (nudge.answered is None or nudge.answered < pressed):
            return True
        heard = member.stamps.get("without") if member else None
        return self.never is not None and (heard is None or heard < self.never)


class Guard:
    """Keeps the presses of each member in Redis. Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, prefix: str, settings: NudgeSettings) -> None:
        self._redis = redis
        self._prefix = prefix
        self._for = timedelta(hours=settings.guard_hours)

    async def hold(self, community: str, member: str, nudge: str, answer: Answer, stamp: Stamp) -> None:
        """Note a press that ingest has accepted."""
        key = self._key(community, member)
        names = [f"nudge/{nudge}"] + ([_NEVER] if answer is Answer.NEVER else [])
        with away_is_unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(key, mapping=dict.fromkeys(names, _STAMPS.dump_json(stamp)))
                pipe.expire(key, self._for)
                await pipe.execute()

    async def held(self, community: str, member: str) -> Held:
        """Give what a member pressed lately."""
        with away_is_unavailable():
            found = await cast("Awaitable[dict[bytes, Any]]", self._redis.hgetall(self._key(community, member)))
        stamps = {name.decode(): _STAMPS.validate_json(body) for name, body in found.items()}
        never = stamps.pop(_NEVER, None)
        return Held(never, {name.removeprefix("nudge/"): stamp for name, stamp in stamps.items()})

    def _key(self, community: str, member: str) -> str:
        return f"{self._prefix}:nudge:{{{quote(community, safe='')}}}:guard:{quote(member, safe='')}"
