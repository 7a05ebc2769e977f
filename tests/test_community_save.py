"""`kindling community save` and `restore`: one community, moved or put back, on both transports."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kindling.saved import restore as restoring
from kindling.saved.file import Head, entries, read_head, writing
from kindling.saved.keys import ASIDE_SECONDS, STATE, Keys, Name
from kindling.saved.plan import How
from services.nudge import documents as nudge
from shared.events import (
    CommunityClosed,
    CommunityDeleted,
    CommunityOpened,
    MemberForgotten,
    MemberJoined,
    Mode,
    PostPublished,
)
from shared.failures import Unprocessable
from shared.service import ServiceName
from shared.state import Documents
from shared.topics import partition_of
from tests.archives import START
from tests.conftest import Kafka
from tests.loop.harness import PARTITIONS, Place
from tests.saving import (
    HOUR,
    MINUTE,
    chain,
    garden,
    happen,
    kept,
    live,
    made,
    make_topics,
    restore,
    save,
    settle,
    steps,
)
from tests.servers import RedisServer
from tests.test_commands import kindling

C = "garden"


@pytest.fixture
def here(redis_url: str, prefix: str) -> Place:
    return Place(redis_url, redis_url, prefix)


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, place: Place) -> Place:
    """Another deployment: on the other transport, with other topics and keys."""
    if place.log_url != place.redis_url:
        return Place(place.redis_url, place.redis_url, f"{place.prefix}-new")
    kafka: Kafka = request.getfixturevalue("kafka")
    return Place(f"kafka://{kafka.address}", place.redis_url, f"{place.prefix}-new")


def numbers(documents: dict[str, dict[str, bytes]]) -> tuple[int, int]:
    """Count the nudges, and those of them that are open."""
    found = Documents(documents["nudge"]).table(nudge.NUDGES).values()
    return len(found), sum(one.state is nudge.NudgeState.OPEN for one in found)


async def test_reading_on_gives_what_would_have_been(place: Place, tmp_path: Path) -> None:
    """Saved while the services work, put back later: after the log since was read again all is as if nothing had
    been, to the byte, and it goes on so."""
    pieces = steps(garden(18, C))
    file = tmp_path / "garden.kindling"
    async with chain(place) as services:
        await live(services, pieces[:3])
        await save(place, C, file, pieces[3][0].at)
        await live(services, pieces[3:5])
    before = await kept(place, C)
    assert numbers(before)[0] > 3
    restored = await restore(place, file, pieces[5][0].at, over=True)
    assert restored.how is How.READING_ON
    assert restored.again > sum(map(len, pieces[3:5]))
    assert await kept(place, C) != before
    async with chain(place) as services:
        await settle(services)
        assert await kept(place, C) == before
        await live(services, pieces[5:])
    calm = Place(place.redis_url, place.redis_url, f"{place.prefix}-calm")
    async with chain(calm) as services:
        await live(services, pieces)
    assert await kept(place, C) == await kept(calm, C)


async def test_a_service_that_is_started_meanwhile_is_noticed(
    here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading on: started while the file was read, nothing is done; started before the community was in its place, what
    came since may be passed by, and it says so. Called again, all is as if nothing had been."""
    pieces = steps(garden(9, C))
    file = tmp_path / "garden.kindling"
    async with chain(here) as services:
        await live(services, pieces[:2])
        await save(here, C, file, pieces[2][0].at)
        await live(services, pieces[2:])
    before = await kept(here, C)
    fill, go_back = restoring._Staging.fill, restoring.Restoring._go_back
    async with AsyncExitStack() as started:

        async def fill_and_start(self: restoring._Staging) -> None:
            await fill(self)
            await started.enter_async_context(chain(here, ServiceName.NUDGE))

        with monkeypatch.context() as patched:
            patched.setattr(restoring._Staging, "fill", fill_and_start)
            with pytest.raises(Unprocessable, match=r"^nudge run: to read again"):
                await restore(here, file, pieces[-1][-1].at, over=True)
    assert await kept(here, C) == before

    async def go_back_and_run(self: restoring.Restoring, head: Head) -> dict[ServiceName, int]:
        places = await go_back(self, head)
        async with chain(here) as services:
            await settle(services)
        store, partition = self.stores[ServiceName.NUDGE], partition_of(C, PARTITIONS)
        mark = await store.watermark(partition)
        assert mark is not None
        # As some seconds later: where it reads again from trails.
        await store.save_watermark(partition, replace(mark, resume=mark.handled), await store.server(partition))
        return places

    with monkeypatch.context() as patched:
        patched.setattr(restoring.Restoring, "_go_back", go_back_and_run)
        with pytest.raises(Unprocessable, match="was started meanwhile and has passed by"):
            await restore(here, file, pieces[-1][-1].at, over=True)
    assert (await restore(here, file, pieces[-1][-1].at, over=True)).how is How.READING_ON
    async with chain(here) as services:
        await settle(services)
        assert await kept(here, C) == before


async def test_it_moves_with_what_is_on_its_way(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    """Closed, saved while records were between all services, and opened on the other transport with other partitions:
    nothing is lost, nothing is there twice, and it goes on as if it had not moved."""
    pieces = steps(garden(18, C))
    closed = made(CommunityClosed, pieces[2][-1].at + MINUTE, C, "closed")
    opened = made(CommunityOpened, pieces[3][-1].at + MINUTE, C, "opened", mode=Mode.AUTOPILOT, asks_consent=False)
    read, unread = pieces[3][:3], pieces[3][3:]
    file = tmp_path / "garden.kindling"
    async with chain(place) as services:
        await live(services, [*pieces[:3], [closed]])
    async with chain(place, ServiceName.RECOMMEND) as services:
        recommend = services[ServiceName.RECOMMEND]
        await happen(recommend, read)
        await settle(services)
        await recommend.processor.stop()
        await happen(recommend, unread)
    saved = await save(place, C, file, unread[-1].at)
    assert saved.closed
    assert saved.records >= len(read) + len(unread)
    await make_topics(elsewhere, 6)
    async with chain(elsewhere) as services:
        restored = await restore(elsewhere, file, closed.at)
        assert (restored.how, restored.records, restored.full) == (How.AS_SAVED, saved.records, None)
        await settle(services)
        await live(services, [[opened], *pieces[4:]])
        assert [run.processor.status.stopped for run in services.values()] == [{}, {}, {}]
    calm = Place(place.redis_url, place.redis_url, f"{place.prefix}-calm")
    async with chain(calm) as services:
        await live(services, [*pieces[:3], [closed], read, unread, [opened], *pieces[4:]])
    assert await kept(elsewhere, C) == await kept(calm, C)


async def test_what_was_deleted_comes_back_closed_and_asks_nobody_twice(here: Place, tmp_path: Path) -> None:
    """Reading on would delete it again, and is refused; as it was saved, while the services work, nobody is asked about
    what was open then, who was forgotten since stays so, and the services' numbers fit."""
    pieces = steps(garden(18, C))
    file = tmp_path / "garden.kindling"
    end = pieces[3][-1].at
    gone = made(MemberForgotten, end + MINUTE, C, "gone", member="bees0")
    closed, deleted = made(CommunityClosed, end + HOUR, C, "x"), made(CommunityDeleted, end + 2 * HOUR, C, "x")
    opened = made(CommunityOpened, end + 5 * HOUR, C, "again", mode=Mode.AUTOPILOT, asks_consent=False)
    async with chain(here) as services:
        await live(services, pieces[:3])
        await happen(services[ServiceName.RECOMMEND], pieces[3])
        assert not (await save(here, C, file, end)).closed
        await settle(services)
        asked = {name for name in (await kept(here, C))["nudge"] if name.startswith("nudge/")}
        with pytest.raises(Unprocessable, match="--replace"):
            await restore(here, file, end)
        with pytest.raises(Unprocessable, match="ingest, recommend, nudge run"):
            await restore(here, file, end, over=True)
        await live(services, [[gone], [closed], [deleted]])
    with pytest.raises(Unprocessable, match="would delete it again"):
        await restore(here, file, deleted.at)
    async with chain(here) as services:
        restored = await restore(here, file, deleted.at + HOUR, as_saved=True)
        assert restored.full == end + timedelta(days=7)
        await settle(services)
        back = await kept(here, C)
        assert numbers(back)[0] > 0
        assert numbers(back)[1] == 0, "a nudge is open in a closed community"
        told = Documents(back["nudge"]).get(nudge.COMMUNITY, nudge.THE_COMMUNITY)
        assert told is not None
        assert told.closed
        assert "member/bees0" not in back["nudge"].keys() | back["recommend"].keys()
        for event in (event for piece in pieces[:4] for event in piece if isinstance(event, PostPublished)):
            assert f"post/{event.message}" in back["recommend"]
        await live(services, [[opened], *pieces[5:]])
        positions = {name: (await run.store.load(C)).position for name, run in services.items()}
        assert [run.processor.status.stopped for run in services.values()] == [{}, {}, {}]
    after = {name for name in (await kept(here, C))["nudge"] if name.startswith("nudge/")}
    assert after - back["nudge"].keys(), "nobody is asked again after it was opened"
    assert not (after - back["nudge"].keys()) & asked, "somebody is asked again for the same thing"
    for writer, reader in ((ServiceName.RECOMMEND, ServiceName.NUDGE), (ServiceName.NUDGE, ServiceName.INGEST)):
        written, read = positions[writer], positions[reader]
        assert written is not None
        assert read is not None
        assert written.emitted == read.read


async def test_who_was_forgotten_stays_so_where_the_log_tells_no_more(here: Place, tmp_path: Path) -> None:
    """The log of the time since is gone: as saved, in the place of a state that knows, those whom the file names are
    forgotten again, and both services still know of all of them; where no state knows either, it says so."""
    pieces = steps(garden(12, C))
    file, bare = tmp_path / "garden.kindling", tmp_path / "bare.kindling"
    end = pieces[2][-1].at
    joined = made(MemberJoined, end + MINUTE, C, "late", member="late")
    gone = [made(MemberForgotten, end + HOUR, C, name, member=name) for name in ("bees0", "late")]
    async with chain(here) as services:
        await live(services, pieces[:2])
        await happen(services[ServiceName.RECOMMEND], pieces[2])
        await save(here, C, file, end)
        await live(services, [[joined], gone])
    redis, known = here.redis(), await kept(here, C)
    forgotten = {name: {key for key in known[name] if key.startswith("forgotten/")} for name in known}
    assert [len(hashes) for hashes in forgotten.values()] == [2, 2]
    try:
        partition = partition_of(C, PARTITIONS)
        await redis.xtrim(f"{here.prefix}.activity:{partition}", maxlen=0, approximate=False)
        restored = await restore(here, file, end + 2 * HOUR, as_saved=True, over=True)
        assert (restored.forgotten, restored.unsure) == (1, False)
        async with chain(here) as services:
            await settle(services)
        back = await kept(here, C)
        assert back["recommend"].keys() >= {"member/compost0"}, "nothing came back"
        for name, documents in back.items():
            assert {key for key in documents if key.startswith("forgotten/")} == forgotten[name]
            assert not [key for key, body in documents.items() if "bees0" in key or b'"bees0"' in body]
        # What it is now is saved and restored once more: it knows itself whom it has forgotten.
        await save(here, C, bare, end + 3 * HOUR)
        again = await restore(here, bare, end + 3 * HOUR, as_saved=True, over=True)
        assert (again.forgotten, again.unsure) == (0, False)
        await redis.xtrim(f"{here.prefix}.activity:{partition}", maxlen=0, approximate=False)
        await redis.unlink(*[key async for key in redis.scan_iter(f"{here.prefix}:*:{{{C}}}:*")])
        assert (await restore(here, file, end + 4 * HOUR, as_saved=True)).unsure
    finally:
        await redis.aclose()


async def test_what_an_old_log_holds_is_not_taken_for_new(here: Place, tmp_path: Path) -> None:
    """Nudge was stopped with records of before in its topic: as saved, none of them is read as one of after."""
    pieces = steps(garden(9, C))
    file = tmp_path / "garden.kindling"
    async with chain(here) as services:
        await live(services, pieces[:2])
        await save(here, C, file, pieces[1][-1].at)
    async with chain(here, ServiceName.RECOMMEND) as services:
        await live(services, [pieces[2]])
    await restore(here, file, pieces[2][-1].at, as_saved=True, over=True)
    async with chain(here) as services:
        await settle(services)
        back = await kept(here, C)
        assert [run.processor.status.stopped for run in services.values()] == [{}, {}, {}]
    for event in (event for event in pieces[2] if isinstance(event, PostPublished)):
        assert f"post/{event.message}" not in back["recommend"]
        assert f"post/{event.message}" not in back["nudge"]


async def test_what_does_not_fit_is_refused_and_changes_nothing(here: Place, tmp_path: Path) -> None:
    """A damaged file, one of a newer version, a community that is not there, a log that has forgotten: each a sentence;
    and nothing is left aside."""
    pieces = steps(garden(6, C))
    file = tmp_path / "garden.kindling"
    async with chain(here) as services:
        await live(services, pieces[:1])
        await save(here, C, file, pieces[1][0].at)
        await live(services, pieces[1:])
    with pytest.raises(Unprocessable, match="there is no community meadow"):
        await save(here, "meadow", tmp_path / "meadow", pieces[1][0].at)
    with pytest.raises(Unprocessable, match="is there already"):
        await save(here, C, file, pieces[1][0].at)
    redis, before = here.redis(), await kept(here, C)
    try:
        cut = tmp_path / "cut"
        cut.write_bytes(file.read_bytes()[:-40])
        newer = with_head(file, tmp_path / "newer", version="99.0.0")
        other = with_head(file, tmp_path / "other", version="0.0.1")
        for wrong, said in ((cut, "damaged"), (newer, "newer Kindling, 99.0.0"), (other, "another version may decide")):
            with pytest.raises(Unprocessable, match=said):
                await restore(here, wrong, pieces[1][0].at, over=True)
        partition = partition_of(C, PARTITIONS)
        await redis.xtrim(f"{here.prefix}.activity:{partition}", maxlen=1, approximate=False)
        with pytest.raises(Unprocessable, match="does not hold any more"):
            await restore(here, file, pieces[1][0].at, over=True)
        left = [key async for key in redis.scan_iter(f"{here.prefix}:*ing-*")]
    finally:
        await redis.aclose()
    assert left == []
    assert await kept(here, C) == before


async def test_a_community_that_does_not_fit_twice_is_not_saved(prefix: str, tmp_path: Path) -> None:
    """Below Redis's maxmemory there is no room for a copy: it says how much it needs, and leaves nothing aside."""
    with RedisServer("valkey") as server:
        here = Place(server.url, server.url, prefix)
        async with chain(here) as services:
            await live(services, steps(garden(6, C))[:1])
        redis = here.redis()
        try:
            used = (await redis.info("memory"))["used_memory"]
            await redis.config_set("maxmemory", used + 1000)
            with pytest.raises(Unprocessable, match=r"holds it twice for a while: .* MB, and below its maxmemory"):
                await save(here, C, tmp_path / "garden", START)
            assert [key async for key in redis.scan_iter(f"{prefix}:*saving-*")] == []
            await redis.config_set("maxmemory", 0)
            assert (await save(here, C, tmp_path / "garden", START)).documents
        finally:
            await redis.aclose()


async def test_a_copy_that_goes_too_soon_leaves_no_half_a_file(here: Place, tmp_path: Path) -> None:
    """Copies expire within minutes unless they are worked with; where one went, there is no file that lacks it, and
    no community that is restored in part."""
    async with chain(here) as services:
        await live(services, steps(garden(6, C))[:1])
    redis, before = here.redis(), await kept(here, C)
    keys = Keys(redis, here.prefix, C)
    try:
        async with keys.frozen() as copies:
            assert all([0 < await redis.ttl(copy) <= ASIDE_SECONDS for copy in copies.copies.values()])
            await redis.unlink(copies.copies[Name("nudge", STATE)])
            with pytest.raises(Unprocessable, match="has gone from Redis"):
                _ = [entry async for entry in copies.entries()]
        async with keys.staged() as staged:
            for service in ("nudge", "recommend"):
                await staged.put(Name(service, STATE), [(b"member/x", b"{}")])
            await redis.unlink(staged.key(Name("nudge", STATE)))
            with pytest.raises(Unprocessable, match="nothing was done"):
                await staged.take_place(await keys.positions())
    finally:
        await redis.aclose()
    assert await kept(here, C) == before


def with_head(file: Path, other: Path, **said: str) -> Path:
    """Write a file with another head."""
    with writing(other) as out:
        out.head(replace(read_head(file), **said))  # type: ignore[arg-type]
        for entry in entries(file):
            out.entry(entry)
    return other


async def test_an_operator_moves_it_as_it_is_typed(
    here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the services at work in both places: the file is private, and what is printed says what comes next."""
    there, file = Place(here.log_url, here.redis_url, f"{here.prefix}-new"), tmp_path / "garden.kindling"
    monkeypatch.setenv("KINDLING_STORE", here.redis_url)
    told = tmp_path / "told.json"

    async def typed(place: Place, *arguments: str, code: int = 0) -> str:
        monkeypatch.setenv("KINDLING_PREFIX", place.prefix)
        # In a thread: the services are at work in this one.
        return await asyncio.to_thread(lambda: kindling(tmp_path, "community", *arguments, code=code))

    async with chain(here) as old, chain(there) as new:
        await live(old, steps(garden(6, C))[:1])
        said = await typed(here, "save", C, str(file))
        assert "a backup. To move it, close it" in said
        assert file.stat().st_mode & 0o777 == 0o600
        said = await typed(there, "restore", str(file), "--json", str(told))
        assert "`kindling community open garden` goes on with it" in said
        assert "Opened not before" in said
        assert json.loads(told.read_text())["how"] == "as saved"
        assert "is there already" in await typed(there, "restore", str(file), code=2)
        assert "all services must be stopped" in await typed(here, "restore", str(file), "--replace", code=2)
        await settle(new)
        assert (await kept(there, C))["recommend"].keys() >= {"post/p00000", "post/p00001"}
