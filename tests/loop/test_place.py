"""A partition's place: what comes next, where to resume, what is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.log import Incoming
from shared.place import TRAIL_SECONDS, Place
from tests.loop.harness import START


class Hands:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def records(*offsets: int) -> list[Incoming]:
    return [Incoming(0, offset, b"") for offset in offsets]


def offsets(found: Sequence[Incoming] | None) -> list[int] | None:
    return None if found is None else [record.offset for record in found]


def place(next_offset: int = 0, hands: Hands | None = None, **due: int) -> Place:
    return Place(0, "log", next_offset, None, {c: at(m) for c, m in due.items()}, monotonic=hands or Hands())


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def test_what_was_handled_is_left_out_and_what_comes_after_a_hole_is_sought_again() -> None:
    """Records that were fetched before a seek are not taken for the next ones."""
    here = place(5)
    assert offsets(here.expected(records(3, 4, 5, 6))) == [5, 6]
    assert offsets(here.expected(records(3, 4))) == []
    assert here.expected(records(8, 9)) is None


def test_a_hole_that_is_still_there_after_a_seek_is_stepped_over() -> None:
    """Kafka's control records take offsets and are never delivered: the partition must not wait for them."""
    here = place(5)
    assert here.expected(records(7, 8)) is None
    assert offsets(here.expected(records(7, 8))) == [7, 8]
    here.advance(9)
    assert here.expected(records(12)) is None
    assert here.expected(records(14)) is None
    assert offsets(here.expected(records(14))) == [14]


def test_the_place_to_resume_at_trails_with_the_clock_of_that_place() -> None:
    """What a disk or a replica may have lost of the last seconds is read again, under the clock of then."""
    hands = Hands()
    here = place(hands=hands)
    here.hear(at(1))
    here.advance(10)
    assert (here.watermark().handled, here.watermark().resume) == (10, 0)
    hands.now += TRAIL_SECONDS
    here.hear(at(2))
    here.advance(20)
    mark = here.watermark()
    assert (mark.handled, mark.resume, mark.clock) == (20, 10, at(1))


def test_a_stopped_community_holds_back_the_place_to_resume_at() -> None:
    """Its records after the gap are read again after a crash, however far the others are."""
    hands = Hands()
    here = place(hands=hands)
    here.advance(10)
    here.watermark()
    here.stop("gappy", 15)
    for _ in range(5):
        here.advance(here.next_offset + 10)
        here.watermark()
        hands.now += TRAIL_SECONDS
    assert here.watermark().resume == 10
    assert here.held() == 15


def test_a_filled_gap_is_gone_back_to_and_what_was_passed_by_counts_as_unread() -> None:
    """Until the records after the gap are applied, no crash may skip them."""
    hands = Hands()
    here = place(hands=hands)
    here.advance(10)
    here.stop("gappy", 10)
    here.watermark()
    here.advance(50)
    here.watermark()
    assert here.go_on("gappy", 49)
    assert here.held() == 10
    hands.now += TRAIL_SECONDS
    assert here.watermark().resume == 10
    assert here.rewind()
    assert here.next_offset == 10
    hands.now += TRAIL_SECONDS
    assert here.watermark().resume == 10
    assert not here.rewind()


def test_a_community_that_a_gap_stopped_hears_ticks_where_it_reads() -> None:
    """The others' clock is ahead of it; reading again it hears the same ticks, until it is where they are."""
    here = place()
    here.hear(at(1))
    here.stop("gappy", 5)
    here.hear(at(60))
    assert (here.clock, here.clock_of("gappy"), here.clock_of("other")) == (at(60), at(1), at(60))
    assert here.go_on("gappy", 9)
    here.hear(at(70))
    here.advance(12)
    assert here.passed_by("gappy")
    assert here.clock_of("gappy") == at(1)
    assert here.rewind()
    assert not here.passed_by("gappy")
    here.hear(at(60))
    here.advance(11)
    assert here.clock_of("gappy") == at(60)
    here.hear(at(70))
    here.advance(12)
    assert here.clock_of("gappy") == at(70)
    here.hear(at(80))
    assert here.clock_of("gappy") == at(80)
    assert here.clocks == {}


def test_while_reading_again_no_place_is_noted_to_resume_at() -> None:
    """After a crash there, the clock would be that of what comes later."""
    hands = Hands()
    here = place(hands=hands)
    here.stop("gappy", 0)
    here.hear(at(60))
    here.advance(50)
    here.go_on("gappy", 49)
    here.rewind()
    for offset in (10, 20, 30):
        here.advance(offset)
        mark = here.watermark()
        hands.now += TRAIL_SECONDS
        assert (mark.handled, mark.resume, mark.clock) == (offset, 0, None)
    for offset in (50, 60):
        here.advance(offset)
        mark = here.watermark()
        hands.now += TRAIL_SECONDS
    assert (mark.resume, mark.clock) == (50, at(60))


def test_what_waits_ahead_is_reached_without_going_back() -> None:
    """A community that was stopped by a record further on needs no second reading."""
    here = place()
    here.stop("gappy", 10)
    assert here.go_on("gappy", 7)
    assert not here.rewind()
    assert not here.go_on("gappy", 8)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 50))), max_size=40),
    st.integers(0, 50),
)
def test_communities_due_are_those_whose_latest_due_time_has_come(
    sets: list[tuple[str, int | None]], clock: int
) -> None:
    """However often due times move or go, and however often one asks."""
    here = place()
    model: dict[str, int] = {}
    for community, minutes in sets:
        here.set_due(community, None if minutes is None else at(minutes))
        if minutes is None:
            model.pop(community, None)
        else:
            model[community] = minutes
    expected = sorted(community for community, minutes in model.items() if minutes <= clock)
    assert here.communities_due(at(clock)) == expected
    assert here.communities_due(at(clock)) == expected


def test_due_times_that_come_forward_are_told_from_those_that_move_back() -> None:
    """The index in the store may be early, never late."""
    here = place(a=10)
    assert here.earlier_due("a", at(9))
    assert not here.earlier_due("a", at(10))
    assert not here.earlier_due("a", at(11))
    assert not here.earlier_due("a", None)
    assert here.earlier_due("b", at(11))


def test_the_clock_of_a_place_never_runs_backwards() -> None:
    """A tick that comes twice, or late, is heard once."""
    here = place()
    for minutes in (3, 1, 2):
        here.hear(at(minutes))
    assert here.clock == at(3)
