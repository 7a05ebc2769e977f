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

from services.nudge.absence import is_away
from services.nudge.documents import MEMBERS, WISHES, Member, Nudge, NudgeState, Wishes
from services.nudge.follow import said_of_person, told_by
from services.nudge.settings import NudgeSettings
from services.nudge.wishes import wish_of, with_wishes
from shared.events import MatchDeclined, NudgeAnswered, PreferencesChanged, TopicDeclined
from shared.redis_store import away_is_unavailable, hash_tag
from shared.stamps import Stamp, stamp_of

_NUDGE: Final = "nudge/"
_SAID: Final = "said/"
_WISH: Final = "wish/"
_STAMPS: Final = TypeAdapter(Stamp)


Pressed = NudgeAnswered | PreferencesChanged | TopicDeclined | MatchDeclined


@dataclass(frozen=True, slots=True)
class Held:
    """What a member pressed lately: the stamp of the last answer to each nudge, and what they said of themselves.

    `said` are members of whom only one thing is known each, with its stamp, and `wishes` such wishes.
    """

    nudges: dict[str, Stamp] = field(default_factory=dict)
    said: tuple[Member, ...] = ()
    wishes: tuple[Wishes, ...] = ()

    def pressed(self, member: Member) -> Member:
        """Give a member as they will be once all that they pressed has come through."""
        for said in self.said:
            member = told_by(member, said)
        return member

    def wished(self, wishes: Wishes, member: Member | None) -> Wishes:
        """Give what a member wishes once all that they pressed has come through."""
        for wish in self.wishes:
            wishes = with_wishes(wishes, wish, member.gone if member else None)
        return wishes

    def holds(self, nudge_id: str, nudge: Nudge, member: Member | None) -> bool:
        """Say whether a press that has not come through yet holds the nudge back."""
        answered = self.nudges.get(nudge_id)
        if answered is not None and (nudge.answered is None or nudge.answered < answered):
            return True
        heard = member or Member()
        pressed = self.pressed(heard)
        if pressed.stamps.get("without") != heard.stamps.get("without") and nudge.kind in pressed.without:
            return True
        if pressed.consent is False and heard.consent is not False:
            return True
        away = pressed.stamps.get("absences")
        if away is not None and away != heard.stamps.get("absences") and is_away(pressed, away.at):
            return True
        paused = pressed.stamps.get("paused_until")
        if paused is None or paused == heard.stamps.get("paused_until") or nudge.state is not NudgeState.OPEN:
            return False
        return pressed.paused_until is not None and paused.at < pressed.paused_until


def _fields(event: Pressed) -> dict[str, bytes]:
    """Give what is noted of a press, each under its name: of two presses of the same thing the later one stays."""
    match event:
        case TopicDeclined():
            return {f"{_WISH}topic/{event.post}": WISHES.dump(wish_of(event))}
        case MatchDeclined():
            return {f"{_WISH}person/{event.other}": WISHES.dump(wish_of(event))}
    fields = {_SAID + name: MEMBERS.dump(said) for name, said in said_of_person(event).items()}
    if isinstance(event, NudgeAnswered):
        fields[_NUDGE + event.nudge] = _STAMPS.dump_json(stamp_of(event))
    return fields


class Guard:
    """Keeps the presses of each member in Redis. Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, prefix: str, settings: NudgeSettings) -> None:
        self._redis = redis
        self._prefix = prefix
        self._for = timedelta(hours=settings.guard_hours)

    async def hold(self, event: Pressed) -> None:
        """Note a press that ingest has accepted."""
        key, fields = self._key(event.community, event.member), _fields(event)
        if not fields:
            return
        with away_is_unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(key, mapping=cast("dict[Any, Any]", fields))
                pipe.expire(key, self._for)
                await pipe.execute()

    async def held(self, community: str, member: str) -> Held:
        """Give what a member pressed lately."""
        with away_is_unavailable():
            found = await cast("Awaitable[dict[bytes, bytes]]", self._redis.hgetall(self._key(community, member)))
        fields = {name.decode(): body for name, body in sorted(found.items())}
        return Held(
            {n.removeprefix(_NUDGE): _STAMPS.validate_json(body) for n, body in fields.items() if n.startswith(_NUDGE)},
            tuple(MEMBERS.load(body) for n, body in fields.items() if n.startswith(_SAID)),
            tuple(WISHES.load(body) for n, body in fields.items() if n.startswith(_WISH)),
        )

    def _key(self, community: str, member: str) -> str:
        return f"{self._prefix}:nudge:{hash_tag(community)}:guard:{quote(member, safe='')}"
