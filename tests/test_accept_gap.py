"""A community that stands still for a record that is lost, and the operator who lets it go on."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kindling import main
from kindling.commands import topics
from shared.redis_store import RedisStore
from shared.service import ServiceName, TopicName
from shared.state import Changes
from shared.store import Position, Write, dump_position
from shared.topics import partition_of
from tests.loop.counting import Downstream
from tests.loop.harness import PARTITIONS, Place, Running, emitted, numbered, reply, running, until

Typed = Callable[..., Result]


@pytest.fixture
def typed(redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Gives `kindling topics accept-gap gappy …`, as it is typed where the settings name the test's servers."""
    for name, value in {"LOG": redis_url, "STORE": redis_url, "PREFIX": prefix}.items():
        monkeypatch.setenv(f"KINDLING_{name}", value)

    def run(*arguments: str, given: str = "", service: str = "nudge") -> Result:
        return CliRunner().invoke(topics.app, ["accept-gap", "gappy", "--service", service, *arguments], input=given)

    return run


async def stopped(run: Running) -> bool:
    return run.processor.status.stopped == {"gappy": 3}


async def came_through(run: Running, numbers: list[int]) -> bool:
    out = (await emitted(run.log, TopicName.NUDGES)).get("gappy", [])
    return [event_id for _, event_id, _ in out] == [f"reply/{number}" for number in numbers]


async def test_a_running_service_goes_on_without_what_was_accepted(
    redis_url: str, prefix: str, typed: Typed, tmp_path: Path
) -> None:
    """Found by the doctor, shown, asked about, written as the service writes, and noticed by the process that runs."""
    records = numbered([reply("gappy", n) for n in range(1, 9)])
    async with running(Place(redis_url, redis_url, prefix), Downstream()) as run:
        await run.feed_raw([*records[:2], *records[4:]], partition_of("gappy", PARTITIONS))
        unknown = json.loads(numbered([reply("early", 1)])[0]) | {"type": "kindling.PostPinned.v1"}
        await run.feed_raw([json.dumps(unknown).encode()], partition_of("early", PARTITIONS))
        await until(lambda: stopped(run))

        report = tmp_path / "doctor.json"
        await asyncio.to_thread(CliRunner().invoke, main.app, ["doctor", "--json", str(report)])
        (told,) = [f for f in json.loads(report.read_text()) if "waits for record" in f["found"]]
        assert told["todo"].endswith("`kindling topics accept-gap gappy --service nudge`")
        (told,) = [f for f in json.loads(report.read_text()) if "newer version" in f["found"]]
        assert (told["what"], told["found"]) == ("nudge", "early waits at a kindling.PostPinned.v1, of a newer version")
        assert told["todo"].startswith("upgrade this service")

        refused = await asyncio.to_thread(typed, given="n\n")
        assert refused.exit_code == 1
        assert "records 3 to 4 of gappy" in refused.stdout
        assert await stopped(run)

        assert (await asyncio.to_thread(typed, "--yes")).exit_code == 0
        await until(lambda: came_through(run, [1, 2, 5, 6, 7, 8]), 30)
        assert run.processor.status.stopped == {}
        assert "misses no record" in (await asyncio.to_thread(typed, "--yes")).stdout


async def test_a_service_that_starts_later_goes_on_too(redis_url: str, prefix: str, typed: Typed) -> None:
    """Nobody need be at work when a gap is accepted, not even one that begins with the first record."""
    records = numbered([reply("gappy", n) for n in range(1, 6)])
    async with running(Place(redis_url, redis_url, prefix), Downstream()) as run:
        await run.feed_raw(records[2:], partition_of("gappy", PARTITIONS))
        await until(lambda: is_stopped_at(run, 1))
    assert "records 1 to 2" in (await asyncio.to_thread(typed, "--yes")).stdout
    async with running(Place(redis_url, redis_url, prefix), Downstream()) as run:
        await until(lambda: came_through(run, [3, 4, 5]), 30)


async def is_stopped_at(run: Running, missing: int) -> bool:
    return run.processor.status.stopped == {"gappy": missing}


async def test_what_will_still_come_is_not_given_up(redis_url: str, prefix: str, typed: Typed) -> None:
    """A missing record that its writer holds in its outbox comes once that is at work: the command refuses."""
    place = Place(redis_url, redis_url, prefix)
    records = numbered([reply("gappy", n) for n in range(1, 5)])
    async with running(place, Downstream()) as run, place.redis() as redis:
        await run.feed_raw([*records[:2], *records[3:]], partition_of("gappy", PARTITIONS))
        await until(lambda: stopped(run))
        position = dump_position(Position(run.log.generation, 4, 0, 4, None))
        writer = RedisStore(redis, prefix, ServiceName.RECOMMEND)
        assert await writer.write([Write("gappy", b"", position, Changes({}, set()), [(3, records[2])])]) == [True]
        done = await asyncio.to_thread(typed, "--yes")
        assert "record 3 is still to be published" in str(done.exception)
        assert await stopped(run)


async def test_a_service_without_numbers_has_no_gaps(typed: Typed) -> None:
    """Recommend reads what many write: the command says that it never waits."""
    assert (await asyncio.to_thread(typed, "--yes", service="recommend")).exit_code == 2
