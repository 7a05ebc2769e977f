"""Renew the log: other topics, with other partitions or on another transport, for what comes from now on.

    nobody at work -> drained -> open dead letters aside -> new topics -> due times by the new partitions
                   -> dead letters in -> old topics away

Positions are moved by leaving them: a number goes on from the last one in any log, and an offset of another generation
than the log's means nothing to a service, so that it begins at the new log's beginning. Only what is kept by partition
has to be moved. Interrupted, it is called again; what was begun is noted in Redis, and while that mark is there no
service starts and no command writes (shared/renewing.py).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from kindling.renewing.drained import Lag, find_lags
from kindling.saved.plan import refuse_at_work
from shared.connections import Connections
from shared.dead_letters import DeadLetter, open_letters, outgoing
from shared.failures import Unavailable, Unprocessable, UnsafeSettings
from shared.log import Log
from shared.redis_store import RedisStore, away_is_unavailable
from shared.renewing import mark_of
from shared.service import ServiceName, TopicName
from shared.topics import partition_of

_MOST_NAMED = 20
_AT_ONCE = 500


class Stage(StrEnum):
    """How far it has come."""

    NONE = ""
    DRAINED = "drained"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Renewed:
    """What was made: `letters` were taken over, and so many communities have something due in it."""

    generation: str
    partitions: int
    communities: int
    letters: int


@dataclass
class Renewal:
    """The log that is there, and where the new one will be, which may be the same; the same store and prefix."""

    old: Connections
    new: Connections
    redis: Any
    partitions: int
    stores: dict[ServiceName, RedisStore] = field(init=False)

    def __post_init__(self) -> None:
        self.stores = {service: self.old.store(self.redis, service) for service in ServiceName}

    @property
    def _mark(self) -> str:
        return mark_of(self.old.prefix)

    @property
    def _aside(self) -> str:
        return f"{self.old.prefix}:renewing-letters"

    async def renew(self) -> Renewed:
        """Renew it.

        Raises:
            Unprocessable: a service is at work, or has not read everything, or the place is taken; the sentence says
                who, or what to do.
        """
        stage = await self._begun()
        await self._refuse_at_work()
        if stage is not Stage.MOVED:
            await self._drain(stage)
            await self._make(stage)
        moved = await self._move()
        async with _open(self.new) as log:
            letters = await self._bring_letters(log)
            renewed = Renewed(log.generation, log.partitions, moved, letters)
        if not self._same:
            await _delete(self.old)
        await self._end()
        return renewed

    async def _end(self) -> None:
        with away_is_unavailable():
            await self.redis.delete(self._mark, self._aside)

    @property
    def _same(self) -> bool:
        return self.old.log_url == self.new.log_url

    async def _begun(self) -> Stage:
        with away_is_unavailable():
            found = await self.redis.hgetall(self._mark)
        if not found:
            return Stage.NONE
        to, partitions = found[b"to"].decode(), int(found[b"partitions"])
        if (to, partitions) != (self.new.log_url, self.partitions):
            raise Unprocessable(
                f"another renewal was begun, to {partitions} partitions at {_shown(to)}: end that first, with these as "
                "--to and --partitions"
            )
        return Stage(found[b"stage"].decode())

    async def _refuse_at_work(self) -> None:
        """Refuse while a service is at work on either log, whether its topics are there or not."""
        for one in (self.old,) if self._same else (self.old, self.new):
            async with one.closing_log() as log:
                await refuse_at_work(log, "stop all services first, once nothing is left to read")

    def _note(self, pipe: Any, stage: Stage) -> None:
        values = {"to": self.new.log_url, "partitions": self.partitions, "stage": stage.value}
        pipe.hset(self._mark, mapping=values)

    async def _drain(self, stage: Stage) -> None:
        """Make sure that the old log is done with; where it is gone already, or is half made, this was done before."""
        try:
            async with _open(self.old) as log:
                if lags := await find_lags(log, self.stores):
                    raise Unprocessable(told(lags))
                letters = await open_letters(log)
        except (UnsafeSettings, Unavailable):
            if stage is Stage.NONE:
                raise
            return
        with away_is_unavailable():
            async with self.redis.pipeline(transaction=True) as pipe:
                for letter in letters:
                    pipe.rpush(self._aside, letter.model_dump_json())
                self._note(pipe, Stage.DRAINED)
                await pipe.execute()

    async def _make(self, stage: Stage) -> None:
        """Make the new topics; where that is refused before anything is deleted, the mark is taken back."""
        try:
            # Who had begun before the mark was there.
            await self._refuse_at_work()
            if not self._same:
                await self._create()
        except Unprocessable:
            if stage is Stage.NONE or not self._same:
                await self._end()
            raise
        if self._same:
            await _delete(self.old)
            await self._create()

    async def _create(self) -> None:
        async with self.new.closing_log() as log:
            await log.create(self.partitions)
            await log.start()
            written = [end for topic in TopicName for end in (await log.ends(topic)).values() if end > log.first]
            if written or log.partitions != self.partitions:
                raise Unprocessable(
                    f"there are topics already at {_shown(self.new.log_url)} under {self.new.prefix!r}, of "
                    f"{log.partitions} partitions and with records in {len(written)} of them: name another place, or "
                    "delete these"
                )

    async def _move(self) -> int:
        """Put what is due, which is kept by partition, where its community is now; and forget places of the old log."""
        found: dict[ServiceName, dict[str, float]] = {}
        gone: list[bytes] = []
        with away_is_unavailable():
            for service in ServiceName:
                store = self.stores[service]
                gone += [key async for key in self.redis.scan_iter(store.partition_key("*"), count=1000)]
                indexes = [key async for key in self.redis.scan_iter(store.due_key("*"), count=1000)]
                gone += indexes
                due = found.setdefault(service, {})
                for index in sorted(indexes):
                    for name, score in await self.redis.zrange(index, 0, -1, withscores=True):
                        due[name.decode()] = min(score, due.get(name.decode(), score))
            async with self.redis.pipeline(transaction=True) as pipe:
                if gone:
                    pipe.unlink(*gone)
                for service, due in found.items():
                    for community, score in sorted(due.items()):
                        partition = partition_of(community, self.partitions)
                        pipe.zadd(self.stores[service].due_key(partition), {community: score})
                self._note(pipe, Stage.MOVED)
                await pipe.execute()
        return len({community for due in found.values() for community in due})

    async def _bring_letters(self, log: Log) -> int:
        """Publish the dead letters that nobody has decided about; one that comes twice is one, by its id."""
        first, brought = 0, set()
        while True:
            with away_is_unavailable():
                bodies = await self.redis.lrange(self._aside, first, first + _AT_ONCE - 1)
            letters = [DeadLetter.model_validate_json(body) for body in bodies]
            if letters:
                await log.publish([outgoing(_in(log, letter), letter.community) for letter in letters])
            brought |= {letter.id for letter in letters}
            if len(bodies) < _AT_ONCE:
                return len(brought)
            first += _AT_ONCE


def _in(log: Log, letter: DeadLetter) -> DeadLetter:
    """Give a letter its partition in another log."""
    partition = (
        partition_of(letter.community, log.partitions) if letter.community else letter.partition % log.partitions
    )
    return letter.model_copy(update={"partition": partition})


def _shown(url: str) -> str:
    """Give an address without a login."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def told(lags: list[Lag]) -> str:
    """Say who has still to read what, and what to do."""
    named = "\n".join(f"  {lag}" for lag in lags[:_MOST_NAMED])
    more = f"\n  and {len(lags) - _MOST_NAMED} more" if len(lags) > _MOST_NAMED else ""
    return (
        f"not all is read yet:\n{named}{more}\nRun the services with KINDLING_INGEST__DRAINING=true until `kindling "
        "topics drained` says so. What stays is shown by `kindling doctor`: a gap, or a record of a newer version"
    )


@asynccontextmanager
async def _open(connections: Connections) -> AsyncIterator[Log]:
    async with connections.closing_log() as log:
        await log.start()
        yield log


async def _delete(connections: Connections) -> None:
    async with connections.closing_log() as log:
        await log.delete()
