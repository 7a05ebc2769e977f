"""What cannot be processed leaves its partition as a dead letter, alone, on both transports."""

from datetime import timedelta

import pytest

from shared.dead_letters import Cause, open_letters
from shared.events import MessageRemoved
from shared.metrics import DEAD_LETTERS
from shared.service import TopicName
from shared.state import Documents
from shared.topics import partition_of
from tests.loop.counting import COUNTS, Count, Counting, Downstream
from tests.loop.harness import (
    PARTITIONS,
    START,
    Place,
    emitted,
    numbered,
    outgoing,
    post,
    reply,
    running,
    state_of,
    tick,
)


async def test_what_is_not_valid_becomes_a_letter_and_the_partition_moves_on(place: Place) -> None:
    """Rubbish, an event of a wrong shape and one whose community is no name are letters; what follows is handled."""
    partition = partition_of("c", PARTITIONS)
    wrong = (
        b'{"specversion": "1.0", "id": "x", "source": "s", "type": "kindling.PostPublished.v1",'
        b' "time": "2026-01-05T09:00:00Z", "partitionkey": "c", "data": {"message": 7}}'
    )
    # Each of them once ended the loop itself, before it could become a letter.
    hard = [
        b'{"partitionkey": "c", "sequence": "%s"}' % (b"9" * 5000),
        b'{"partitionkey": "\\ud800"}',
        b'{"partitionkey": "%s"}' % (b"x" * 300),
        b'{"partitionkey": "0", "type": "kindling.Tick.v1"}',
    ]
    async with running(place, Counting()) as run:
        await run.feed_raw([b"rubbish", b"\xff\xfe", b"[1]", wrong, *hard], partition)
        await run.feed([post("c", 1)])
        await run.settle()
        letters = sorted(await open_letters(run.log), key=lambda letter: letter.offset)
        out = await emitted(run.log)
    assert [letter.cause for letter in letters] == [Cause.INVALID] * 8
    assert [(letter.community, letter.offset - run.log.first) for letter in letters] == [
        ("", 0), ("", 1), ("", 2), ("c", 3), ("c", 4), ("", 5), ("", 6), ("", 7),
    ]  # fmt: skip
    assert "/data/" in letters[3].reason
    assert letters[0].body == "rubbish"
    assert [event_id for _, event_id, _ in out["c"]] == ["post/1"]


async def test_what_would_be_too_large_to_publish_is_a_letter(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written, it would be published in vain for ever, and the community stand still; the next record goes on."""
    monkeypatch.setattr("shared.working.RECORD_BYTES", 2000)
    monkeypatch.setattr("shared.isolation.RECORD_BYTES", 3000)
    async with running(place, Counting()) as run:
        await run.feed([reply("c", 1), reply("c", 2, "x" * 2000), reply("c", 3, "x" * 4000), reply("c", 4)])
        await run.settle()
        kept, large = sorted(await open_letters(run.log), key=lambda letter: letter.offset)
        out = await emitted(run.log)
    assert [event_id for _, event_id, _ in out["c"]] == ["reply/1", "reply/4"]
    assert "ReplyPublished would have 2" in kept.reason
    assert "x" * 2000 in kept.body
    # What does not fit into a letter says where it is.
    assert large.body == ""
    assert "too large to be kept here" in large.reason
    assert (large.topic, large.offset - kept.offset) == (TopicName.ACTIVITY, 1)


async def test_what_is_in_another_community_s_partition_hides_nothing(place: Place) -> None:
    """A producer with another partitioner gets letters; what is where it belongs is handled, whatever its offset."""
    own = partition_of("c", PARTITIONS)
    other = (own + 1) % PARTITIONS
    async with running(place, Counting()) as run:
        await run.feed_raw([b"rubbish"] * 3 + [outgoing(post("c", 1)).body, outgoing(tick(own, 60)).body], other)
        await run.settle()
        await run.feed([post("c", 2)])
        await run.settle()
        letters = sorted(await open_letters(run.log), key=lambda letter: letter.offset)
        out = await emitted(run.log)
    assert [letter.community for letter in letters] == [""] * 5
    assert f"belongs to partition {own}" in letters[3].reason
    assert [event_id for _, event_id, _ in out["c"]] == ["post/2"]


async def test_an_unreadable_number_is_no_gap(place: Place) -> None:
    """A record that cannot be read stops nobody by a number that no service writes, and a tick names no community."""
    partition = partition_of("c", PARTITIONS)
    wrong = [
        b'{"partitionkey": "c", "sequence": "%s"}' % (b"9" * 21),
        b'{"partitionkey": "%d", "type": "kindling.Tick.v9", "sequence": "7"}' % partition,
    ]
    first, second = numbered([post("c", 1), reply("c", 2)])
    async with running(place, Downstream()) as run:
        await run.feed_raw([first, *wrong, second], partition)
        await run.settle()
        assert run.processor.status.stopped == {}
        letters = await open_letters(run.log)
        out = await emitted(run.log, TopicName.NUDGES)
        nobody = await run.store.load(str(partition))
    assert sorted(letter.community for letter in letters) == ["", "c"]
    assert [event_id for _, event_id, _ in out["c"]] == ["post/1", "reply/2"]
    assert nobody.position is None


async def test_what_fails_for_good_becomes_a_letter_after_bounded_attempts(place: Place) -> None:
    """A bug is tried three times, what can never be processed once; the letter says where, why and how often."""
    async with running(place, Counting()) as run:
        await run.feed([post("c", 1), reply("c", 2, "bug"), reply("c", 3), reply("c", 4, "poison"), reply("d", 5)])
        await run.settle()
        bug, poison = await open_letters(run.log)
        out = await emitted(run.log)
        count = Documents(await state_of(run.store, "c")).get(COUNTS, "all")
    assert (bug.cause, bug.reason, bug.attempts, bug.community) == (Cause.FAILED, "ZeroDivisionError", 3, "c")
    assert bug.frame.startswith("counting.py:")
    assert (bug.service, bug.topic, bug.partition) == ("recommend", "activity", partition_of("c", PARTITIONS))
    assert bug.offset == poison.offset - 2
    assert (poison.reason, poison.attempts) == ("a reply that says so", 1)
    assert [event_id for _, event_id, _ in out["c"]] == ["post/1", "reply/3"]
    assert [event_id for _, event_id, _ in out["d"]] == ["reply/5"]
    assert count == Count(posts=1, replies=1)


async def test_a_letters_record_still_moves_the_clock_and_fires_what_is_due(place: Place) -> None:
    """A timer that fell due before a record that died fires as of its own due time all the same."""
    async with running(place, Counting()) as run:
        await run.feed([post("c", 1), reply("c", 30, "bug"), reply("c", 31)])
        await run.settle()
        out = (await emitted(run.log))["c"]
    assert out == [
        (1, "post/1", START + timedelta(minutes=1)),
        (2, "report/p1", START + timedelta(minutes=8)),
        (3, "reply/31", START + timedelta(minutes=31)),
    ]


async def test_a_timer_that_fails_becomes_a_letter_and_the_community_goes_on(place: Place) -> None:
    """The timer is to blame, not the record or tick that made it due: those are handled, and so is what follows."""
    removed = MessageRemoved(id="x", source="test", at=START, community="c", message="p0")
    before = DEAD_LETTERS.labels("recommend", "timer")._value.get()
    async with running(place, Counting()) as run:
        await run.feed([removed, post("c", 1), tick(partition_of("c", PARTITIONS), 60), reply("c", 70)])
        await run.settle()
        (letter,) = await open_letters(run.log)
        out = (await emitted(run.log))["c"]
    assert (letter.cause, letter.reason, letter.attempts) == (Cause.TIMER, "KeyError", 3)
    assert letter.frame.startswith("counting.py:")
    assert '"subject": "p0"' in letter.body
    assert [event_id for _, event_id, _ in out] == ["x", "post/1", "report/p1", "reply/70"]
    assert DEAD_LETTERS.labels("recommend", "timer")._value.get() == before + 1
