"""What the loop finds again, on both transports: after gaps, refused writes, lost places, crashes, a new log."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from aiokafka.admin import AIOKafkaAdminClient

from shared import metrics
from shared.events import Event
from shared.kafka_log import KafkaLog
from shared.log import Log
from shared.service import TopicName
from shared.state import Changes
from shared.store import Store, Write
from shared.topics import partition_of, topic_name
from tests.loop.breaking import Mute, Overtaken
from tests.loop.counting import Counting, Downstream
from tests.loop.harness import (
    PARTITIONS,
    Place,
    Running,
    emitted,
    numbered,
    outcome,
    post,
    reply,
    running,
    tick,
    until,
)

COMMUNITIES = ["c0", "c1", "c2"]
EVENTS = [event for n in range(30) for event in (post(f"c{n % 3}", n), reply(f"c{n % 3}", n))]
TICKS = [tick(partition, 1000) for partition in range(PARTITIONS)]


async def undisturbed(place: Place) -> tuple[dict[str, Any], dict[str, dict[str, bytes]]]:
    """What comes of EVENTS and TICKS when nothing happens: emitted, and each community's documents."""
    calm = Place(place.redis_url, place.redis_url, f"{place.prefix}-calm")
    async with running(calm, Counting()) as run:
        await run.feed([*EVENTS, *TICKS])
        await run.settle()
        return await outcome(run.log, run.store)


async def test_a_refused_write_is_read_again_and_nothing_is_doubled(place: Place) -> None:
    """Where another writer has moved the stored position, the loop drops its copy and goes on from what is stored."""
    refused = metrics.REPLACED.labels("recommend")
    before = refused._value.get()
    async with running(place, Counting()) as run:
        await run.feed(EVENTS[:30])
        await run.settle()
        for community in ("c0", "c1"):
            await _move_position(place, run.store, community)
        await run.feed([*EVENTS[30:], *TICKS])
        await run.settle()
        found = await outcome(run.log, run.store)
    assert refused._value.get() > before
    assert found == await undisturbed(place)


async def _move_position(place: Place, store: Store, community: str) -> None:
    """Write as another process would: the same position in other bytes."""
    stored = await store.load(community)
    other = json.dumps(json.loads(stored.raw), indent=1).encode()
    assert other != stored.raw
    redis = place.redis()
    await redis.hset(store.key(community), "#position", other)  # type: ignore[attr-defined]
    await redis.aclose()


async def in_order(place: Place, records: Sequence[bytes], partition: int) -> list[tuple[int | None, str, datetime]]:
    """What comes of the records of `gappy` when none is missing, with a tick at 60 minutes before the last two."""
    calm = Place(place.redis_url, place.redis_url, f"{place.prefix}-calm")
    async with running(calm, Downstream()) as run:
        await run.feed_raw(records[:-2], partition)
        await run.feed([tick(partition, 60)])
        await run.feed_raw(records[-2:], partition)
        await run.settle()
        return (await emitted(run.log, TopicName.NUDGES))["gappy"]


async def test_a_gap_stops_its_community_alone_until_the_missing_record_comes(place: Place) -> None:
    """The others go on, the status says what is missing, and in the end all is as if it had never been missing."""
    # The seventh answers the first post before that is reported; the tick after it must not be heard earlier.
    records = numbered([reply("gappy", 1, minutes=7) if n == 7 else post("gappy", n) for n in range(1, 11)])
    partition = partition_of("gappy", PARTITIONS)
    other = next(name for name in map(str, range(99)) if partition_of(name, PARTITIONS) == partition)
    async with running(place, Downstream()) as run:
        await run.feed_raw(records[:4], partition)
        await run.feed_raw(records[5:8], partition)
        await run.feed_raw(numbered([reply(other, 1)]), partition)
        await run.feed([tick(partition, 60)])
        await run.settle()
        assert run.processor.status.stopped == {"gappy": 5}
        assert metrics.STOPPED.labels("nudge")._value.get() == 1
        out = await emitted(run.log, TopicName.NUDGES)
        # What is due in the stopped one waits too: the missing record might cancel it.
        assert [len(out["gappy"]), len(out[other])] == [4, 1]

        await run.feed_raw([*records[8:9], records[4], *records[9:]], partition)
        await until(lambda: _has_read(run, "gappy", 10))
        assert run.processor.status.stopped == {}
        out = await emitted(run.log, TopicName.NUDGES)
    assert out["gappy"] == await in_order(place, records, partition)
    assert [name for _, name, _ in out["gappy"] if name.startswith("report")] == [
        f"report/p{n}" for n in (2, 3, 4, 5, 6, 8, 9, 10)
    ]
    assert metrics.STOPPED.labels("nudge")._value.get() == 0


async def _has_read(run: Running, community: str, read: int) -> bool:
    position = (await run.store.load(community)).position
    return position is not None and position.read == read and not (await run.store.load(community)).outbox


async def test_a_gap_is_still_known_after_a_restart(place: Place) -> None:
    """What came after the gap is not forgotten, although others of the partition went on for long."""
    records = numbered([post("gappy", 1), post("gappy", 2), *[reply("gappy", n) for n in (1, 3, 4, 5)]])
    partition = partition_of("gappy", PARTITIONS)
    async with running(place, Downstream()) as run:
        await run.feed_raw([records[0], *records[2:4]], partition)
        await run.feed([tick(partition, 60)])
        await run.settle()
    async with running(place, Downstream()) as run:
        await until(lambda: _is_stopped(run, {"gappy": 2}))
        await run.feed_raw([*records[4:], records[1]], partition)
        await until(lambda: _has_read(run, "gappy", 6))
        out = await emitted(run.log, TopicName.NUDGES)
    assert out["gappy"] == await in_order(place, records, partition)
    assert [name for _, name, _ in out["gappy"] if name.startswith("report")] == ["report/p2"]


async def _is_stopped(run: Running, stopped: dict[str, int]) -> bool:
    return run.processor.status.stopped == stopped


async def test_a_copy_that_was_overtaken_is_not_stepped_on(place: Place) -> None:
    """A record fails; meanwhile another replica has handled it and what follows: nothing of it is applied again."""
    events = [post("c", 1), reply("c", 2, "poison"), reply("c", 3)]

    overtaken: list[Overtaken] = []

    def wrap(store: Store) -> Store:
        overtaken.append(Overtaken(store, events))
        return cast("Store", overtaken[0])

    async with running(place, Counting(), wrap_store=wrap) as run:
        overtaken[0].log = run.log
        await run.feed(events)
        await run.settle()
        out = (await emitted(run.log))["c"]
        position = (await run.store.load("c")).position
    assert [event_id for _, event_id, _ in out] == ["post/1", "reply/3"]
    assert position is not None
    assert position.emitted == 2


async def test_a_lost_or_older_watermark_changes_nothing(place: Place) -> None:
    """Reading again from anywhere before gives the same: positions of communities skip what was applied."""
    async with running(place, Counting()) as run:
        await run.feed(EVENTS)
        await run.settle()
        marks = {partition: await run.store.watermark(partition) for partition in range(PARTITIONS)}
    await _forget_watermarks(place, marks)
    async with running(place, Counting()) as run:
        await run.feed(TICKS)
        await run.settle()
        found = await outcome(run.log, run.store)
    assert found == await undisturbed(place)


async def _forget_watermarks(place: Place, marks: dict[int, Any]) -> None:
    redis = place.redis()
    for partition, mark in marks.items():
        key = f"{place.prefix}:recommend:partition:{partition}"
        if partition % 2 or mark is None:
            await redis.delete(key)
        else:
            await redis.hset(key, mapping={"handled": mark.handled // 2, "resume": mark.handled // 2})
    await redis.aclose()


async def test_an_outbox_that_was_left_is_published_by_the_next_owner(place: Place) -> None:
    """Records whose state is durable but which nobody has read come out when the community is loaded again."""

    def mute(log: Log) -> Log:
        return cast("Log", Mute(log, TopicName.MATCHES))

    async with running(place, Counting(), wrap_log=mute) as run:
        await run.feed(EVENTS)
        await until(lambda: _outbox_is_full(run.store))
        assert await emitted(run.log) == {}
        assert run.processor.status.waiting
    async with running(place, Counting()) as run:
        await run.feed(TICKS)
        await run.settle()
        found = await outcome(run.log, run.store)
        assert not any([(await run.store.load(community)).outbox for community in COMMUNITIES])
    assert found == await undisturbed(place)


async def test_what_an_owner_left_is_counted_by_whoever_takes_over(place: Place) -> None:
    """Each record that came out is counted once, by the process that published it, whatever ended the one before."""
    counted: list[str] = []

    def count(events: Sequence[Event], _written: Mapping[str, bytes]) -> None:
        counted.extend(event.id for event in events)

    def mute(log: Log) -> Log:
        return cast("Log", Mute(log, TopicName.MATCHES))

    emitted_before = metrics.EMITTED.labels("recommend", "PostPublished")._value.get()
    async with running(place, Counting(), wrap_log=mute, count=count) as run:
        await run.feed(EVENTS)
        await until(lambda: _outbox_is_full(run.store))
        assert counted == []
    async with running(place, Counting(), count=count) as run:
        await run.feed(TICKS)
        await run.settle()
        out = await emitted(run.log)
    assert sorted(counted) == sorted(name for records in out.values() for _, name, _ in records)
    assert metrics.EMITTED.labels("recommend", "PostPublished")._value.get() == emitted_before + 30


async def _outbox_is_full(store: Store) -> bool:
    # Of whichever community comes first: the others may wait behind it.
    return any([(await store.load(community)).outbox for community in COMMUNITIES])


async def test_a_new_log_is_not_mistaken_for_one_already_read(place: Place) -> None:
    """After topics were made anew, low offsets are new records; numbering goes on where it was."""
    async with running(place, Counting()) as run:
        await run.feed([reply("c", n) for n in range(5)])
        await run.settle()
        before = run.log.generation
    await _remove_log(place)
    async with running(place, Counting()) as run:
        assert run.log.generation != before
        await run.feed([reply("c", 100), reply("c", 101)])
        await run.settle()
        records = [record async for record in run.log.scan(TopicName.MATCHES)]
        position = (await run.store.load("c")).position
    assert [json.loads(record.body)["sequence"][-2:] for record in records] == ["06", "07"]
    assert position is not None
    assert (position.emitted, position.generation) == (7, run.log.generation)


async def _remove_log(place: Place) -> None:
    topics = [topic_name(place.prefix, topic) for topic in TopicName]
    if not isinstance(place.log(), KafkaLog):
        redis = place.redis()
        names = [f"{topic}:{partition}" for topic in topics for partition in range(PARTITIONS)]
        await redis.delete(f"{place.prefix}:log", *names)
        await redis.aclose()
        return
    admin = AIOKafkaAdminClient(bootstrap_servers=place.log_url.removeprefix("kafka://"))
    await admin.start()
    try:
        await admin.delete_topics([f"{place.prefix}.log", *topics])
        await until(lambda: _are_gone(admin, topics))
    finally:
        await admin.close()


async def _are_gone(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> bool:
    return not set(topics) & set(await admin.list_topics())


async def test_a_late_replica_hides_nothing_that_its_successor_has_set(place: Place) -> None:
    """The index of what is due moves back only where it says what the mover knows."""
    async with running(place, Counting()) as run:
        await run.feed([post("c", 0)])
        await run.settle()
        partition = partition_of("c", PARTITIONS)
        known = (await run.store.due(partition))["c"]
        sooner = post("c", -5).at
        await run.store.save_due(partition, [("c", sooner)])
        await run.feed([tick(partition, 30)])
        await run.settle()
        assert (await run.store.due(partition))["c"] == sooner
        assert known > sooner


async def test_a_write_is_refused_where_the_position_is_another(place: Place) -> None:
    """The store's own promise, under all of this: all of a write or nothing of it."""
    async with running(place, Counting()) as run:
        await run.feed([reply("c", 1)])
        await run.settle()
        stored = await run.store.load("c")
        late = Write("c", b"another", b"{}", Changes({"count/x": b"{}"}, {"count/all"}), [(9, b"x")])
        assert await run.store.write([late]) == [False]
        assert await run.store.load("c") == stored
