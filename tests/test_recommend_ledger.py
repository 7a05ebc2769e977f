"""The ledger against a slow obvious version."""

import math
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend import ledger
from services.recommend.ledger import NEVER, Ledger

HALF_LIVES = (10.0, 1000.0, math.inf)
PEOPLE = 4
ENTRIES = st.lists(st.tuples(st.integers(0, 50).map(float), st.integers(0, PEOPLE - 1), st.integers(0, 2)), max_size=25)


@pytest.fixture(autouse=True, scope="module")
def _small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "BLOCK", 3)
        yield


def slow(entries: list[tuple[float, int, int]], now: float) -> tuple[list[list[float]], list[float]]:
    before = [(at, person) for at, person, _ in entries if at < now]
    sums = [
        [sum(0.5 ** ((now - at) / half) for at, who in before if who == person) for person in range(PEOPLE)]
        for half in HALF_LIVES
    ]
    return sums, [max((at for at, who in before if who == person), default=NEVER) for person in range(PEOPLE)]


@settings(max_examples=150, deadline=None)
@given(ENTRIES, st.lists(st.integers(0, 55).map(float), min_size=1, max_size=4), st.data())
def test_what_is_read_is_what_counting_would_give(
    entries: list[tuple[float, int, int]], moments: list[float], data: st.DataObject
) -> None:
    """In whatever order entries come and go, and whenever it is read, only what lies strictly before counts."""
    made = Ledger(HALF_LIVES)
    kept: list[tuple[float, int, int]] = []
    for entry in entries:
        made.add(*entry)
        kept.append(entry)
        if data.draw(st.booleans()):
            gone = data.draw(st.sampled_from(kept))
            made.remove(*gone)
            kept.remove(gone)
        if data.draw(st.booleans()):
            made.sums(data.draw(st.sampled_from(moments)), PEOPLE)  # carries sums along
    for now in moments:
        sums, last = slow(kept, now)
        assert np.allclose(made.sums(now, PEOPLE), sums, rtol=1e-9, atol=1e-12)
        assert made.last(now, PEOPLE).tolist() == last
        of_each = np.array([made.sum_of(now, person) for person in range(PEOPLE)]).T
        assert of_each.tobytes() == np.ascontiguousarray(made.sums(now, PEOPLE)).tobytes()
        assert [made.last_of(now, person) for person in range(PEOPLE)] == last
    assert len(made) == len(kept)


@settings(max_examples=150, deadline=None)
@given(ENTRIES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_leaves_no_trace(entries: list[tuple[float, int, int]], random: Random) -> None:
    """Built anew from the same entries it reads the same bits, ties and all, so a restart changes no ranking."""
    shuffled = list(entries)
    random.shuffle(shuffled)
    one, other = Ledger(HALF_LIVES), Ledger(HALF_LIVES)
    for entry in sorted(entries):
        one.add(*entry)
        one.sums(entry[0], PEOPLE)
    for entry in shuffled:
        other.add(*entry)
    for now in (60.0, 33.3, 20.0):
        assert one.sums(now, PEOPLE).tobytes() == other.sums(now, PEOPLE).tobytes()
        assert one.last(now, PEOPLE).tobytes() == other.last(now, PEOPLE).tobytes()


@settings(max_examples=50, deadline=None)
@given(ENTRIES, ENTRIES)
def test_what_was_taken_away_leaves_no_trace(
    kept: list[tuple[float, int, int]], gone: list[tuple[float, int, int]]
) -> None:
    """After adding and removing it reads the same bits as if what went had never been."""
    one, other = Ledger(HALF_LIVES), Ledger(HALF_LIVES)
    for entry in (*gone, *kept):
        one.add(*entry)
        one.sums(45.0, PEOPLE)
    for entry in gone:
        one.remove(*entry)
    for entry in kept:
        other.add(*entry)
    assert one.sums(45.0, PEOPLE).tobytes() == other.sums(45.0, PEOPLE).tobytes()


def test_history_that_comes_after_the_present_counts() -> None:
    """A ledger that was read before anything lay in its past takes in years of it, and stays with numbers."""
    now, year = 1.7e9, 365 * 86400.0
    made = Ledger((600.0, year, math.inf))
    made.add(now, 0, 0)
    assert made.sums(now, 1).tolist() == [[0.0]] * 3
    assert made.sums(now - 20 * year, 1).tolist() == [[0.0]] * 3
    for nth in range(7):
        made.add(now - 10 * year + nth, 0, nth + 1)
    assert made.sums(now, 1)[:, 0] == pytest.approx([0.0, 7 / 1024, 7.0], rel=1e-6)
    assert made.last(now, 1).tolist() == [now - 10 * year + 6]


def test_people_who_come_later_have_done_nothing_before() -> None:
    """Arrays grow with the community, and who is new stands at nothing."""
    made = Ledger(HALF_LIVES)
    for at in range(10):
        made.add(float(at), 0, 0)
    assert made.sums(20.0, 1).shape == (3, 1)
    assert made.sums(20.0, 3)[:, 1:].tolist() == [[0.0, 0.0]] * 3
    assert made.last(20.0, 3).tolist() == [9.0, NEVER, NEVER]


def test_what_was_never_entered_cannot_be_taken_away() -> None:
    """A mistake in keeping up is loud."""
    made = Ledger(HALF_LIVES)
    made.add(1.0, 0, 0)
    for entry in ((1.0, 1, 0), (2.0, 0, 0), (1.0, 0, 1)):
        with pytest.raises(KeyError):
            made.remove(*entry)
