"""`kindling community save` and `restore`: one community, moved or put back, on both transports."""

from pathlib import Path

import pytest

from kindling.saved.plan import How
from services.nudge import documents as nudge
from shared.events import CommunityClosed, CommunityOpened, Mode
from shared.service import ServiceName
from shared.state import Documents
from tests.conftest import Kafka
from tests.loop.harness import Place
from tests.saving import HOUR, chain, garden, happen, kept, live, made, make_topics, restore, save, settle, steps

C = "garden"


@pytest.fixture(params=["redis", pytest.param("kafka", marks=pytest.mark.kafka)])
def place(request: pytest.FixtureRequest, redis_url: str, prefix: str) -> Place:
    if request.param == "redis":
        return Place(redis_url, redis_url, prefix)
    kafka: Kafka = request.getfixturevalue("kafka")
    return Place(f"kafka://{kafka.address}", redis_url, prefix)


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


async def test_it_moves_with_what_is_on_its_way(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    """Closed, saved while records were between all services, and opened on the other transport with other partitions:
    nothing is lost, nothing is there twice, and it goes on as if it had not moved."""
    pieces = steps(garden(18, C))
    at = pieces[3][-1].at
    closed = made(CommunityClosed, at + HOUR, C, "closed")
    opened = made(CommunityOpened, at + 2 * HOUR, C, "opened", mode=Mode.AUTOPILOT, asks_consent=False)
    file = tmp_path / "garden.kindling"
    async with chain(place) as services:
        await live(services, pieces[:3])
    async with chain(place, ServiceName.RECOMMEND) as services:
        # Nudge has not read this, and recommend not the next.
        await happen(services[ServiceName.RECOMMEND], pieces[3])
        await settle(services)
        recommend = services[ServiceName.RECOMMEND]
        await recommend.processor.stop()
        await happen(recommend, [closed])
    saved = await save(place, C, file, closed.at)
    assert saved.records > len(pieces[3])
    await make_topics(elsewhere, 6)
    async with chain(elsewhere) as services:
        restored = await restore(elsewhere, file, closed.at)
        assert (restored.how, restored.records) == (How.AS_SAVED, saved.records)
        await settle(services)
        there = Documents((await kept(elsewhere, C))["nudge"])
        assert numbers(await kept(elsewhere, C))[1] == 0, "a nudge is open in a closed community"
        assert (there.get(nudge.COMMUNITY, nudge.THE_COMMUNITY) or nudge.Community()).closed
        await live(services, [[opened], *pieces[4:]])
        stopped = [run.processor.status.stopped for run in services.values()]
        assert stopped == [{}, {}, {}]
    calm = Place(place.redis_url, place.redis_url, f"{place.prefix}-calm")
    async with chain(calm) as services:
        await live(services, [*pieces[:3], [*pieces[3], closed], [opened], *pieces[4:]])
    assert await kept(elsewhere, C) == await kept(calm, C)
