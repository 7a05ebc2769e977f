"""The steps on one community's working copy: time, timers, repeats, and what is written."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events import Event
from shared.failures import Unprocessable
from shared.state import Documents, Timer
from shared.store import load_position
from shared.wire import Envelope, decode
from shared.working import Arrival, TimerFailed, Working
from tests.loop.counting import Counting, Ledger
from tests.loop.harness import START, post, reply, tick
from tests.loop.pure import PurePartition

MINUTES = st.integers(0, 120).map(lambda tenths: tenths / 2)


def working(position: bytes = b"") -> Working[Ledger]:
    documents = Documents({})
    stored = load_position(position) if position else None
    return Working(Counting(), "c", documents, Ledger("c", documents), position, stored, sequenced=True)


def arrival(event: Event, offset: int = 0, sequence: int | None = None) -> Arrival:
    return Arrival(offset, "c", b"", Envelope(event), sequence)


def out(copy: Working[Ledger]) -> list[tuple[str, float]]:
    """What was emitted so far: ids, and minutes since START."""
    events = [decode(body).event for _, body in copy.emitted]
    return [(event.id, (event.at - START).total_seconds() / 60) for event in events]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), MINUTES), max_size=30),
    st.sets(st.integers(0, 75), max_size=40),
    st.sets(st.integers(0, 75), max_size=40),
    st.integers(0, 30),
)
def test_decisions_do_not_depend_on_how_dense_the_ticks_are(
    posts: list[tuple[str, float]], some: set[int], others: set[int], restart: int
) -> None:
    """Whatever ticks come between, and wherever a process restarts: the same records, at the same times."""
    events: list[Event] = [post(c, n, minutes) for n, (c, minutes) in enumerate(sorted(posts, key=lambda p: p[1]))]
    end = tick(0, 200)
    results = []
    for ticks in (set(), some, others, some | others):
        # A tick says that all before it has happened: by time, after the events of its own moment.
        fed = sorted([*events, *(tick(0, minute) for minute in ticks)], key=lambda e: (e.at, e.id.startswith("tick")))
        partition = PurePartition()
        partition.feed(fed[:restart])
        partition.forget()
        partition.feed([*fed[restart:], end])
        results.append((partition.emitted, {c: s.documents for c, s in partition.stored.items()}))
    assert all(result == results[0] for result in results)
    reports = [event for events in results[0][0].values() for event in events if event.id.startswith("report")]
    assert len(reports) == len(events)


@settings(deadline=None)
@given(st.lists(st.tuples(MINUTES, st.booleans()), min_size=1, max_size=20))
def test_events_come_out_unchanged_and_numbered(written: list[tuple[float, bool]]) -> None:
    """In whatever order of time they come: each passes on as it is, the numbers run from 1 without a hole."""
    events = [post("c", n, m) if is_post else reply("c", n, minutes=m) for n, (m, is_post) in enumerate(written)]
    partition = PurePartition()
    partition.feed(events)
    emitted = partition.emitted["c"]
    assert [event for event in emitted if event.source == "test"] == events


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=30))
def test_a_fact_applied_twice_changes_nothing(numbers: list[int]) -> None:
    """Repeats at any place leave the documents as without them."""
    once, twice = PurePartition(), PurePartition()
    once.feed([reply("c", n, minutes=0) for n in dict.fromkeys(numbers)])
    twice.feed([reply("c", n, minutes=0) for n in numbers])
    assert {c: s.documents for c, s in once.stored.items()} == {c: s.documents for c, s in twice.stored.items()}


def test_what_is_due_fires_first_each_as_of_its_own_time() -> None:
    """Timers fire before the record that passes them, in order of due time, at that time and not at the record's."""
    copy = working()
    for number, event in enumerate([post("c", 2), post("c", 1), reply("c", 60)]):
        copy.step(arrival(event, number), "log", None, None)
    assert out(copy) == [("post/2", 2), ("post/1", 1), ("report/p1", 8), ("report/p2", 9), ("reply/60", 60)]


def test_what_falls_due_by_a_late_record_fires_after_it_at_the_clock() -> None:
    """An old post in a live community does not turn the clock back."""
    copy = working()
    copy.step(arrival(reply("c", 60), 0), "log", None, None)
    copy.step(arrival(post("c", 1), 1), "log", None, None)
    assert out(copy) == [("reply/60", 60), ("post/1", 1), ("report/p1", 60)]


def test_the_clock_is_the_latest_time_heard_of_records_and_ticks() -> None:
    """It never runs backwards."""
    copy, clocks = working(), []
    heard = [(10.0, None), (5.0, None), (6.0, 20.0), (30.0, 20.0)]
    for offset, (minutes, ticked) in enumerate(heard):
        at = START + timedelta(minutes=ticked) if ticked is not None else None
        copy.step(arrival(reply("c", offset, minutes=minutes), offset), "log", at, None)
        assert copy.clock is not None
        clocks.append((copy.clock - START).total_seconds() / 60)
    assert clocks == [10, 10, 20, 30]


def test_a_tick_fires_and_emits_nothing_of_its_own() -> None:
    """Ticks are no facts of a community: the loop passes them on, not the copy."""
    copy = working()
    copy.step(arrival(post("c", 1), 0), "log", None, None)
    copy.step(arrival(tick(0, 60), 1), "log", START + timedelta(minutes=60), None)
    assert out(copy) == [("post/1", 1), ("report/p1", 8)]


def test_a_dead_record_moves_position_and_clock_and_fires_what_was_due() -> None:
    """What a letter was written about leaves no other trace."""
    copy = working()
    copy.step(arrival(post("c", 1), 0), "log", None, None)
    copy.step(arrival(reply("c", 30, "bug"), 1), "log", None, None, dead=True)
    copy.step(Arrival(2, "c", b"rubbish", None, None, Unprocessable()), "log", None, None, dead=True)
    assert out(copy) == [("post/1", 1), ("report/p1", 8)]
    assert copy.position is not None
    assert (copy.position.offset, copy.position.clock) == (2, START + timedelta(minutes=30))


def test_a_timer_that_fails_says_which_and_ends_without_firing_once_it_is_buried() -> None:
    """The same step, given the timer as buried, does all the rest."""
    copy = working()
    copy.documents.set_timer("broken", "x", START)
    copy.position = load_position(b'{"generation":"log","offset":0,"read":0,"emitted":0,"clock":null}')
    with pytest.raises(TimerFailed) as failed:
        copy.step(arrival(reply("c", 1), 1), "log", None, None)
    assert failed.value.timer == Timer("broken", "x", START)
    copy.documents.set_timer("broken", "x", START)
    copy.step(arrival(reply("c", 1), 1), "log", None, None, buried=[failed.value.timer])
    assert out(copy) == [("reply/1", 1)]
    assert copy.documents.next_due() is None


def test_repeats_are_known_by_number_or_by_place() -> None:
    """A sequence number where there is one; else log generation and offset: another log's offsets mean nothing."""
    copy = working(b'{"generation":"log","offset":7,"read":5,"emitted":0,"clock":null}')
    event = reply("c", 1)
    assert copy.repeats(arrival(event, 99, sequence=5), "log")
    assert not copy.repeats(arrival(event, 3, sequence=6), "log")
    assert copy.repeats(arrival(event, 7), "log")
    assert not copy.repeats(arrival(event, 8), "log")
    assert not copy.repeats(arrival(event, 7), "another")
    assert not working().repeats(arrival(event, 0), "log")


def test_nothing_moved_is_nothing_to_write() -> None:
    """A write is made once, and expects what the one before it left."""
    copy = working()
    assert copy.write() is None
    copy.step(arrival(post("c", 1), 0), "log", None, None)
    first = copy.write()
    assert first is not None
    assert (first.expected, [number for number, _ in first.outbox]) == (b"", [1])
    copy.written(first)
    assert copy.write() is None
    copy.step(arrival(reply("c", 2), 1), "log", None, None)
    second = copy.write()
    assert second is not None
    assert (second.expected, [number for number, _ in second.outbox]) == (first.position, [2])


def test_the_next_record_is_awaited_and_no_other() -> None:
    """By number where there is one: neither a repeat nor one after a gap; else any place after the last."""
    copy = working(b'{"generation":"log","offset":7,"read":5,"emitted":0,"clock":null}')
    event = reply("c", 1)
    assert [n for n in range(10) if copy.awaits(arrival(event, 99, sequence=n), "log")] == [6]
    assert [n for n in range(10) if copy.awaits(arrival(event, n), "log")] == [8, 9]
