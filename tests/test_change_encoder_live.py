"""Changing an encoder on real servers, with two real encoders, while events come in and processes end."""

import asyncio
import dataclasses
import json
import shutil
import signal
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from typer import BadParameter

from kindling import changing
from kindling.changing import FEW, change, embed
from kindling.standing import Standing
from kindling.training import Opened, opened
from kindling.vectors_of_kept import texts_now
from services.recommend.documents import ENCODED, ENCODER, POSTS
from services.recommend.encoder import OnnxEncoder, SentenceTransformersEncoder, exported_folder
from services.recommend.encoding import encoder_of
from services.recommend.export import DEFAULT_MODEL, ModelUnavailable
from services.recommend.handlers import Recommend
from services.recommend.ports import Encoder
from services.recommend.replicas import Replicas
from services.recommend.settings import RecommendSettings
from services.recommend.stored_models import StoredModels
from services.recommend.stored_vectors import StoredVectors
from services.recommend.vector_cache import CachedEncoder, FileVectorCache
from shared.connections import Connections
from shared.dead_letters import open_letters
from shared.events import CommunityEvent, EncoderChanged, Event, MatchesRanked, MemberForgotten
from shared.failures import Unavailable
from shared.patience import ENCODER as WAITS_FOR_ENCODER
from shared.service import TopicName
from shared.store import Store, Write
from shared.topics import partition_of
from tests.archives import write
from tests.loop.harness import PARTITIONS, Place, Running, published, running, until
from tests.recommending import START, channel, made, post, reply
from tests.test_commands import kindling, ready, up
from tests.test_encoder import tiny_model

pytestmark = pytest.mark.filterwarnings("default")  # torch's own

# Another community of the partition.
OTHER = next(name for name in map(str, range(99)) if partition_of(name, PARTITIONS) == partition_of("c", PARTITIONS))
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model with weights and dimensions of its own."""
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny", "cls")


@pytest.fixture(scope="module")
def old() -> Encoder:
    try:
        return OnnxEncoder(threads=1)
    except ModelUnavailable as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def new(tiny: str) -> Encoder:
    return SentenceTransformersEncoder(tiny, device="cpu")


@asynccontextmanager
async def recommending(place: Place, encoders: Sequence[Encoder], **wraps: Any) -> AsyncIterator[Running]:
    """Run recommend's loop as a process with these encoders does."""
    redis = place.redis()
    stores = [StoredVectors(redis, place.prefix, encoder) for encoder in encoders]
    service = Recommend(RecommendSettings(), stores[0], StoredModels(redis, place.prefix), *stores[1:])
    try:
        async with running(place, service, **wraps) as run:
            yield run
    finally:
        await redis.aclose()


@asynccontextmanager
async def at_hand(place: Place) -> AsyncIterator[Opened]:
    """Open the community as a command does."""
    async with opened(Connections(place.log_url, place.redis_url, place.prefix), "c") as found:
        yield found


def posts(first: int, last: int, community: str = "c") -> list[Event]:
    """Give posts an hour apart, each answered by somebody."""
    texts = ("How do I prune roses?", "My compost smells", "A swarm of bees left the hive", "Which pump for a pond?")
    found: list[Event] = []
    for n in range(first, last):
        at, more = START + n * HOUR, {"community": community, "source": "test"}
        found.append(post(f"p{n}", f"asker{n % 3}", f"{texts[n % 4]} ({n})", at, id=f"post/{n}", **more))
        found.append(reply(f"r{n}", f"p{n}", f"helper{n % 4}", at + HOUR / 2, id=f"reply/{n}", **more))
    return found


def opening(community: str = "c") -> list[Event]:
    return [channel().model_copy(update={"community": community})]


async def rankings(run: Running, community: str = "c") -> dict[str, str]:
    """Give what ranked each post, in order; fails where a number stands for two events, or one is missing."""
    found = [envelope.event for envelope in await published(run.log, TopicName.MATCHES)]
    return {e.message: e.model for e in found if isinstance(e, MatchesRanked) and e.community == community}


def none(_what: str, _done: int | None, _total: int | None) -> None: ...


class Counted:
    """An encoder that may be told to stop for good after so many texts: its process is ended then."""

    def __init__(self, encoder: Encoder, until: int | None = None) -> None:
        self.encoder, self.until = encoder, until
        self.version, self.dimension = encoder.version, encoder.dimension
        self.texts: list[str] = []

    async def encode(self, texts: Sequence[str]) -> Any:
        if self.until is not None and len(self.texts) >= self.until:
            raise asyncio.CancelledError
        self.texts += texts
        return await self.encoder.encode(texts)

    async def close(self) -> None: ...


async def test_events_before_during_and_after_a_change_are_each_ranked_by_one_encoder(
    redis_url: str, prefix: str, old: Encoder, new: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No post goes unranked, none is ranked by both, and an embedding that was cut off goes on where it was."""
    place = Place(redis_url, redis_url, prefix)
    monkeypatch.setattr(changing, "_BATCH", 8)
    async with recommending(place, [old, new]) as run:
        await run.feed([*opening(), *posts(0, 40)])
        await run.settle()
        async with at_hand(place) as found:
            cut_off, goes_on = Counted(new, 16), Counted(new)
            with pytest.raises(asyncio.CancelledError):
                await embed(RecommendSettings(), found, cut_off, none)
            versions = StoredVectors(found.redis, prefix, new).versions
            assert await versions.counts("c") == {old.version: 40, new.version: 16}
            await run.feed(posts(40, 50))  # meanwhile
            await run.settle()
            assert await embed(RecommendSettings(), found, goes_on, none) == 34
            assert not set(cut_off.texts) & set(goes_on.texts)
            feeding = asyncio.create_task(run.feed(posts(50, 60)))
            changed = await change(RecommendSettings(), found, new, none)
            await feeding
            assert (changed.encoder, changed.models) == (encoder_of(new.version), None)
            assert changed.embedded <= FEW
        await run.feed(posts(60, 70))
        await run.settle()
        by = await rankings(run)
        assert list(by) == [f"p{n}" for n in range(1, 70)]  # nobody was there to answer the first
        ends = ["new" if model.endswith(new.version) else "old" for model in by.values()]
        assert all(model.endswith((old.version, new.version)) for model in by.values())
        assert ends == sorted(ends, reverse=True)
        assert (ends[0], ends[-1]) == ("old", "new")
        assert await open_letters(run.log) == []
    # A process that ends and one that comes: nothing is embedded again.
    counted = Counted(new)
    async with recommending(place, [counted, old]) as run:
        await run.feed(posts(70, 72))
        await run.settle()
        assert len(counted.texts) == 2
        assert list(await rankings(run))[-2:] == ["p70", "p71"]


async def test_who_lacks_the_encoder_waits_for_one_community_alone(
    redis_url: str, prefix: str, old: Encoder, new: Encoder
) -> None:
    """A replica with the old encoder alone stops at the record, across restarts, and mixes nothing; others go on."""
    place = Place(redis_url, redis_url, prefix)
    change_ = made(EncoderChanged, START + 9.5 * HOUR, encoder=encoder_of(new.version))
    async with recommending(place, [old]) as run:
        await run.feed([*opening(), *posts(0, 10), change_, *posts(10, 20)])
        await run.feed([*opening(OTHER), *posts(0, 5, OTHER)])
        await run.settle()
        assert list(await rankings(run)) == [f"p{n}" for n in range(1, 10)]
        assert list(await rankings(run, OTHER)) == [f"p{n}" for n in range(1, 5)]
    async with recommending(place, [old]) as run:
        await until(lambda: _waits(run))
        status = run.processor.status
        assert status.ready
        assert f"its vectors from {encoder_of(new.version)}" in status.waiting[WAITS_FOR_ENCODER]
        await run.feed(posts(5, 6, OTHER))
        await run.settle()
        assert "p5" in await rankings(run, OTHER)
        assert len(await rankings(run)) == 9
    async with recommending(place, [old, new]) as run:
        await until(lambda: _ranked(run, 19))
        by = await rankings(run)
        assert [model.endswith(new.version) for model in by.values()] == [False] * 9 + [True] * 10
        assert await open_letters(run.log) == []
    # And who has it as their own, and is given to a process that has the other alone, is not even opened.
    async with recommending(place, [old]) as run:
        await run.feed(posts(20, 22))
        await until(lambda: _waits(run))
    async with recommending(place, [new]) as run:
        await until(lambda: _ranked(run, 21))


async def _waits(run: Running) -> bool:
    return WAITS_FOR_ENCODER in run.processor.status.waiting


async def _ranked(run: Running, number: int) -> bool:
    stored = await run.store.load("c")
    return not stored.outbox and len(await rankings(run)) >= number


class Failing:
    """A store whose writes fail for a while, before or after they were made: a crash forgets all that was in memory."""

    def __init__(self, store: Store, fail: set[int]) -> None:
        self._store, self._fail, self.writes = store, fail, 0

    async def write(self, writes: Sequence[Write]) -> list[bool]:
        self.writes += 1
        if self.writes in self._fail and self.writes % 2:
            raise Unavailable("before")
        done = await self._store.write(writes)
        if self.writes in self._fail:
            raise Unavailable("after")
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("size", [1, 5, 100])
async def test_a_crash_at_any_write_changes_nothing(
    redis_url: str, prefix: str, old: Encoder, new: Encoder, size: int
) -> None:
    """Cut into any batches, with every write lost or unknown once, the same is emitted and kept as without."""
    events = [
        *opening(), *posts(0, 6), made(EncoderChanged, START + 6 * HOUR, encoder=encoder_of(new.version)),
        *posts(6, 9), made(MemberForgotten, START + 9 * HOUR, member="asker1"), *posts(9, 12),
    ]  # fmt: skip
    outcomes = []
    for name, fail in (("calm", set[int]()), ("storm", set(range(1, 200)))):
        place = Place(redis_url, redis_url, f"{prefix}-{name}")

        def wrap(store: Store, fail: set[int] = fail) -> Store:
            return Failing(store, {n for n in fail if n % 4 in (1, 2)})

        async with recommending(place, [old, new], wrap_store=wrap) as run:
            for start in range(0, len(events), size):
                await run.feed(events[start : start + size])
                await run.settle()
            outcomes.append((await rankings(run), (await run.store.load("c")).documents))
            assert await open_letters(run.log) == []
    assert outcomes[0] == outcomes[1]
    assert f"{ENCODED.name}/{ENCODER}" in outcomes[0][1]


async def test_what_is_forgotten_while_it_is_embedded_is_not_kept(
    redis_url: str, prefix: str, old: Encoder, new: Encoder
) -> None:
    """A text that was at the encoder when its author was forgotten leaves no vector, of either encoder."""
    place = Place(redis_url, redis_url, prefix)
    async with recommending(place, [old, new]) as run:
        await run.feed([*opening(), *posts(0, 6)])
        await run.settle()

        class Slow(Counted):
            async def encode(self, texts: Sequence[str]) -> Any:
                await run.feed([made(MemberForgotten, START + 48 * HOUR, member="asker0")])
                await run.settle()
                return await super().encode(texts)

        async with at_hand(place) as found:
            await embed(RecommendSettings(), found, Slow(new), none)
            counts = await StoredVectors(found.redis, prefix, new).versions.counts("c")
            left = len((await found.read_again()).table(POSTS))
            assert left == 4
            assert counts == {old.version: 4, new.version: 4}


async def test_what_is_forgotten_while_a_change_trains_or_fails_is_not_kept(
    redis_url: str, prefix: str, old: Encoder, new: Encoder, tmp_path: Path
) -> None:
    """Neither training nor a change that ends half way leaves a vector of who was forgotten, in a file neither."""
    place = Place(redis_url, redis_url, prefix)
    file = FileVectorCache(tmp_path / "vectors.sqlite")
    async with recommending(place, [old, new]) as run:
        await run.feed([*opening(), *posts(0, 12)])
        await run.settle()

        async def forget(member: str) -> None:
            await run.feed([made(MemberForgotten, START + 48 * HOUR, member=member)])
            await run.settle()

        class Slow(Counted):
            async def encode(self, texts: Sequence[str]) -> Any:
                if self.texts:  # what came before training
                    await forget("asker1")
                return await super().encode(texts)

        class Meanwhile(Opened):
            async def standing(self) -> Standing:
                """Is asked for between embedding and training."""
                await forget("asker0")
                await run.feed(posts(12, 15))
                await run.settle()
                return await super().standing()

            async def publish(self, event: CommunityEvent) -> None:
                await forget("asker2")
                raise Unavailable("the log is away")

        async with at_hand(place) as found:
            before, slow = await texts_now(found), Slow(new)
            fields = {each.name: getattr(found, each.name) for each in dataclasses.fields(found)}
            with pytest.raises(Unavailable):
                await change(RecommendSettings(), Meanwhile(**fields), CachedEncoder(slow, file), none)
            left = set(await texts_now(found))
            counts = await StoredVectors(found.redis, prefix, new).versions.counts("c")
            assert counts == {old.version: len(left), new.version: len(left)}
            assert len(slow.texts) == len({*slow.texts})
            assert set(await file.get(new.version, {*before, *slow.texts})) == left
    await file.close()


async def test_the_encoder_in_use_is_the_last_to_go(redis_url: str, prefix: str, old: Encoder, new: Encoder) -> None:
    """A third encoder takes the place of the second, of which nothing came, and not of the one that ranks."""
    place = Place(redis_url, redis_url, prefix)
    third = Counted(new)
    third.version = "third/variant/0/build"
    async with recommending(place, [old, new]) as run:
        await run.feed([*opening(), *posts(0, 3)])
        await run.settle()
        async with at_hand(place) as found:
            for encoder in (new, third):
                await embed(RecommendSettings(), found, encoder, none)
            counts = await StoredVectors(found.redis, prefix, new).versions.counts("c")
            assert counts == {old.version: 3, third.version: 3}


async def test_replicas_say_which_encoders_they_have(redis_url: str, prefix: str) -> None:
    """Whoever changes an encoder sees who lacks it; who has ended is not counted."""
    redis = Place(redis_url, redis_url, prefix).redis()
    try:
        replicas = Replicas(redis, prefix)
        tasks = [asyncio.create_task(replicas.tell(names)) for names in (["a", "b"], ["a"])]

        async def seen(expected: list[list[str]]) -> bool:
            return await replicas.versions() == expected

        await until(lambda: seen([["a"], ["a", "b"]]))
        assert await Replicas(redis, f"{prefix}*").versions() == []
        tasks[0].cancel()
        await until(lambda: seen([["a"]]))
        tasks[1].cancel()
        await asyncio.wait(tasks)
        assert await replicas.versions() == []
    finally:
        await redis.aclose()


async def test_replicas_are_looked_at_again_before_the_record(
    redis_url: str, prefix: str, old: Encoder, new: Encoder
) -> None:
    """Where one has come that would be held up nothing changes, and what was made is there for another try."""
    place = Place(redis_url, redis_url, prefix)

    async def still() -> None:
        raise BadParameter("one has come without it")

    async with recommending(place, [old, new]) as run:
        await run.feed([*opening(), *posts(0, 3)])
        await run.settle()
        async with at_hand(place) as found:
            await found.tries.choose("c", True)
            with pytest.raises(BadParameter):
                await change(RecommendSettings(), found, new, none, training=False, still=still)
            await run.settle()
            assert await found.encoder() == encoder_of(old.version)
            assert await found.tries.chosen("c")
            assert (await change(RecommendSettings(), found, new, none, training=False)).embedded == 0


# As it is typed


def _services() -> list[psutil.Process]:
    return [process for process in psutil.Process().children() if "up" in process.cmdline()]


async def _model_of(address: str, key: str, name: str) -> str:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as http:
        try:
            told = await http.get(f"{address}/v1/communities/garden/posts/{name}/responders")
        except httpx.TransportError:
            return ""
    return str(told.json().get("model") or "") if told.status_code == 200 else ""


def _lines(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def exported(tiny: str, old: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnnxEncoder:
    """Puts the exports of both models where all commands look for them; gives the second encoder."""
    cache = tmp_path / "exports"
    folder = exported_folder(DEFAULT_MODEL)
    shutil.copytree(folder, cache / folder.name)
    monkeypatch.setenv("KINDLING_RECOMMEND__CACHE_DIR", str(cache))
    return OnnxEncoder(tiny, cache_dir=cache, threads=1)


async def test_an_operator_changes_the_model_of_a_running_deployment(
    tmp_path: Path, tiny: str, old: Encoder, exported: OnnxEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second model beside the first, one command, the settings swapped, the old vectors dropped; a crash between."""
    threads = 240
    archive = write(tmp_path / "all.jsonl", threads, start=datetime.now(UTC) - timedelta(hours=9 * threads))
    lines = archive.read_text(encoding="utf-8").splitlines()
    roots = [json.loads(line)["id"] for line in lines if json.loads(line)["reply_to"] is None]
    cut = lines.index(next(line for line in lines if json.loads(line)["id"] == roots[-4]))
    data = tmp_path / "data"

    async def ranked_by(address: str, name: str, version: str) -> bool:
        key = json.loads((data / "secrets.json").read_text())["service_key"]
        return (await _model_of(address, key, name)).endswith(version)

    def take(number: int, first: int, last: int | None) -> None:
        kindling(data, "import", str(_lines(tmp_path / f"{number}.jsonl", lines[first:last])), "--community", "garden")

    with up(data) as address:
        await until(lambda: ready(address), 120)
        take(1, 0, cut)
        await until(lambda: ranked_by(address, roots[-5], old.version), 120)
        assert "the only one here: name the model" in kindling(
            data, "encoders", "change", "--nice", "0", "garden", code=2
        )
    monkeypatch.setenv("KINDLING_RECOMMEND__SECOND_MODEL", tiny)
    assert "texts were embedded by tiny/" in kindling(data, "encoders", "embed", "--nice", "0", "garden")
    assert "no recommend of this version runs" in kindling(data, "encoders", "change", "--nice", "0", "garden", code=2)
    with up(data) as address:
        await until(lambda: ready(address), 120)
        said = kindling(data, "encoders", "change", "--nice", "0", "garden")
        assert f"{encoder_of(exported.version)} from now on; " in said
        assert "MRR" in said
        (service,) = _services()
        service.send_signal(signal.SIGKILL)
        service.wait()
    monkeypatch.delenv("KINDLING_RECOMMEND__SECOND_MODEL")
    monkeypatch.setenv("KINDLING_RECOMMEND__MODEL", tiny)
    with up(data) as address:
        await until(lambda: ready(address), 120)
        take(2, cut, None)
        await until(lambda: ranked_by(address, roots[-1], exported.version), 120)
        assert await ranked_by(address, roots[-5], old.version)  # as it was ranked then
        assert f"vectors of {old.version} are gone" in kindling(data, "encoders", "drop", "garden")
        # One that was killed counts a minute among those that run.
        kept, _, running_ = kindling(data, "encoders", "list").partition("replicas of recommend that run")
        assert encoder_of(exported.version) in kept
        assert encoder_of(old.version) not in kept
        assert exported.version in running_
