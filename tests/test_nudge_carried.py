"""What somebody answers unasked counts in the price of their attention, where operators want it."""

from datetime import timedelta
from typing import Any

import pytest

from services.nudge.documents import ASKS, Asks
from shared.events import Event, MemberForgotten, NudgeIssued, PreferencesChanged, Role, RolesChanged
from tests.nudging import START, Garden, hours, make, people, post, ranked, reply

BEFORE, LATER = START - hours(1), START + hours(3)


def carried(garden: Garden, member: str) -> set[str]:
    return set((garden.documents.get(ASKS, member) or Asks()).carried)


def busy(garden: Garden, threads: int, member: str = "ann", at: Any = START) -> None:
    """Have somebody answer so many posts by themselves, twice each."""
    for n in range(threads):
        garden.step(post(at + hours(n / 10), message=f"t{n}"))
        for again in range(2):
            garden.step(reply(at + hours(n / 10 + 0.01), member, to=f"t{n}", message=f"r{n}.{again}"))


def asked(garden: Garden, at: Any = LATER) -> list[str]:
    """Say who is asked about a post that Ann fits a little better than Bob."""
    event = post(at)
    garden.step(event, ranked(event, "ann", "bob"))
    return [one.member for one in garden.until(at + hours(3)) if isinstance(one, NudgeIssued)]


@pytest.mark.parametrize(("weight", "who"), [(0.0, "ann"), (0.05, "ann"), (1.0, "bob")])
def test_who_carries_much_unasked_is_asked_less(weight: float, who: str) -> None:
    """Only where operators say how much it counts; else who fits better is asked, as before."""
    garden = Garden(carried_weight=weight, attention_price=0.3)
    busy(garden, 5)
    assert asked(garden) == [who]


def test_nothing_is_noted_where_it_does_not_count() -> None:
    """By default nobody's replies are kept for it."""
    garden = Garden()
    busy(garden, 3)
    assert not carried(garden, "ann")


def test_a_thread_counts_once_and_only_where_nobody_had_asked() -> None:
    """Several replies are one thread; who was asked about it, or answers for a leader who was, carries nothing more."""
    garden = Garden(
        [
            *people(BEFORE),
            make(RolesChanged, BEFORE, member="dan", roles=(Role.LEADER,)),
            make(PreferencesChanged, BEFORE, member="dan", delegates=("cat",)),
        ],
        carried_weight=0.5,
    )
    busy(garden, 2)
    assert carried(garden, "ann") == {"t0", "t1"}
    for message, who in (("p", "bob"), ("q", "dan")):
        event = post(START + hours(3), message=message)
        garden.step(event, ranked(event, who))
    garden.until(START + hours(6))
    garden.step(reply(START + hours(6), "bob", message="own"), reply(START + hours(6), "cat", to="q", message="theirs"))
    for who in ("bob", "cat"):
        assert not carried(garden, who)
    garden.step(
        reply(START + hours(6.1), "bob", message="more"), reply(START + hours(6.1), "cat", to="q", message="yes")
    )
    for who in ("bob", "cat"):
        assert not carried(garden, who)


def test_it_is_of_a_week_and_goes_with_who_is_forgotten() -> None:
    """A week later it counts for nothing, and is dropped with the next; a bot carries nothing."""
    garden = Garden(carried_weight=1.0, attention_price=0.3)
    busy(garden, 5)
    busy(garden, 1, "bot", START + hours(1))
    assert not carried(garden, "bot")
    later = START + timedelta(days=7, hours=3)
    assert asked(garden, later) == ["ann"]
    late: list[Event] = [post(later + hours(4), message="new"), reply(later + hours(5), "ann", to="new", message="n")]
    garden.step(*late)
    assert carried(garden, "ann") == {"new"}
    garden.step(make(MemberForgotten, later + hours(6), member="ann"))
    assert not carried(garden, "ann")


def test_it_never_costs_more_than_a_week_of_asks() -> None:
    """Whoever answers everything is still asked where nobody else can be."""
    garden = Garden(carried_weight=1.0, attention_price=0.3)
    busy(garden, 20)
    event = post(START + hours(3))
    garden.step(event, ranked(event, "ann"))
    assert [one.member for one in garden.until(START + hours(6)) if isinstance(one, NudgeIssued)] == ["ann"]
