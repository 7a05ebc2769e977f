"""`kindling topics drained` and `renew`: a new log after a drain; nothing of before or after is lost or repeated."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kindling.commands.common import open_log
from kindling.renewing.drained import find_lags
from kindling.renewing.renew import Renewal, Renewed
from services.ingest import app as ingest
from services.ingest.settings import IngestSettings
from shared.clock import wall_clock
from shared.connections import Connections
from shared.dead_letters import decide, open_letters
from shared.failures import Unavailable, Unprocessable, UnsafeSettings
from shared.kafka_publishing import KafkaPublisher
from shared.log import Log
from shared.service import ServiceName, TopicName
from shared.topics import partition_of
from tests.conftest import Kafka
from tests.loop.harness import PARTITIONS, Place, Running, outgoing, until
from tests.saving import Piece, chain, garden, happen, kept, live, settle, steps, ticks
from tests.test_commands import kindling, ready, up

COMMUNITIES = ("garden", "meadow", "orchard")
DAYS = timedelta(days=2)
MORE = 7


@pytest.fixture(params=["same", "other"])
def after(request: pytest.FixtureRequest, place: Place) -> Place:
    """Where the new log is: the same servers, or the other transport."""
    if request.param == "same":
        return place
    if place.log_url != place.redis_url:
        return Place(place.redis_url, place.redis_url, place.prefix)
    kafka: Kafka = request.getfixturevalue("kafka")
    return Place(f"kafka://{kafka.address}", place.redis_url, place.prefix)


def history() -> list[Piece]:
    """Give what happens in three communities, together."""
    return steps(sorted((e for name in COMMUNITIES for e in garden(12, name)), key=lambda e: (e.at, e.community)))


async def pass_by(services: dict[ServiceName, Running], at: datetime) -> None:
    """Let time pass without any activity."""
    run = services[ServiceName.RECOMMEND]
    await run.feed(ticks(at, run.log.partitions))
    await settle(services)


def connections(place: Place) -> Connections:
    return Connections(place.log_url, place.redis_url, place.prefix)


async def renew(old: Place, new: Place, partitions: int = MORE) -> Renewed:
    redis = old.redis()
    try:
        return await Renewal(connections(old), connections(new), redis, partitions).renew()
    finally:
        await redis.aclose()


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Log]:
    log = place.log()
    try:
        await log.start()
        yield log
    finally:
        await log.stop()


async def lags(place: Place) -> list[str]:
    redis = place.redis()
    try:
        async with opened(place) as log:
            stores = {name: connections(place).store(redis, name) for name in ServiceName}
            return [str(lag) for lag in await find_lags(log, stores)]
    finally:
        await redis.aclose()


async def test_what_goes_on_in_a_new_log_is_as_if_it_had_not_been_renewed(place: Place, after: Place) -> None:
    """On the same servers and on the other transport, with other partitions: refused while a service runs or has not
    read everything, and then all documents are as in a log that was never renewed, what is due is not forgotten, and
    dead letters are there still."""
    pieces = history()
    quiet = pieces[2][-1].at + DAYS
    async with chain(place) as services:
        await live(services, pieces[:2])
        await services[ServiceName.RECOMMEND].feed_raw([b"no event", b"nor this"], partition_of("garden", PARTITIONS))
        await settle(services)
        with pytest.raises(Unprocessable, match="ingest, recommend, nudge run"):
            await renew(place, after)
    assert await lags(place) == []
    async with chain(place, ServiceName.RECOMMEND) as services:
        await happen(services[ServiceName.RECOMMEND], pieces[2])
        await settle(services)
    said = await lags(place)
    assert [line.split(":")[0] for line in said] == ["nudge"] * 3
    with pytest.raises(Unprocessable, match=r"not all is read yet:\n  nudge: \d+ of garden\n"):
        await renew(place, after)
    async with chain(place) as services:
        await settle(services)
        first, second = await open_letters(services[ServiceName.RECOMMEND].log)
        await decide(services[ServiceName.RECOMMEND].log, [first], "dropped", wall_clock())
    renewed = await renew(place, after)
    assert (renewed.partitions, renewed.letters) == (MORE, 1)
    async with opened(after) as log:
        assert log.generation == renewed.generation
        assert [letter.id for letter in await open_letters(log)] == [second.id]
    if after is not place:
        with pytest.raises(UnsafeSettings, match="there are no topics"):
            async with opened(place):
                pass
    async with chain(after) as services:
        await pass_by(services, quiet)
        await live(services, pieces[3:])
        assert [run.processor.status.stopped for run in services.values()] == [{}, {}, {}]
    assert await lags(after) == []
    calm = Place(place.redis_url, place.redis_url, f"{place.prefix}-calm")
    async with chain(calm) as services:
        await live(services, pieces[:3])
        await pass_by(services, quiet)
        await live(services, pieces[3:])
    for community in COMMUNITIES:
        assert await kept(after, community) == await kept(calm, community)


@pytest.mark.parametrize("step", ["_make", "_move", "_bring_letters"])
async def test_an_interrupted_renewal_is_called_again(
    redis_url: str, prefix: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it ended: no service or command begins meanwhile, and one that does stops it; called again in the same
    way it comes to its end, in another way it says what was begun."""
    place = Place(redis_url, redis_url, prefix)
    pieces = history()
    async with chain(place) as services:
        await live(services, pieces[:2])
        await services[ServiceName.RECOMMEND].feed_raw([b"no event"], partition_of("garden", PARTITIONS))
        await settle(services)
    before = {community: await kept(place, community) for community in COMMUNITIES}

    async def away(*_: Any) -> None:
        raise Unavailable("the server has gone")

    with monkeypatch.context() as broken:
        broken.setattr(Renewal, step, away)
        with pytest.raises(Unavailable):
            await renew(place, place)
    await refuses_to_begin(place)
    # One of a version that knows no mark does begin.
    async with chain(place, ServiceName.RECOMMEND):
        with pytest.raises(Unprocessable, match="recommend run: stop all services"):
            await renew(place, place)
    with pytest.raises(Unprocessable, match=f"another renewal was begun, to {MORE} partitions"):
        await renew(place, place, MORE + 1)
    renewed = await renew(place, place)
    assert (renewed.partitions, renewed.letters) == (MORE, 1)
    redis = place.redis()
    try:
        due = {key.decode() async for key in redis.scan_iter(f"{prefix}:nudge:due:*")}
        assert due == {f"{prefix}:nudge:due:{partition_of(name, MORE)}" for name in COMMUNITIES}
        assert [key async for key in redis.scan_iter(f"{prefix}:*renewing*")] == []
    finally:
        await redis.aclose()
    assert {community: await kept(place, community) for community in COMMUNITIES} == before


async def refuses_to_begin(place: Place) -> None:
    """Have a service, and what a command opens, say that the log is being renewed."""
    app = await ingest.build(IngestSettings(), connections(place))
    try:
        with pytest.raises(UnsafeSettings, match=f"being renewed, to {MORE} partitions.*`kindling topics renew`"):
            await app.run()
    finally:
        await app.stop()
    with pytest.raises(UnsafeSettings, match="being renewed"):
        async with open_log(connections(place)):
            pass


@pytest.mark.kafka
async def test_topics_that_were_made_and_not_named_are_made_anew(
    redis_url: str, prefix: str, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the same Kafka, ended between making the topics and naming their generation: called again, it goes on."""
    place = Place(f"kafka://{kafka.address}", redis_url, prefix)
    async with chain(place) as services:
        await live(services, history()[:1])

    async def away(*_: Any) -> None:
        raise Unavailable("the server has gone")

    with monkeypatch.context() as broken:
        broken.setattr(KafkaPublisher, "publish", away)
        with pytest.raises(Unavailable, match="has gone"):
            await renew(place, place)
    with pytest.raises(Unavailable, match="being made"):
        async with opened(place):
            pass
    assert (await renew(place, place)).partitions == MORE
    async with opened(place) as log:
        assert log.partitions == MORE


async def test_a_place_that_is_taken_is_refused(redis_url: str, prefix: str, kafka: Kafka) -> None:
    """Where another log has records under the same name, it stays as it is, and so does the old one, which goes on."""
    place = Place(redis_url, redis_url, prefix)
    other = Place(f"kafka://{kafka.address}", redis_url, prefix)
    async with chain(place) as services:
        await live(services, history()[:1])
    foreign = other.log()
    try:
        await foreign.create(MORE)
        await foreign.start()
        await foreign.publish([outgoing(history()[0][0], MORE)])
        async with opened(place) as log:
            generations = log.generation, foreign.generation
        with pytest.raises(Unprocessable, match="there are topics already at kafka://"):
            await renew(place, other)
        async with opened(place) as log, opened(other) as found:
            assert (log.generation, found.generation) == generations
            assert sum((await found.ends(TopicName.ACTIVITY)).values()) == 1
        async with open_log(connections(place)):
            pass
    finally:
        await foreign.stop()


async def test_an_operator_renews_as_it_is_typed(tmp_path: Path) -> None:
    """The embedded log with more partitions: refused while it is at work; then it goes on, and says what to set."""
    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        kindling(tmp_path, "community", "open", "garden")
        assert "run: stop all services" in kindling(tmp_path, "topics", "renew", "--partitions", "7", "--yes", code=2)

        async def drained() -> bool:
            try:
                return "read everything" in kindling(tmp_path, "topics", "drained")
            except AssertionError:
                return False

        await until(drained, 60)
    assert "name what is to be another" in kindling(tmp_path, "topics", "renew", code=2)
    assert "Go on?" in kindling(tmp_path, "topics", "renew", "--partitions", "7", code=1)
    said = kindling(tmp_path, "topics", "renew", "--partitions", "7", "--yes")
    assert "a new log of 7 partitions" in said
    assert "Set KINDLING_PARTITIONS=7" in said
    assert "KINDLING_STORE must be set" in kindling(
        tmp_path, "topics", "renew", "--to", "kafka://nowhere:1", "--yes", code=2
    )
    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
