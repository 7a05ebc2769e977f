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
    here.stopped["gappy"] = 15
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
    here.stopped["gappy"] = 10
    here.watermark()
    here.advance(50)
    here.watermark()
    here.reread_from = here.stopped.pop("gappy")
    assert here.held() == 10
    hands.now += TRAIL_SECONDS
    assert here.watermark().resume == 10
    assert here.rewind()
    assert here.next_offset == 10
    hands.now += TRAIL_SECONDS
    assert here.watermark().resume == 10
    assert not here.rewind()


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
