"""What the processing loop promises, on both transports: order, batches, repeats, timers, restarts."""

from collections import defaultdict
from datetime import timedelta
from typing import cast

from shared.service import TopicName
from shared.state import Documents
from shared.store import Store
from shared.topics import partition_of
from tests.loop.breaking import Counted
from tests.loop.counting import COUNTS, Counting
from tests.loop.harness import PARTITIONS, START, Place, emitted, post, published, reply, running, state_of, tick

FAR = START + timedelta(days=3650)


async def test_passes_events_on_unchanged_in_order_and_numbered(place: Place) -> None:
    """Each community's events come out as they went in, in their order, numbered 1 to n."""
    events = [post(f"c{n % 5}", n) if n % 3 else reply(f"c{n % 5}", n) for n in range(200)]
    fed = defaultdict(list)
    for event in events:
        fed[event.community].append(event)
    async with running(place, Counting()) as run:
        await run.feed(events)
        await run.settle()
        out = defaultdict(list)
        for envelope in await published(run.log, TopicName.MATCHES):
            if envelope.event.source == "test":
                out[getattr(envelope.event, "community", "")].append(envelope.event)
    assert out == fed


async def test_a_partition_is_handled_in_batches(place: Place) -> None:
    """Many records of a community are one write, not many."""
    counted: list[Counted] = []

    def wrap(store: Store) -> Store:
        counted.append(Counted(store))
        return cast("Store", counted[0])

    async with running(place, Counting(), wrap_store=wrap) as run:
        await run.feed([reply("busy", n) for n in range(1000)])
        await run.settle()
    assert counted[0].calls["write"] <= 100
    assert counted[0].calls["load"] == 1


async def test_an_event_fed_twice_changes_nothing_in_the_state(place: Place) -> None:
    """A webhook delivered twice is one fact: the second time passes by and leaves the documents alone."""
    events = [event for n in range(20) for event in (post("c", n), reply("c", n))]
    async with running(place, Counting()) as run:
        await run.feed(events)
        await run.settle()
        before = await state_of(run.store, "c")
        await run.feed(events)
        await run.settle()
        assert await state_of(run.store, "c") == before


async def test_a_tick_fires_what_is_due_as_of_its_own_time_and_is_passed_on(place: Place) -> None:
    """A timer fires because of a tick long after it, at its own due time; the next service hears the tick too."""
    async with running(place, Counting()) as run:
        await run.feed([post("c", 1), post("c", 2)])
        await run.feed([tick(partition, 500) for partition in range(PARTITIONS)])
        await run.settle()
        out = (await emitted(run.log))["c"]
        passed = [record async for record in run.log.scan(TopicName.MATCHES) if b"kindling.Tick" in record.body]
    due = [START + timedelta(minutes=n + 7) for n in (1, 2)]
    assert out[2:] == [(3, "report/p1", due[0]), (4, "report/p2", due[1])]
    assert {record.partition for record in passed} == set(range(PARTITIONS))


async def test_a_tick_touches_only_communities_with_something_due(place: Place) -> None:
    """Of 10,000 communities with a timer in the far future a tick touches none; of those with one due, each."""
    partition = 0
    names = [name for name in map(str, range(999)) if partition_of(name, PARTITIONS) == partition][:5]
    async with running(place, Counting()) as run:
        # Due one minute after the other, the last two together.
        await run.feed([post(name, 0, minutes) for name, minutes in zip(names, (1, 2, 3, 4, 4), strict=True)])
        await run.settle()
        await run.store.save_due(partition, [(f"idle{n}", FAR) for n in range(10_000)])
    counted: list[Counted] = []

    def wrap(store: Store) -> Store:
        counted.append(Counted(store))
        return cast("Store", counted[0])

    async with running(place, Counting(), wrap_store=wrap) as run:
        # What is read again first, because the place trails, loads the communities that have something.
        await run.feed([tick(partition, 0)])
        await run.settle()
        assert set(counted[0].touched) <= set(names)
        for minutes, due in ((7, []), (8, names[:1]), (8.5, []), (10, names[1:3]), (60, names[3:]), (70, [])):
            counted[0].touched.clear()
            counted[0].calls.clear()
            await run.feed([tick(partition, minutes)])
            await run.settle()
            # Loaded where it was not yet, and written; nothing else, and no look at the whole index.
            assert sorted(set(counted[0].touched)) == sorted(due)
            assert counted[0].calls["save_due"] + counted[0].calls["due"] == 0
            assert counted[0].calls["write"] == bool(due)


async def test_a_restart_goes_on_where_it_stopped(place: Place) -> None:
    """What one process began the next one ends: nothing is lost, nothing twice."""
    events = [event for n in range(60) for event in (post(f"c{n % 3}", n), reply(f"c{n % 3}", n))]
    for part in range(3):
        async with running(place, Counting()) as run:
            await run.feed(events[part * 40 : part * 40 + 40])
            if part == 2:
                await run.feed([tick(partition, 1000) for partition in range(PARTITIONS)])
                await run.settle()
                out = await emitted(run.log)
                counts = [
                    Documents(await state_of(run.store, community)).get(COUNTS, "all") for community in sorted(out)
                ]
    assert [(count.posts, count.replies, len(count.clocks)) for count in counts if count] == [(20, 20, 20)] * 3
    assert [len(sequence) for sequence in out.values()] == [60] * 3
