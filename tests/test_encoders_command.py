"""`kindling encoders`, as it is typed: what it shows and refuses before any model is opened."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from services.recommend.documents import ENCODED, ENCODER, Encoded
from services.recommend.vector_versions import VectorVersions
from shared.redis_store import RedisStore
from shared.service import ServiceName
from shared.state import Documents
from shared.store import Position, Write, dump_position
from tests.loop.harness import Place
from tests.test_commands import kindling

MODEL = "sentence-transformers/all-MiniLM-L6-v2/onnx-int8/0a1b2c3d4e5f60718293a4b5c6d7e8f9"
BUILDS = [f"{MODEL}/cpu-onnxruntime-1.{minor}" for minor in (23, 24)]


@pytest.fixture
async def redis(redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Redis]:
    """A store in which a garden has an encoder, and which commands find; no such model as the settings name is here."""
    for name, value in {"LOG": redis_url, "STORE": redis_url, "PREFIX": prefix}.items():
        monkeypatch.setenv(f"KINDLING_{name}", value)
    monkeypatch.setenv("KINDLING_RECOMMEND__MODEL", "nobody/has-this-model")
    client = Place(redis_url, redis_url, prefix).redis()
    documents = Documents()
    documents.put(ENCODED, ENCODER, Encoded(MODEL))
    write = Write("garden", b"", dump_position(Position("g", 1, 1, 1, None)), documents.take_changes(), ())
    assert await RedisStore(client, prefix, ServiceName.RECOMMEND).write([write]) == [True]
    yield client
    await client.aclose()


async def test_two_builds_are_told_apart_on_a_narrow_terminal(redis: Redis, prefix: str, tmp_path: Path) -> None:
    """Nothing of their names is cut: they differ at the end."""
    versions = VectorVersions(redis, prefix)
    for build in BUILDS:
        await versions.add("garden", build)
    shown = kindling(tmp_path, "encoders", "list", columns=80)
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    kept = "".join(line.split("│")[3] for line in shown.splitlines() if line.startswith("│"))
    assert "".join(kept.split()) == "".join(f"0of{build}" for build in BUILDS)


async def test_it_is_said_that_there_is_nothing_to_drop(redis: Redis, prefix: str, tmp_path: Path) -> None:
    """Other builds of the encoder in use are kept, and who asked hears that nothing went."""
    await VectorVersions(redis, prefix).add("garden", BUILDS[0])
    assert kindling(tmp_path, "encoders", "drop", "garden") == "garden: nothing to drop\n"


@pytest.mark.parametrize("command", ["embed", "change", "drop"])
@pytest.mark.usefixtures("redis")
async def test_a_name_that_is_unknown_is_refused_before_any_model_is_opened(command: str, tmp_path: Path) -> None:
    """Also where another one that is named is known: opening a model takes long, or fails as here."""
    assert "recommend knows no community gardn" in kindling(tmp_path, "encoders", command, "garden", "gardn", code=2)
