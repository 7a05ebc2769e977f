"""Handing a nudge over to somebody."""

from datetime import time

import pytest

from services.nudge.documents import Named
from shared.events import (
    Answer,
    Event,
    Kind,
    MemberForgotten,
    MemberLeft,
    NudgeIssued,
    PreferencesChanged,
    Withdrawal,
    WorkingHours,
)
from tests.nudging import START, Garden, dump, hours, make
from tests.test_nudge_answers import say, with_nudge
from tests.test_nudge_asks import asked, opened, withdrawn


def test_a_nudge_is_handed_to_whom_they_name() -> None:
    """The person named is asked, also without a role; who may not be asked is not, and the next is."""
    garden, nudge = with_nudge("ann", "bob", "cat")
    out = say(garden, nudge, Answer.HAND_OVER, to="plain")
    assert withdrawn(out) == [("ann", Withdrawal.HANDED_OVER)]
    assert asked(out) == ["plain"]
    for nobody in ("asker", "bot", "stranger", "ann"):
        garden, nudge = with_nudge("ann", "bob")
        assert asked(say(garden, nudge, Answer.HAND_OVER, to=nobody)) == ["bob"]


def test_a_named_person_is_asked_beyond_the_limit() -> None:
    """The third person asked may still hand over; the nudge is not lost, and the limit holds for all others."""
    garden = Garden(people_per_post=1)
    opened(garden, "ann", "bob")
    [issued] = garden.until(START + hours(2))
    assert isinstance(issued, NudgeIssued)
    assert asked(say(garden, issued.nudge, Answer.HAND_OVER, to="plain")) == ["plain"]
    assert asked(garden.until(START + hours(100))) == []


def at_night(garden: Garden, member: str, start: int) -> None:
    """Let a member be asked only in the hour that starts at this hour of the day, UTC, on any day."""
    hour = WorkingHours(start=time(start), end=time(start + 1), weekdays=(0, 1, 2, 3, 4, 5, 6))
    garden.step(make(PreferencesChanged, START, member=member, zone="UTC", hours=hour))


def test_who_is_named_is_waited_for() -> None:
    """Somebody whose day is over is asked when the next one begins, and nobody else before; they read by whom."""
    garden, nudge = with_nudge("ann", "bob")
    at_night(garden, "plain", 6)
    assert asked(say(garden, nudge, Answer.HAND_OVER, to="plain")) == []
    opportunity = garden.state.opportunity("p")
    assert opportunity is not None
    assert opportunity.named == Named("plain", "ann")
    [issued] = garden.until(START + hours(30))
    assert isinstance(issued, NudgeIssued)
    assert (issued.member, issued.at) == ("plain", START + hours(18))
    stored = garden.state.nudge(issued.nudge)
    assert stored is not None
    assert stored.handed_by == "ann"
    assert asked(garden.until(START + hours(42))) == ["bob"]


def test_who_is_named_and_away_for_long_does_not_hold_up_a_post() -> None:
    """Who cannot be asked within a day comes after the next, not never; who cannot be in time, not at all."""
    garden, nudge = with_nudge("ann", "bob", "cat")
    garden.step(make(PreferencesChanged, START, member="plain", paused_until=START + hours(40)))
    assert asked(say(garden, nudge, Answer.HAND_OVER, to="plain")) == ["bob"]
    out = garden.until(START + hours(60))
    assert [(e.member, e.at) for e in out if isinstance(e, NudgeIssued)] == [("plain", START + hours(40))]
    garden, nudge = with_nudge("ann", "bob", "cat")
    garden.step(make(PreferencesChanged, START, member="plain", paused_until=START + hours(73)))
    assert asked(say(garden, nudge, Answer.HAND_OVER, to="plain")) == ["bob"]
    assert asked(garden.until(START + hours(73))) == ["cat"]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (PreferencesChanged, {"without": (Kind.REPLY,)}),
        (MemberLeft, {}),
        (MemberForgotten, {}),
    ],
)
def test_who_is_named_and_then_barred_is_waited_for_no_more(kind: type[Event], fields: dict[str, object]) -> None:
    """When they opt out, leave or are forgotten, the next is asked at once."""
    garden, nudge = with_nudge("ann", "bob")
    at_night(garden, "plain", 6)
    say(garden, nudge, Answer.HAND_OVER, to="plain")
    out = garden.step(make(kind, START + hours(4), member="plain", **fields))
    assert asked(out) == ["bob"]
    opportunity = garden.state.opportunity("p")
    assert opportunity is not None
    assert opportunity.named is None


def test_who_handed_over_and_was_forgotten_is_not_named() -> None:
    """The person named is asked all the same, and of who named them nothing is kept."""
    garden, nudge = with_nudge("ann", "bob")
    at_night(garden, "plain", 6)
    say(garden, nudge, Answer.HAND_OVER, to="plain")
    garden.step(make(MemberForgotten, START + hours(4), member="ann"))
    assert b'"ann"' not in b"".join(dump(garden.documents).values())
    assert asked(garden.until(START + hours(30))) == ["plain"]
