"""The reserve: a part of everybody's week is for what is urgent, and nothing goes beyond the week."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.budget import free_at, reserved, usable_limit, weekly_limit, within_week
from services.nudge.choose import Applicant, Bar, bars, possible_at
from services.nudge.documents import Candidate, Member, Opportunity
from services.nudge.settings import NudgeSettings
from services.nudge.worth import is_urgent
from shared.events import (
    ContentQueued,
    Event,
    Kind,
    Match,
    MatchesRanked,
    NudgeIssued,
    PreferencesChanged,
    Role,
    SettingsChanged,
)
from tests.nudging import START, Garden, hours, make, people, post

SHARES = st.floats(0, 1)
ASKS = st.lists(st.floats(0, 20 * 24), max_size=15)


def asked(events: list[Event]) -> list[str]:
    return [event.post for event in events if isinstance(event, NudgeIssued)]


def publish(garden: Garden, message: str, at: float, *, first: bool = False) -> list[Event]:
    """Have Ann match a post that is published some hours after the start."""
    event = post(START + hours(at), message=message)
    ranking: MatchesRanked = make(
        MatchesRanked, event.at, message=message, channel="open", author="asker", published=event.at,
        first_post=first, model="m", matches=(Match(member="ann", score=0.9),),
    )  # fmt: skip
    return garden.step(event, ranking)


@given(st.integers(0, 100), SHARES)
def test_what_is_kept_leaves_something_for_the_rest(limit: int, share: float) -> None:
    """Never all of a week is kept; nothing of a week of one; and about the share of it otherwise."""
    kept = reserved(limit, NudgeSettings(reserve_share=share))
    assert 0 <= kept <= max(0, limit - 1)
    assert kept <= share * limit + 0.5


@given(ASKS, SHARES, st.integers(0, 100), st.integers(0, 10), st.booleans())
def test_the_reserve_is_for_what_is_urgent_and_the_week_for_nobody_to_exceed(
    asks: list[float], share: float, own: int, cap: int, urgent: bool
) -> None:
    """Asked whenever they may be, somebody never comes beyond their week, nor the cap; and with what is not urgent
    never beyond what is not kept.
    """
    defaults = dict.fromkeys(("weekly_asks_member", "weekly_asks_champion", "weekly_asks_leader"), min(3, cap))
    settings = NudgeSettings(reserve_share=share, weekly_asks_cap=cap, gap_hours=0, **defaults)
    member = Member(roles=(Role.CHAMPION,), weekly_asks=own)
    limit = weekly_limit(member, settings)
    usable = usable_limit(member, settings, urgent=urgent)
    assert usable <= limit <= min(cap, own)
    times: list[Any] = []
    for at in sorted(asks):
        clock = START + hours(at)
        one = Applicant(
            Candidate("ann", 0.5, 1), member, reads=True, asked=False, author=False, asks=tuple(times), urgent=urgent
        )
        if bars(one, Kind.REPLY, clock, settings):
            again = possible_at(one, clock, settings)
            assert again == free_at(times, usable, clock)
            assert again is None or not bars(one, Kind.REPLY, again, settings)
            continue
        times.append(clock)
        assert len(within_week(times, clock)) <= usable


@given(ASKS, SHARES)
def test_what_is_urgent_may_use_all_of_a_week(asks: list[float], share: float) -> None:
    """Whoever may be asked about what is not urgent may be asked about what is; and that up to the limit."""
    settings = NudgeSettings(reserve_share=share, gap_hours=0)
    one = Applicant(
        Candidate("ann", 0.5, 1), Member(roles=(Role.CHAMPION,)), reads=True, asked=False, author=False,
        asks=tuple(START - hours(ago) for ago in asks),
    )  # fmt: skip
    barred, barred_urgent = (bars(replace(one, urgent=urgent), Kind.REPLY, START, settings) for urgent in (False, True))
    assert set(barred_urgent) <= set(barred) <= {Bar.BUDGET}
    assert (not barred_urgent) == (len(within_week(one.asks, START)) < settings.weekly_asks_champion)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"kind": Kind.WELCOME}, True),
        ({"sensitive": True}, True),
        ({"still_open": ((24.0, 0.95),)}, True),
        ({"still_open": ((24.0, 0.5),)}, False),
    ],
)
def test_what_is_urgent(fields: dict[str, Any], expected: bool) -> None:
    """A first post, what is grave, and a post that nobody is likely to answer by themselves."""
    opportunity = Opportunity(
        **{
            "kind": Kind.REPLY, "channel": "open", "author": "asker", "published": START, "ready": START,
            "ends": START + hours(72), "model": "m", "candidates": (), "still_open": ((24.0, 0.5),), **fields,
        }
    )  # fmt: skip
    assert is_urgent(opportunity, START, NudgeSettings()) is expected


def test_a_newcomer_is_answered_when_the_week_is_used_up_but_for_what_is_kept() -> None:
    """Of Ann's five asks four go to what comes; the fifth is there for the first post, and then she has no more."""
    garden = Garden(attention_price=0.0, reserve_share=0.2, urgent_worth=2.0)
    out: list[Event] = []
    for number in range(6):
        publish(garden, f"p{number}", 3 * number)
        out += garden.until(START + hours(3 * number + 2.9))
    assert asked(out) == ["p0", "p1", "p2", "p3"]
    out = publish(garden, "first", 20, first=True) + publish(garden, "second", 21, first=True)
    assert asked(out + garden.until(START + hours(30))) == ["first"]


def test_a_post_that_becomes_urgent_while_it_waits_may_use_what_is_kept() -> None:
    """Nobody is asked about it as long as others may come; once it is past waiting for them, Ann is."""
    garden = Garden(attention_price=0.0, weekly_asks_champion=2, reserve_share=0.5, reply_patience_hours=1.0)
    publish(garden, "p", 0)
    assert asked(garden.until(START + hours(2))) == ["p"]
    event = post(START + hours(3), message="q")
    open_still = {1: 0.5, 4: 0.45, 12: 0.44, 24: 0.43}
    ranking: MatchesRanked = make(
        MatchesRanked, event.at, message="q", channel="open", author="asker", published=event.at, first_post=False,
        model="m", matches=(Match(member="ann", score=0.9),),
        still_open=tuple({"hours": age, "probability": chance} for age, chance in open_still.items()),
    )  # fmt: skip
    garden.step(event, ranking)
    opportunity = garden.state.opportunity("q")
    assert opportunity is not None
    assert not is_urgent(opportunity, event.at, garden.settings)
    out = garden.until(START + hours(20))
    assert asked(out) == ["q"]
    issued = next(one for one in out if isinstance(one, NudgeIssued))
    assert is_urgent(opportunity, issued.at, garden.settings)
    assert not is_urgent(opportunity, issued.at - timedelta(hours=1, minutes=15), garden.settings)


def test_no_setting_lifts_the_cap() -> None:
    """What people, platforms and other services say of budgets stays below what operators of nudge set."""
    garden = Garden(attention_price=0.0, weekly_asks_cap=5)
    garden.step(make(PreferencesChanged, START, member="ann", weekly_asks=100))
    names = ("weekly_asks_cap", "nudge.weekly_asks_cap", "KINDLING_NUDGE__WEEKLY_ASKS_CAP", "reserve_share")
    garden.step(make(SettingsChanged, START, settings=dict.fromkeys(names, 100)))
    out: list[Event] = []
    for number in range(12):
        publish(garden, f"p{number}", 3 * number, first=True)
        out += garden.until(START + hours(3 * number + 2.9))
    assert len(asked(out)) == 5


def test_of_several_kinds_the_one_that_is_worth_most_comes_first() -> None:
    """One person is asked for one thing in a round: a newcomer before content to share, which waits its turn."""
    garden = Garden([*people(START - hours(1), champions=("ann",))])
    publish(garden, "first", 0, first=True)
    garden.step(make(ContentQueued, START + hours(0.9), content="c", title="A guide", by="plain"))
    out = [event for event in garden.until(START + hours(2)) if isinstance(event, NudgeIssued)]
    assert [event.kind for event in out] == [Kind.WELCOME, Kind.SHARE]
