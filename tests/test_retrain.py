"""Training by itself: what is due is trained beside the stream, by one alone, and nothing of it holds the service."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from kindling import retrain
from kindling.commands.serve import build
from kindling.retrain import NICE, READ_UP_TO, Retraining
from kindling.settings import Settings, load
from services.recommend.encoder import OnnxEncoder
from services.recommend.handlers import Recommend
from services.recommend.settings import RecommendSettings
from services.recommend.stored_tries import BeingTrained, StoredTries
from services.recommend.tries import Ending, Try, due_at
from shared.app import STOP_SECONDS
from shared.clock import wall_clock
from shared.connections import Connections
from shared.embedded import running_server
from shared.events import CommunityClosed, CommunityOpened
from shared.service import ServiceName
from tests.archives import write
from tests.loop.harness import Place, Running, outgoing, running, until
from tests.recommending import HashedVectors, KeptModels, channel, made, post, reply
from tests.test_commands import kindling, ready, up

EVERY = timedelta(hours=24)
THREADS = 240


@asynccontextmanager
async def recommending(url: str, prefix: str) -> AsyncIterator[tuple[Running, Retraining, StoredTries]]:
    """Run recommend's loop, with what trains beside it left to the test."""
    place = Place(url, url, prefix)
    # The processes that train have the real encoder: to them it must be the community's own.
    vectors = HashedVectors(await asyncio.to_thread(lambda: OnnxEncoder(threads=1).version))
    async with running(place, Recommend(RecommendSettings(), vectors, KeptModels())) as run:
        redis = place.redis()
        try:
            beside = Retraining(EVERY, Connections(url, url, prefix), redis, run.log)
            yield run, beside, StoredTries(redis, prefix)
        finally:
            await redis.aclose()


def trainings() -> list[psutil.Process]:
    """Find the trainings that this process has started."""
    return [process for process in psutil.Process().children() if "train" in process.cmdline()]


def test_the_next_try_is_due_as_often_as_is_set_and_sooner_without_a_result() -> None:
    """A first try is due at once; one that came to nothing is not repeated at once, nor only after the whole time."""
    at = datetime(2026, 1, 5, tzinfo=UTC)
    assert due_at(None, EVERY) < at
    for ending in Ending:
        pause = due_at(Try(at, ending), EVERY) - at
        came_to_something = ending in (Ending.PROMOTED, Ending.KEPT, Ending.TOO_YOUNG)
        assert pause == (EVERY if came_to_something else EVERY / 4)


async def test_only_one_trains_a_community(redis_url: str, prefix: str) -> None:
    """Of two at once one is refused, who has lost the lease is told, and nobody gives back what is another's."""
    redis = Connections(redis_url, redis_url, prefix).redis()
    one, other = StoredTries(redis, prefix), StoredTries(redis, prefix)
    try:
        async with one.alone("c") as check:
            with pytest.raises(BeingTrained):
                async with other.alone("c"):
                    pass
            async with other.alone("d"):  # another community is another matter
                pass
            await check()
            await redis.set(f"{prefix}:recommend:{{c}}:training-lease", "another")
            with pytest.raises(BeingTrained):
                await check()
        assert await one.under_way("c")
        await redis.delete(f"{prefix}:recommend:{{c}}:training-lease")
        async with other.alone("c"):
            pass
        assert not await one.under_way("c")
    finally:
        await redis.aclose()


async def test_a_young_community_is_tried_again_when_it_is_due(redis_url: str, prefix: str) -> None:
    """A real process looks, says how much there is and how much it takes, and the next one comes a day later."""
    async with recommending(redis_url, prefix) as (run, beside, tries):
        await run.feed([channel(), post("p1", "ada"), reply("r1", "p1", "ben")])
        await run.settle()
        assert await beside.next_due(wall_clock()) == "c"
        await beside.train("c")
        tried = await tries.last("c")
        assert tried is not None
        assert tried.ending is Ending.TOO_YOUNG
        assert "it takes 100" in tried.said
        assert await beside.next_due(wall_clock()) is None
        assert await beside.next_due(tried.at + EVERY) == "c"


async def test_who_is_closed_or_behind_or_at_work_is_not_trained(redis_url: str, prefix: str) -> None:
    """Nobody is learnt from while their history is still being read in, or after they have closed."""
    async with recommending(redis_url, prefix) as (run, beside, tries):
        assert await beside.next_due(wall_clock()) is None
        await run.feed([channel(), post("p1", "ada")])
        await run.settle()
        async with tries.alone("c"):
            assert await beside.next_due(wall_clock()) is None
        assert await beside.next_due(wall_clock()) == "c"
        at = datetime(2024, 5, 1, tzinfo=UTC)
        await run.feed([made(CommunityClosed, at)])
        await run.settle()
        assert await beside.next_due(wall_clock()) is None
        await run.feed([made(CommunityOpened, at + timedelta(days=1))])
        await run.settle()
        assert await beside.next_due(wall_clock()) == "c"
        await run.processor.revoked(range(run.log.partitions))  # reads no more
        await run.feed([post(f"q{number}", "ada") for number in range(READ_UP_TO + 1)])
        assert await beside.next_due(wall_clock()) is None


async def test_a_process_that_breaks_is_noted_and_not_started_again_at_once(
    redis_url: str, prefix: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence says so; the service goes on, and the next try is not at once."""
    monkeypatch.setenv("KINDLING_PARTITIONS", "none")  # refused before anything is noted
    async with recommending(redis_url, prefix) as (run, beside, tries):
        await run.feed([channel(), post("p1", "ada", "a secret question")])
        await run.settle()
        await beside.train("c")
        tried = await tries.last("c")
        assert tried is not None
        assert (tried.ending, tried.said) == (Ending.FAILED, "its process ended with exit status 2")
        assert await beside.next_due(wall_clock()) is None
    (said,) = [record.getMessage() for record in caplog.records if record.name == "kindling.retrain"]
    assert "the models of c could not be trained" in said
    assert "secret" not in said


def _settings(url: str, prefix: str, data: Path, **recommend: float) -> Settings:
    return load(store=url, prefix=prefix, data_dir=data, recommend=RecommendSettings.model_validate(recommend))


async def test_nothing_trains_by_itself_where_that_is_set(redis_url: str, prefix: str, tmp_path: Path) -> None:
    """With 0 there is nothing beside recommend that could train; by default there is one thing more."""
    connections = Connections(redis_url, redis_url, prefix)
    beside = []
    for recommend in ({"train_every_hours": 0.0}, {}):
        app = await build(ServiceName.RECOMMEND, _settings(redis_url, prefix, tmp_path, **recommend), connections)
        beside.append(len(app.beside))
        await app.stop()
    without, by_default = beside
    assert by_default == without + 1


async def test_a_training_that_is_ended_says_so(redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is niced while it runs; asked to end, it notes that it was stopped, and lets others train."""
    monkeypatch.setattr(retrain, "STOP_SECONDS", 60)  # niced on a busy machine
    async with recommending(redis_url, prefix) as (run, beside, tries):
        await run.feed([channel(), post("p1", "ada")])
        await run.settle()
        training = asyncio.create_task(beside.train("c"))
        await until(lambda: tries.under_way("c"))
        (process,) = trainings()
        assert process.nice() >= NICE
        training.cancel()
        await asyncio.wait([training])
        assert not process.is_running()
        tried = await tries.last("c")
        assert tried is not None
        assert tried.ending is Ending.STOPPED
        assert not await tries.under_way("c")


async def test_a_training_ends_with_its_service(
    redis_url: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the service stops, one that hangs is killed in time."""
    monkeypatch.setattr(retrain, "LOOK_SECONDS", 0.1)
    connections = Connections(redis_url, redis_url, prefix)
    app = await build(ServiceName.RECOMMEND, _settings(redis_url, prefix, tmp_path), connections)
    await app.log.create(4)
    redis = connections.redis()
    serving = asyncio.create_task(app.run())
    try:
        log = connections.log()
        await log.start()
        await log.publish([outgoing(event) for event in (channel(), post("p1", "ada"))])
        await log.stop()
        tries = StoredTries(redis, prefix)
        await until(lambda: tries.under_way("c"))
        (process,) = trainings()
        process.suspend()
    finally:
        serving.cancel()
        async with asyncio.timeout(STOP_SECONDS):
            await app.stop()
        await redis.aclose()
    assert not process.is_running()


async def test_kindling_learns_without_an_operator(tmp_path: Path) -> None:
    """`kindling up` learns from an imported history, takes it into use, says so, and not again before it is due."""
    garden = write(tmp_path / "garden.jsonl", THREADS, start=datetime.now(UTC) - timedelta(hours=9 * THREADS))
    with up(tmp_path, train_every_hours=24) as address:
        await until(lambda: ready(address), 120)
        server = running_server(tmp_path / "store")
        assert server is not None
        connections = Connections(server.url, server.url, "kindling")
        await asyncio.to_thread(kindling, tmp_path, "import", str(garden), "--community", "garden")
        redis = connections.redis()
        tries = StoredTries(redis, "kindling")

        async def tried() -> bool:
            last = await tries.last("garden")
            return last is not None and last.ending is not Ending.UNDER_WAY

        await until(tried, 120)
        last = await tries.last("garden")
        assert last is not None
        assert last.ending is Ending.PROMOTED, last.said
        listed = await asyncio.to_thread(kindling, tmp_path, "models", "list", "garden")
        assert "> learned-" in " ".join(listed.split())
        assert "ago, promoted" in listed
        report = tmp_path / "doctor.json"
        await asyncio.to_thread(kindling, tmp_path, "doctor", "--json", str(report))
        (told,) = [row for row in json.loads(report.read_text()) if row["what"] == "models of garden"]
        assert told["todo"] == ""
        assert told["found"].startswith("learned-")
        log = connections.log()
        await log.start()
        another = Retraining(EVERY, connections, redis, log)
        assert await another.next_due(wall_clock()) is None
        assert await another.next_due(wall_clock() + EVERY) == "garden"
        await log.stop()
        await redis.aclose()
