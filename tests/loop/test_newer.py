"""Records that a newer version wrote: a community waits at them, alone, and after the upgrade nothing has happened."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import health, metrics, wire
from shared.accepting import Waits, find_newer
from shared.dead_letters import open_letters, replay_letter
from shared.events import Event, PostPublished
from shared.failures import Newer
from shared.gaps import Gaps
from shared.patience import UPGRADE, Status
from shared.place import Place as Partition
from shared.processing import Processor
from shared.topics import partition_of
from shared.wire import Envelope
from shared.working import Arrival
from tests.loop import harness
from tests.loop.counting import Counting, Downstream
from tests.loop.harness import (
    PARTITIONS,
    START,
    Place,
    Running,
    emitted,
    numbered,
    outgoing,
    post,
    reply,
    running,
    tick,
    until,
)
from tests.loop.pure import PurePartition
from tests.loop.test_gaps import PureReader

WAITS = "this record was written by a newer version of Kindling; upgrade this service"
PARTITION = partition_of("c", PARTITIONS)
# Another community of the partition.
OTHER = next(name for name in map(str, range(99)) if partition_of(name, PARTITIONS) == PARTITION)


def newer(body: bytes, wire_type: str = "kindling.PostPublished.v2") -> bytes:
    """Make a record one of the next release."""
    return json.dumps(json.loads(body) | {"type": wire_type}).encode()


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives what makes this process the next release, which has a second version of posts."""

    def upgrade() -> None:
        monkeypatch.setattr(PostPublished, "WIRE_VERSION", 2)
        monkeypatch.setitem(wire._ADDED, ("PostPublished", 1), {})

    return upgrade


async def _ready(run: Running) -> tuple[int, dict[str, Any]]:
    """Ask for the health of a service as an orchestrator does."""
    app = FastAPI()
    app.include_router(health.router([run.processor.status]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        answer = await client.get("/health/ready")
    (told,) = answer.json().values()
    return answer.status_code, told


def _waits_by_metric(run: Running) -> float:
    return float(metrics.WAITING.labels(run.service.name.value, UPGRADE)._value.get())


def records(service: type[Counting]) -> tuple[list[bytes], list[bytes]]:
    """Give what a community's service reads before and from a newer record on, a tick between them."""
    events: list[Event] = [post("c", 1), reply("c", 2), post("c", 3), reply("c", 4), post("c", 5)]
    bodies = numbered(events) if service is Downstream else [outgoing(event).body for event in events]
    return bodies[:2], [newer(bodies[2]), outgoing(tick(PARTITION, 60)).body, *bodies[3:]]


@pytest.mark.parametrize("service", [Counting, Downstream])
async def test_a_rolling_upgrade_makes_no_dead_letters(place: Place, service: type[Counting], upgrade: Any) -> None:
    """Its community waits at a newer record, across restarts; the others go on; upgraded, it reads on from there."""
    before, after = records(service)
    others: list[Event] = [post(OTHER, 1), reply(OTHER, 2)]
    writes = service.writes
    async with running(place, service()) as run:
        await run.feed_raw([*before, *after], PARTITION)
        await run.feed_raw(numbered(others), PARTITION)
        await run.settle()
        assert {"post/1", "reply/2"} <= {name for _, name, _ in (await emitted(run.log, writes))[OTHER]}
    async with running(place, service()) as run:
        await until(lambda: _waits(run))
        status, told = await _ready(run)
        assert (status, told["waiting"]) == (200, {"upgrade": f"kindling.PostPublished.v2: {WAITS}"})
        assert (told["communities_to_be_upgraded"], told["stopped_communities"]) == (1, 0)
        assert _waits_by_metric(run) == 1
        # What the doctor tells, from the log alone.
        assert await find_newer(run.log, run.store, service.reads) == [Waits("c", "kindling.PostPublished.v2")]
        await run.feed_raw([outgoing(tick(PARTITION, 90)).body], PARTITION)
        await run.settle()
        # What is due waits as well: the newer record might cancel it.
        assert [name for _, name, _ in (await emitted(run.log, writes))["c"]] == ["post/1", "reply/2"]
        assert await open_letters(run.log) == []
    upgrade()
    async with running(place, service()) as run:
        await until(lambda: _has_emitted(run, 8))
        assert (await _ready(run))[0] == 200
        assert _waits_by_metric(run) == 0
        assert await open_letters(run.log) == []
        found = (await emitted(run.log, writes))["c"]
    calm = Place(place.redis_url, place.redis_url, f"{place.prefix}-calm")
    async with running(calm, service()) as run:
        await run.feed_raw([*before, *after, outgoing(tick(PARTITION, 90)).body], PARTITION)
        await run.settle()
        assert found == (await emitted(run.log, writes))["c"]


async def _waits(run: Running) -> bool:
    return UPGRADE in run.processor.status.waiting


async def _has_emitted(run: Running, number: int) -> bool:
    stored = await run.store.load("c")
    return stored.position is not None and stored.position.emitted >= number and not stored.outbox


async def test_one_unknown_type_of_ours_is_waited_for_and_what_is_foreign_is_not(place: Place) -> None:
    """A new event of a later release waits as a new version does; other systems' records and rubbish are letters."""
    one = outgoing(post("c", 1)).body
    foreign = [newer(one, "com.example.post"), newer(one, "kindling.PostPublished"), newer(one, "kindling.x.y.v1")]
    async with running(place, Counting()) as run:
        await run.feed_raw([*foreign, b"rubbish", newer(one, "kindling.PostPinned.v1"), one], PARTITION)
        await run.settle()
        assert len(await open_letters(run.log)) == 4
        assert await emitted(run.log) == {}
        assert run.processor.status.newer == {"c": "kindling.PostPinned.v1"}


async def test_newer_ticks_are_passed_by(place: Place) -> None:
    """There are more ticks to come: nothing falls due until one can be read, and it is said why."""
    unreadable = newer(outgoing(tick(PARTITION, 60)).body, "kindling.Tick.v2")
    async with running(place, Counting()) as run:
        await run.feed([post("c", 1)])
        await run.feed_raw([unreadable], PARTITION)
        await run.settle()
        assert await _waits(run)
        await run.feed([reply("c", 2)])
        await run.settle()
        assert [name for _, name, _ in (await emitted(run.log))["c"]] == ["post/1", "reply/2"]
        await run.feed([tick(PARTITION, 61)])
        await run.settle()
        assert not await _waits(run)
        assert [name for _, name, _ in (await emitted(run.log))["c"]][2:] == ["report/p1"]
        assert await open_letters(run.log) == []


async def test_a_version_that_was_taken_back_can_go_on(
    place: Place, upgrade: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told not to wait, it makes dead letters of newer records alone; after the next upgrade they are replayed."""
    before, after = records(Counting)
    async with running(place, Counting()) as run:
        await run.feed_raw([*before, *after], PARTITION)
        await run.settle()
        assert await _waits(run)
    monkeypatch.setattr(harness, "Processor", partial(Processor, waits_for_upgrade=False))
    async with running(place, Counting()) as run:
        await until(lambda: _has_emitted(run, 6))
        (letter,) = await open_letters(run.log)
        assert letter.reason == "/type: PostPublished is read up to version 1: send that, or upgrade Kindling"
        names = [name for _, name, _ in (await emitted(run.log))["c"]]
        assert names == ["post/1", "reply/2", "report/p1", "reply/4", "post/5", "report/p5"]
        with pytest.raises(Newer):
            await replay_letter(run.log, letter, None, START)
        upgrade()
        await replay_letter(run.log, letter, None, START)
        await run.settle()
        assert (await emitted(run.log))["c"][-2][1] == "post/3"


# The law


@dataclass
class Behind(PureReader):
    """A reader of the release before, to which one record is unknown; until it is upgraded."""

    unknown: int = 0
    upgraded: bool = False

    def arrival(self, offset: int, community: str, envelope: Envelope) -> Arrival:
        if offset == self.unknown and not self.upgraded:
            return Arrival(offset, community, b"", None, envelope.sequence, Newer("kindling.PostPublished.v2", "x"))
        return super().arrival(offset, community, envelope)


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[tuple[int | None, Event]], int]:
    """Give what a service reads of a community, numbered or not, with ticks; and the place of a newer record."""
    numbered = draw(st.booleans())
    found: list[tuple[int | None, Event]] = []
    places: list[int] = []
    for n in range(1, draw(st.integers(2, 8)) + 1):
        event = reply("c", draw(st.integers(1, n)), minutes=n) if n > 1 and draw(st.booleans()) else post("c", n)
        places.append(len(found))
        found.append((n if numbered else None, event))
        found += [(None, tick(0, minutes)) for minutes in draw(st.lists(st.integers(0, 40), max_size=2))]
    found.append((None, tick(0, 100)))
    return found, draw(st.sampled_from(places))


@settings(deadline=None, max_examples=300)
@given(logs(), st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 40)), max_size=12))
def test_waiting_for_an_upgrade_changes_nothing(
    log: tuple[list[tuple[int | None, Event]], int], steps: list[tuple[int, bool, int]]
) -> None:
    """However the log is cut, whatever is restarted meanwhile: the community ends as if it had known all from start."""
    found, unknown = log
    right = PureReader(found)
    right.finish()
    behind = Behind(found, unknown=unknown)
    behind.read(1, lambda _: False)
    for size, restart, interrupted in steps:
        if restart:
            behind.restart()
        if behind.place.next_offset < len(found):
            behind.read(size, lambda offset, at=interrupted: offset == at)  # type: ignore[misc]
    behind.finish()
    assert behind.gaps._status.newer == {"c": "kindling.PostPublished.v2"}
    behind.upgraded = True
    behind.restart()
    assert behind.gaps._status.newer == {}
    behind.finish()
    assert behind.partition.emitted == right.partition.emitted
    documents = [{c: s.documents for c, s in reader.partition.stored.items()} for reader in (behind, right)]
    assert documents[0] == documents[1]


@pytest.mark.parametrize("sequenced", [False, True])
def test_what_comes_before_a_newer_record_is_applied_when_its_batch_is_tried_again(sequenced: bool) -> None:
    """A write that failed has forgotten the step, not that the community waits: the step is made again."""
    partition, gaps = Partition(0, "log", 0, None, {}), Gaps(Status("pure"))
    numbers = [1, 2, 3] if sequenced else [None, None, None]
    first = Arrival(0, "c", b"", Envelope(reply("c", 1)), numbers[0])
    last = Arrival(2, "c", b"", Envelope(reply("c", 3)), numbers[2])
    unknown = Arrival(1, "c", b"", None, numbers[1], Newer("kindling.PostPublished.v2", "x"))
    for _ in range(2):
        copy = PurePartition(Downstream()).copy("c")
        assert gaps.next_in_line(partition, copy, [first, unknown, last]) == [first]
    assert partition.stopped == {"c": 1}
