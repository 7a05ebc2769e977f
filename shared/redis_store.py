"""The store on one Redis server, which may have replicas.

All keys of a community share its hash tag, so that one write will be atomic in a cluster too; the rest of what a
cluster needs (a client for it, and a run id for each node) is not here yet.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import floor
from typing import Any, TypeVar, cast
from urllib.parse import quote, unquote

import redis.exceptions as errors
from redis.asyncio import Redis

from shared.failures import Unavailable, UnsafeSettings
from shared.service import ServiceName
from shared.state import Table
from shared.store import Move, Position, Stored, Watermark, Write, load_position

T = TypeVar("T")

# Everything of one step, or nothing: state, position and the records to publish, in one command on one hash.
# Several commands would be one too (a script's effects are logged as a transaction), but Redis 7.0 leaves a
# transaction open whose logging the power cut short, and loses at its next start all that came after it.
_WRITE = """
if (redis.call('HGET', KEYS[1], '#position') or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '1' then redis.call('UNLINK', KEYS[1]) end
local at = 3
while at <= #ARGV do  -- Lua passes some 8,000 words at once: more than one command only for very large steps
  redis.call('HSET', KEYS[1], unpack(ARGV, at, math.min(at + 6999, #ARGV)))
  at = at + 7000
end
return 1
"""

# A dropped document is empty first, in the write, and taken out after it.
_SWEEP = """
local gone = {}
for _, name in ipairs(ARGV) do
  if redis.call('HGET', KEYS[1], name) == '' then gone[#gone + 1] = name end
end
if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
return #gone
"""
_SWEPT_AT_ONCE = 5000
# Fields of a state's hash beside its documents.
POSITION = "#position"
OUTBOX = "#outbox/"

# A server's run id is new at each start. Asked in the same step, so that no restart comes between.
_SERVER = "return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')"
_SAVE_WATERMARK = """
if string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return 1
"""

# Only what the mover knows: a replica that wakes up late must not hide what its successor has set.
_MOVE_DUE = """
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) ~= tonumber(ARGV[2]) then return 0 end
if ARGV[3] == '' then return redis.call('ZREM', KEYS[1], ARGV[1]) end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 1
"""

# Looked through where it is: of a large community only what names one person has to travel.
_NAMING = """
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local fields, kept = found[2], {}
for at = 1, #fields, 2 do
  for word = 3, #ARGV do
    if string.find(fields[at], ARGV[word], 1, true) or string.find(fields[at + 1], ARGV[word], 1, true) then
      kept[#kept + 1] = fields[at]
      kept[#kept + 1] = fields[at + 1]
      break
    end
  end
end
return {found[1], kept}
"""
_LOOKED_AT_ONCE = 500

_AWAY = (
    errors.ConnectionError,
    errors.TimeoutError,
    errors.BusyLoadingError,
    errors.ReadOnlyError,
    errors.OutOfMemoryError,
    errors.ClusterDownError,
    OSError,
)


# Refusals without a type of their own: the disk is full or cannot be written, replicas are missing, a script is slow.
# The others here are for Redis 6, which wraps what a script was refused in an error of its own.
_REFUSES = frozenset({"MISCONF", "NOREPLICAS", "BUSY", "OOM", "READONLY", "MASTERDOWN", "LOADING", "CLUSTERDOWN"})
_CODE = re.compile(r"(?:^|: -)([A-Z]+) ")
# redis-py quotes a pipeline's command, which names communities and holds what people wrote.
_QUOTED = re.compile(r"^Command # \d+ \(.*\) of pipeline caused error: \(['\"]", re.DOTALL)


@contextmanager
def away_is_unavailable() -> Iterator[None]:
    """Turn what Redis raises while it is away, loading, full or failing over into Unavailable.

    What is raised quotes no command: it ends in logs, and in the answers of doors.
    """
    try:
        yield
    except (*_AWAY, errors.ResponseError) as error:
        _unquote(error)
        if isinstance(error, _AWAY) or _code(error) in _REFUSES:
            raise Unavailable(_said(error)) from error
        raise


def hash_tag(community: str) -> str:
    """Give what stands in the names of all keys of a community, so that they are in one slot of a cluster."""
    return f"{{{quote(community, safe='')}}}"


def _unquote(error: Exception) -> None:
    error.args = tuple(_QUOTED.sub("", x) if isinstance(x, str) else x for x in error.args)


def _said(error: Exception) -> str:
    if isinstance(error, errors.ResponseError | errors.BusyLoadingError):
        return f"Redis: {type(error).__name__} {_code(error)}".rstrip()
    return f"Redis: {type(error).__name__} {error}"  # where it cannot be reached, and why


def _code(error: Exception) -> str:
    found = _CODE.search(str(error))
    return found[1] if found else ""


async def check_durable(redis: Redis) -> None:
    """Refuse a Redis that forgets, or is a cluster: it must be one server, append to a file and never evict.

    Raises:
        UnsafeSettings: a setting of the server is unsafe, or it refuses the login; the sentence names the setting.
    """
    with away_is_unavailable():
        try:
            cluster = await redis.info("cluster")
        except errors.AuthenticationError as error:
            raise UnsafeSettings(
                "Redis refuses the login: KINDLING_STORE_PASSWORD is missing, or its password is another one"
            ) from error
        config = {**await redis.config_get("appendonly"), **await redis.config_get("maxmemory-policy")}
    if cluster.get("cluster_enabled"):
        raise UnsafeSettings("Redis is a cluster: this version keeps its state on one server, which may have replicas")
    found = {_text(k): _text(v) for k, v in config.items()}
    if found.get("appendonly") != "yes":
        raise UnsafeSettings("Redis has appendonly off: state would be lost at a restart; set `appendonly yes`")
    if found.get("maxmemory-policy") != "noeviction":
        raise UnsafeSettings("Redis may evict state: set `maxmemory-policy noeviction`")


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


async def _now(result: Any) -> Any:
    """Await a command; redis-py types the answers of its commands too widely to be of use."""
    with away_is_unavailable():
        return await result


class RedisStore:
    """Implements shared.store.Store, and shared.reading.StateReader for the doors."""

    def __init__(self, redis: Redis, prefix: str, service: ServiceName) -> None:
        self._redis = redis
        self._base = f"{prefix}:{service.value}"

    def key(self, community: str) -> str:
        """Give a community's key; the braces are its hash tag."""
        return f"{self._base}:{hash_tag(community)}:state"

    async def load(self, community: str) -> Stored:
        key = self.key(community)
        with away_is_unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.eval(_SERVER, 1, key)
                pipe.hgetall(key)
                server, found = await pipe.execute()
            fields = {name.decode(): body for name, body in found.items()}
            await self._sweep({key: [name for name, body in fields.items() if not body]})
        raw = fields.pop(POSITION, b"")
        outbox = {int(n.removeprefix(OUTBOX)): fields.pop(n) for n in list(fields) if n.startswith(OUTBOX)}
        documents = {name: body for name, body in fields.items() if body}
        return Stored(raw, load_position(raw) if raw else None, documents, sorted(outbox.items()), _text(server))

    async def read(self, community: str) -> int:
        position = await self.position(community)
        return position.read if position is not None else 0

    async def position(self, community: str) -> Position | None:
        """Give where a community stands, without its documents."""
        raw = await _now(self._redis.hget(self.key(community), POSITION))
        return load_position(raw) if raw else None

    async def write(self, writes: Sequence[Write]) -> list[bool]:
        with away_is_unavailable():
            async with self._redis.pipeline(transaction=False) as pipe:
                for write in writes:
                    pipe.eval(_WRITE, 1, self.key(write.community), write.expected, *_words(write))
                done = [bool(answer) for answer in await pipe.execute()]
            await self._sweep({self.key(write.community): list(write.changes.drops) for write in writes})
        return done

    async def _sweep(self, dropped: Mapping[str, Sequence[str]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for key, names in dropped.items():
                for first in range(0, len(names), _SWEPT_AT_ONCE):
                    pipe.eval(_SWEEP, 1, key, *names[first : first + _SWEPT_AT_ONCE])
            await pipe.execute()

    async def trim(self, published: Mapping[str, Sequence[int]]) -> None:
        with away_is_unavailable():
            async with self._redis.pipeline(transaction=False) as pipe:
                for community, numbers in published.items():
                    pipe.hdel(self.key(community), *(f"{OUTBOX}{number}" for number in numbers))
                await pipe.execute()

    async def watermark(self, partition: int) -> Watermark | None:
        found = await _now(self._redis.hgetall(self.partition_key(partition)))
        if not found:
            return None
        clock = found.get(b"clock")
        return Watermark(
            found[b"generation"].decode(),
            int(found[b"handled"]),
            int(found[b"resume"]),
            datetime.fromisoformat(clock.decode()) if clock else None,
            _topic_id(found.get(b"topic", b"")),
        )

    async def server(self, partition: int) -> str:
        return _text(await _now(self._redis.eval(_SERVER, 1, self.partition_key(partition))))

    async def save_watermark(self, partition: int, watermark: Watermark, server: str) -> bool:
        values = {
            "generation": watermark.generation,
            "handled": watermark.handled,
            "resume": watermark.resume,
            "clock": watermark.clock.isoformat() if watermark.clock else "",
            "topic": watermark.topic,
        }
        arguments: list[Any] = [word for pair in values.items() for word in pair]
        return bool(await _now(self._redis.eval(_SAVE_WATERMARK, 1, self.partition_key(partition), server, *arguments)))

    async def due(self, partition: int) -> dict[str, datetime]:
        found = await _now(self._redis.zrange(self.due_key(partition), 0, -1, withscores=True))
        return {name.decode(): datetime.fromtimestamp(score, UTC) for name, score in found}

    async def save_due(self, partition: int, due: Iterable[tuple[str, datetime]]) -> None:
        scores = {community: _score(at) for community, at in due}
        await _now(self._redis.zadd(self.due_key(partition), cast("Any", scores), lt=True))

    async def move_due(self, partition: int, moves: Iterable[Move]) -> None:
        key = self.due_key(partition)
        with away_is_unavailable():
            async with self._redis.pipeline(transaction=False) as pipe:
                for move in moves:
                    now = "" if move.now is None else repr(_score(move.now))
                    pipe.eval(_MOVE_DUE, 1, key, move.community, repr(_score(move.was)), now)
                await pipe.execute()

    def partition_key(self, partition: int | str) -> str:
        """Name the key of a partition's progress; of all of them, as a pattern, for "*"."""
        return f"{self._base}:partition:{partition}"

    def due_key(self, partition: int | str) -> str:
        """Name the key of what is due in a partition; of all of them, as a pattern, for "*"."""
        return f"{self._base}:due:{partition}"

    # What doors read

    async def communities(self) -> list[str]:
        """Name the communities of which there is a state, in order."""
        before, after = f"{self._base}:{{", "}:state"
        with away_is_unavailable():
            found = [_text(key) async for key in self._redis.scan_iter(f"{before}*{after}", count=1000)]
        return sorted({unquote(key.removeprefix(before).removesuffix(after)) for key in found})

    async def get(self, community: str, table: Table[T], key: str) -> T | None:
        body = await _now(self._redis.hget(self.key(community), f"{table.name}/{key}"))
        return table.load(body) if body else None

    async def get_many(self, community: str, table: Table[T], keys: Sequence[str]) -> list[T | None]:
        if not keys:
            return []
        bodies = await _now(self._redis.hmget(self.key(community), [f"{table.name}/{key}" for key in keys]))
        return [table.load(body) if body else None for body in bodies]

    async def naming(self, community: str, words: Sequence[bytes]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        cursor: bytes | str = "0"
        while True:
            answer = self._redis.eval(_NAMING, 1, self.key(community), cursor, _LOOKED_AT_ONCE, *cast("Any", words))
            cursor, fields = await _now(answer)
            pairs = zip(fields[::2], fields[1::2], strict=True)
            # What is marked is the loop's own; what is empty is about to go.
            found |= {name.decode(): body for name, body in pairs if body and not name.startswith(b"#")}
            if _text(cursor) == "0":
                return found

    async def known(self, community: str) -> bool:
        return bool(await _now(self._redis.hexists(self.key(community), POSITION)))


def _words(write: Write) -> Iterator[bytes | str]:
    # What stands in the outbox then is published: the loop writes again only after it was.
    yield "1" if write.changes.clears else "0"
    for name, body in write.changes.puts.items():
        yield name
        yield body
    for name in write.changes.drops:
        yield name
        yield b""
    for number, body in write.outbox:
        yield f"{OUTBOX}{number}"
        yield body
    yield POSITION
    yield write.position


def _score(due: datetime) -> float:
    # Whole milliseconds, rounded down: early is harmless, late is not.
    return floor(due.timestamp() * 1000) / 1000


def _topic_id(noted: bytes) -> str:
    """Read a topic's id; what Kafka gives where there is none, all zeros, was noted as one once."""
    return noted.decode() if noted.strip(b"0") else ""
