"""`kindling community save` and `restore`: one community, moved or put back, on both transports."""

from pathlib import Path

import pytest

from kindling.saved.plan import How
from services.nudge import documents as nudge
from shared.state import Documents
from tests.conftest import Kafka
from tests.loop.harness import Place
from tests.saving import chain, garden, kept, live, restore, save, settle

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
    events = garden(24, C)
    cuts = len(events) // 2, len(events) * 3 // 4
    file = tmp_path / "garden.kindling"
    async with chain(place) as services:
        await live(services, events[: cuts[0]])
        await save(place, C, file, events[cuts[0]].at)
        await live(services, events[cuts[0] : cuts[1]])
    before = await kept(place, C)
    assert numbers(before)[0] > 3
    restored = await restore(place, file, events[cuts[1]].at, over=True)
    assert restored.how is How.READING_ON
    assert restored.again > cuts[1] - cuts[0]
    assert await kept(place, C) != before
    async with chain(place) as services:
        await settle(services)
        assert await kept(place, C) == before
        await live(services, events[cuts[1] :])
    calm = Place(place.redis_url, place.redis_url, f"{place.prefix}-calm")
    async with chain(calm) as services:
        await live(services, events)
    assert await kept(place, C) == await kept(calm, C)
