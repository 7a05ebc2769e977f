"""`kindling community delete`: nothing of a community is left in any service, and nothing of it comes back."""

import asyncio
import json
from contextlib import aclosing as closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kindling.commands.community_delete import stays
from kindling.deleting import left_files
from services.ingest.accept import Accepted, Door, Scope, accept
from services.nudge import documents as nudge
from services.recommend import documents as recommend
from services.recommend.stored_models import StoredModels
from services.recommend.stored_tries import StoredTries
from shared.clock import wall_clock
from shared.dead_letters import Cause, DeadLetter, decide, delete_letters, open_letters, outgoing
from shared.events import CommunityClosed, CommunityDeleted, CommunityEvent, CommunityOpened
from shared.kafka_log import KafkaLog
from shared.log import Log, Outgoing
from shared.service import ServiceName, TopicName
from shared.topics import partition_of
from shared.wire import Envelope, encode
from tests import nudging, recommending
from tests.archives import write
from tests.chain import chain
from tests.loop.counting import Counting
from tests.loop.harness import PARTITIONS, Place, post, running, until
from tests.loop.harness import outgoing as outgoing_event
from tests.nudging import Garden
from tests.test_commands import kindling, ready, up

LATER = nudging.START + nudging.hours(48)


def of(kind: type[CommunityEvent], at: datetime, community: str) -> CommunityEvent:
    return kind(id=f"{kind.__name__}/{at.isoformat()}", source="test", at=at, community=community)


# The rules


def busy() -> Garden:
    """Give a community with a nudge, a member's wish, and timers."""
    garden = Garden()
    question = nudging.post(nudging.START)
    garden.step(question, nudging.ranked(question, "helper", "champ"))
    garden.until(nudging.START + nudging.hours(20))
    return garden


def test_nudge_deletes_what_is_closed_and_nothing_else() -> None:
    """An open community loses nothing; a closed one all, timers too; what comes later means nothing to it."""
    garden = busy()
    before = garden.documents.take_changes().puts
    garden.step(nudging.make(CommunityDeleted, LATER))
    assert garden.documents.take_changes().drops == set()
    assert len(before) > 5
    garden.step(nudging.make(CommunityClosed, LATER), nudging.make(CommunityDeleted, LATER + nudging.hours(1)))
    changes = garden.documents.take_changes()
    assert changes.clears
    assert list(changes.puts) == [f"{nudge.COMMUNITY.name}/{nudge.THE_COMMUNITY}"]
    question = nudging.post(LATER + nudging.hours(2), "q")
    out = garden.step(*nudging.people(LATER), question, nudging.ranked(question, "helper"))
    assert out + garden.until(LATER + nudging.hours(400)) == []
    left = garden.documents.take_changes()
    assert (left.puts, left.drops) == ({}, set())


def test_what_is_opened_again_begins_anew_in_nudge() -> None:
    """An opening from before the deletion brings nothing back; a later one begins a community that knows nobody."""
    garden = busy()
    garden.step(nudging.make(CommunityClosed, LATER), nudging.make(CommunityDeleted, LATER + nudging.hours(1)))
    garden.step(nudging.make(CommunityOpened, LATER))
    assert garden.state.is_closed()
    garden.step(nudging.make(CommunityOpened, LATER + nudging.hours(2)))
    assert not garden.state.is_closed()
    assert not garden.documents.table(nudge.MEMBERS)
    garden.step(*nudging.people(LATER + nudging.hours(3)))
    assert garden.documents.table(nudge.MEMBERS)


def test_recommend_deletes_what_it_derived_too() -> None:
    """Nobody who was known before is ranked after, also without a restart; opened again, the index is a new one."""
    place = recommending.Place()
    place.see(
        recommending.channel(),
        *(recommending.joined(who) for who in ("ann", "ben", "cas")),
        recommending.post("p1", "ann", "segment the volume"),
        recommending.reply("r1", "p1", "ben"),
    )
    at = recommending.START + timedelta(days=2)
    place.see(recommending.made(CommunityDeleted, at))
    assert len(place.documents.table(recommend.MEMBERS)) == 3
    assert place.vectors.kept
    place.see(recommending.made(CommunityClosed, at), recommending.made(CommunityDeleted, at + recommending.HOUR))
    assert place.vectors.kept == set(), "vectors also leave the file that is kept outside the store"
    assert list(place.stored) == [f"{recommend.COMMUNITY.name}/{recommend.COMMUNITY_KEY}"]
    calls = len(place.vectors.calls)
    assert place.ranked(recommending.post("p2", "ann", "another volume", at + 2 * recommending.HOUR)) is None
    assert len(place.vectors.calls) == calls, "what means nothing is embedded"
    assert len(place.stored) == 1
    place.see(recommending.made(CommunityOpened, at + 3 * recommending.HOUR))
    new = [recommending.channel(), recommending.joined("eve")]
    place.see(*new, recommending.post("p3", "dan", "volume", at + 5 * recommending.HOUR))
    assert set(place.documents.table(recommend.POSTS)) == {"p3"}
    assert "ben" not in place.state.index.people.numbers
    last = recommending.post("p4", "fay", "volume", at + 6 * recommending.HOUR)
    again = place.open_again().ranked(last)
    assert again == place.ranked(last)


def test_no_key_deletes() -> None:
    """A community cannot be deleted through the front door, whatever the key may do."""
    event = of(CommunityDeleted, wall_clock(), "c")
    verdict = accept(encode(Envelope(event)), Door("c", frozenset(Scope), wall_clock()))
    assert not isinstance(verdict, Accepted)


# Real servers


async def held(place: Place, words: tuple[str, ...]) -> list[str]:
    """Name the keys under a prefix, of whatever kind, in which one of the words stands."""
    redis = place.redis()
    found = []
    try:
        async for key in redis.scan_iter(f"{place.prefix}*"):
            body = await _dump(redis, key)
            if any(word.encode() in body for word in words):
                found.append(key.decode())
    finally:
        await redis.aclose()
    return sorted(found)


async def _dump(redis: Any, key: bytes) -> bytes:
    kind = await redis.type(key)
    if kind == b"hash":
        return b" ".join(word for pair in (await redis.hgetall(key)).items() for word in pair)
    if kind == b"stream":
        return b" ".join(body for _, fields in await redis.xrange(key) for body in fields.values())
    if kind == b"list":
        return b" ".join(await redis.lrange(key, 0, -1))
    if kind == b"zset":
        return b" ".join(await redis.zrange(key, 0, -1))
    return await redis.get(key) or b""


async def test_nothing_is_left_on_real_servers_and_nothing_comes_back(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the services at work: no text, name or vector stays, another community keeps all, and it can begin anew.
    Until then no key is made for it.
    """
    monkeypatch.setenv("KINDLING_STORE", place.redis_url)
    monkeypatch.setenv("KINDLING_LOG", place.log_url)
    monkeypatch.setenv("KINDLING_PREFIX", place.prefix)
    async with chain(place) as services, closing(place.redis()) as redis:

        async def typed(*arguments: str, code: int = 0) -> str:
            # In a thread: the services are at work in this one.
            return await asyncio.to_thread(lambda: kindling(tmp_path, *arguments, code=code))

        async def settle() -> None:
            for name in (ServiceName.RECOMMEND, ServiceName.NUDGE, ServiceName.INGEST, ServiceName.RECOMMEND):
                await services[name].settle()

        first = services[ServiceName.RECOMMEND]
        now = datetime.now(UTC)
        await first.feed([of(CommunityOpened, now, "doomed"), *(post("doomed", n) for n in range(20))])
        await first.feed([post("spared", n) for n in range(20)])
        await settle()
        await typed("keys", "create", "doomed")
        await typed("keys", "create", "spared")
        await StoredModels(redis, place.prefix).put("doomed", "learned-1", b"anna")
        await redis.hset(f"{place.prefix}:nudge:{{doomed}}:guard:anna", "said/zone", "anna")
        spared = [await services[name].store.load("spared") for name in services]
        assert "is open" in await typed("community", "delete", "doomed", "--yes", code=2)
        await typed("community", "close", "doomed")
        await settle()
        told = tmp_path / "told.json"

        # Trained at this moment, it is not deleted: the training would put a model back.
        async with StoredTries(redis, place.prefix).alone("doomed"):
            assert "being trained" in await typed("community", "delete", "doomed", "--yes", code=2)
        shown = await typed("community", "delete", "doomed", "--yes", "--json", str(told))
        assert "doomed is deleted" in shown
        assert json.loads(told.read_text())["keys"] == 1
        await settle()
        # On Redis the log is among these keys: of `spared` alone there is something.
        assert await held(place, ('"doomed"', "{doomed}")) == []
        named = [key.decode() async for key in redis.scan_iter(f"{place.prefix}*doomed*")]
        assert set(named) <= {f"{place.prefix}:{name.value}:{{doomed}}:state" for name in ServiceName}
        for name in named:
            assert b"anna" not in await _dump(redis, name.encode())
            assert b"question" not in await _dump(redis, name.encode())
        assert [await services[name].store.load("spared") for name in services] == spared
        assert "is deleted" in await typed("keys", "create", "doomed", code=2)
        assert "doomed" not in await typed("keys", "list")
        # What a platform sends after it means nothing; again it says the same; opened, it begins anew.
        await first.feed([post("doomed", n) for n in range(30, 35)])
        await settle()
        stored = await first.store.load("doomed")
        assert len(stored.documents) == 1
        assert "doomed is deleted" in await typed("community", "delete", "doomed", "--yes")
        assert "deleted" in await typed("community", "status", "doomed")
        await typed("community", "open", "doomed")
        await settle()
        await typed("keys", "create", "doomed")
        await first.feed([post("doomed", n) for n in range(40, 45)])
        await settle()
        assert sum(name.startswith("post/") for name in (await first.store.load("doomed")).documents) == 5


def letter(community: str, number: int) -> DeadLetter:
    return DeadLetter(
        id=f"{community}-{number}", service=ServiceName.NUDGE, topic=TopicName.MATCHES,
        partition=partition_of(community, PARTITIONS), offset=number, community=community, cause=Cause.FAILED,
        reason="", frame="", attempts=1, died=nudging.START + timedelta(minutes=number), body="a secret",
    )  # fmt: skip


async def test_dead_letters_go_as_far_as_the_log_can_delete(place: Place) -> None:
    """Up to the first open letter of another community in its partition; what lies behind is counted, and goes later.
    Other communities' letters stay."""
    names = [str(number) for number in range(99) if partition_of(str(number), PARTITIONS) == 1]
    doomed, spared = names[:2]
    log: Log = place.log()
    await log.create(PARTITIONS)
    await log.start()
    try:
        mixed = [letter(doomed, 1), letter(doomed, 2), letter(spared, 3), letter(doomed, 4)]
        await log.publish([outgoing(one, one.community) for one in mixed])
        assert await delete_letters(log, doomed, wall_clock()) == 1
        assert [one.id for one in await open_letters(log)] == [f"{spared}-3"]
        bodies = [record.body async for record in log.scan(TopicName.DEAD_LETTERS)]
        assert not [body for body in bodies if f'"{doomed}-1"'.encode() in body and b"secret" in body]
        assert await delete_letters(log, spared, wall_clock()) == 0
        assert await delete_letters(log, doomed, wall_clock()) == 0
        assert [record async for record in log.scan(TopicName.DEAD_LETTERS)] == []
    finally:
        await log.stop()


def newer(one: DeadLetter) -> bytes:
    """Write a letter as a version does that knows more of it."""
    return json.dumps({**json.loads(one.model_dump_json()), "colour": "blue"}).encode()


async def test_letters_that_nobody_can_read_are_somebodys_too(place: Place) -> None:
    """A record that is wrong belongs to nobody, and yet names its community, or whoever wrote it did: it goes with it.
    A letter of a newer version goes with its own community, and not with another's.
    """
    doomed, spared = [name for name in map(str, range(99)) if partition_of(name, PARTITIONS) == 1][:2]
    async with running(place, Counting()) as run:
        log = run.log
        misled = outgoing_event(post(doomed, 1)).body
        await log.publish([Outgoing(TopicName.ACTIVITY, 2, doomed, body) for body in (b"rubbish of anna", misled)])
        await run.settle()
        (rubbish, strayed) = await open_letters(log)
        assert (rubbish.community, strayed.community) == ("", "")
        said = letter(doomed, 7).model_copy(update={"community": "", "body": f'{{"partitionkey": "{doomed}"}}'})
        await log.publish([outgoing(said)])
        await log.publish([Outgoing(TopicName.DEAD_LETTERS, 1, doomed, newer(letter(doomed, 8)))])
        # Redis keeps no keys, and its log has no writers but our own: what says nothing itself stays there.
        kept = [] if isinstance(log, KafkaLog) else [rubbish.id]
        assert await delete_letters(log, doomed, wall_clock()) == len(kept)
        assert [one.id for one in await open_letters(log)] == kept
        left = [record.body async for record in log.scan(TopicName.DEAD_LETTERS)]
        assert not [body for body in left if b"blue" in body or (said.id.encode() in body and b"letter" in body)]
        assert sum(b"rubbish" in body for body in left) == len(kept)
        # What lies behind that one goes once it is decided.
        await decide(log, [one for one in await open_letters(log) if one.id in kept], "dropped", wall_clock())
        assert await delete_letters(log, doomed, wall_clock()) == 0
        assert not [one async for one in log.scan(TopicName.DEAD_LETTERS) if b'"letter"' in one.body]
        await log.publish([Outgoing(TopicName.DEAD_LETTERS, 1, spared, newer(letter(spared, 9)))])
        await log.publish([outgoing(letter(doomed, 10), doomed)])
        assert await delete_letters(log, doomed, wall_clock()) == 1
        left = [record.body async for record in log.scan(TopicName.DEAD_LETTERS)]
        assert [body for body in left if b"blue" in body] == [newer(letter(spared, 9))]


def test_what_imports_of_before_left_is_named(tmp_path: Path) -> None:
    """Nobody can tell of which community those files are: the operator is told where they lie."""
    folder = tmp_path / "imports"
    assert left_files(tmp_path) == []
    (folder / "0123456789abcdef").mkdir(parents=True)
    (folder / "0123456789abcdef" / "champions.json").write_text("[]")
    old = folder / "fedcba9876543210.rejected.jsonl"
    old.write_text("a secret")
    assert left_files(tmp_path) == [old]
    assert str(old) in " ".join(stays(tmp_path))


async def test_an_operator_deletes_as_it_is_typed(tmp_path: Path) -> None:
    """It asks first; without services it says that it is not done yet, and with them it is; the imports' files go."""
    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        assert "there is no community" in kindling(tmp_path, "community", "delete", "garden", "--yes", code=2)
        kindling(tmp_path, "community", "open", "garden")
        kindling(tmp_path, "import", str(write(tmp_path / "garden.jsonl", 40)), "--community", "garden")
        kindling(tmp_path, "community", "close", "garden")
        told = tmp_path / "status.json"

        async def closed() -> bool:
            kindling(tmp_path, "community", "status", "garden", "--json", str(told))
            return json.loads(told.read_text())["closed"] is True

        await until(closed, 60)
    assert "Delete it?" in kindling(tmp_path, "community", "delete", "garden", code=1)  # nobody answers
    assert list((tmp_path / "imports").iterdir())
    early = kindling(tmp_path, "community", "delete", "garden", "--yes", "--wait", "0", code=1)
    assert "not deleted yet" in early
    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        shown = kindling(tmp_path, "community", "delete", "garden", "--yes")
        assert "garden is deleted" in shown
        assert "Backups hold what they held" in shown
        again = kindling(tmp_path, "import", str(tmp_path / "garden.jsonl"), "--community", "garden", code=2)
        assert "was deleted: `kindling community open garden`" in again
    assert not list((tmp_path / "imports").iterdir())
