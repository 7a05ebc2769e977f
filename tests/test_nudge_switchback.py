"""Whole weeks without asking, drawn at random, say what asking adds to all posts together; operators see it."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.nudge.choose import Bar
from services.nudge.decision_log import DECISIONS, nobody_key
from services.nudge.documents import EFFECTS, THE_COMMUNITY, WEEK_POSTS, WEEKS, Running, Week
from services.nudge.effect import OF_WEEKS, effect, with_outcome
from services.nudge.handlers import Nudge
from services.nudge.hold import chance_draw
from services.nudge.links import Place
from services.nudge.measure import Outcome, week_of
from services.nudge.proposals import standing
from services.nudge.settings import NudgeSettings
from services.nudge.switchback import BEGIN_WEEK, monday_after, week_key
from services.nudge.unasked import UNASKED, Unasked, Why
from shared.events import (
    Answer,
    CommunityClosed,
    CommunityOpened,
    MessageRemoved,
    Mode,
    NudgeIssued,
    NudgeReviewed,
    PreferencesChanged,
    WeekDrawn,
)
from tests.nudge_house import KEY, SETTINGS, open_house
from tests.nudging import COMMUNITY, START, Garden, answered, hours, make, post, ranked, reply

SHARE = 0.5
WEEK = timedelta(days=7)
MONDAY = monday_after(START)


def is_off(monday: datetime) -> bool:
    return chance_draw(COMMUNITY, "week", week_of(monday), "holdout") < SHARE


OFF, ON = (next(MONDAY + n * WEEK for n in range(50) if is_off(MONDAY + n * WEEK) is off) for off in (True, False))


def garden_of(**set_to: Any) -> Garden:
    """Make a community whose weeks are drawn, and in which a post has come in the week before the first."""
    garden = Garden(**{"switchback_share": SHARE, "weekly_asks_champion": 100, "weekly_asks_cap": 100, **set_to})
    written = post(START, message="before")
    garden.step(written, ranked(written, "ann"), reply(START, "cat", to="before", message="at once"))
    return garden


def publish(garden: Garden, at: datetime, message: str, *who: str, first: bool = False) -> None:
    garden.until(at)
    written = post(at, message=message)
    garden.step(written, ranked(written, *(who or ("ann", "bob")), first=first))


def asked_by(garden: Garden, at: datetime) -> dict[str, str]:
    """Say who is asked about which post up to a time."""
    return {event.post: event.member for event in garden.until(at) if isinstance(event, NudgeIssued)}


def test_weeks_are_drawn_only_where_operators_say_so() -> None:
    """By default no week is drawn; else each from the next Monday on is, once, and what is told of it is the draw."""
    without = garden_of(switchback_share=0.0)
    assert not [event for event in without.until(MONDAY + 9 * WEEK) if isinstance(event, WeekDrawn)]
    drawn = [event for event in garden_of().until(MONDAY + 9 * WEEK) if isinstance(event, WeekDrawn)]
    assert [event.at for event in drawn] == [MONDAY + n * WEEK for n in range(10)]
    assert [event.week for event in drawn] == [week_of(event.at) for event in drawn]
    assert [event.asking for event in drawn] == [not is_off(event.at) for event in drawn]
    other = [event for event in garden_of(holdout_salt="x").until(MONDAY + 9 * WEEK) if isinstance(event, WeekDrawn)]
    assert [event.asking for event in other] != [event.asking for event in drawn]


def test_nobody_is_asked_in_a_week_without() -> None:
    """A post waits until the week is over, if it can; in a week with asking, the nudge says that it was drawn."""
    garden = garden_of()
    publish(garden, OFF + hours(30), "early")
    publish(garden, OFF + hours(24 * 6 + 12), "late")
    assert not asked_by(garden, OFF + WEEK - hours(0.1))
    after = asked_by(garden, OFF + WEEK + hours(0.5))
    assert set(after) == (set() if is_off(OFF + WEEK) else {"late"})
    with_asking = garden_of()
    publish(with_asking, ON + hours(30), "p")
    [issued] = [event for event in with_asking.until(ON + hours(33)) if isinstance(event, NudgeIssued)]
    assert issued.features["switchback_share"] == SHARE


@pytest.mark.parametrize("welcome", [True, False])
def test_newcomers_are_welcomed_all_the_same(welcome: bool) -> None:
    """First posts are left without asking only where operators say so."""
    garden = garden_of(holdout_welcome=welcome)
    publish(garden, OFF + hours(30), "hello", first=True)
    assert set(asked_by(garden, OFF + hours(33))) == (set() if welcome else {"hello"})


def test_whom_a_person_names_is_asked_all_the_same() -> None:
    """Handing over is a person's wish, in whatever week."""
    garden = garden_of()
    publish(garden, OFF - hours(3), "p")
    asked = asked_by(garden, OFF - hours(0.5))
    nudge = garden.state.nudge_id("p", asked["p"])
    said = garden.step(answered(OFF + hours(1), nudge, asked["p"], Answer.HAND_OVER, to="cat"))
    [given] = [event for event in said if isinstance(event, NudgeIssued)]
    assert given.member == "cat"
    passed = garden.step(answered(OFF + hours(2), given.nudge, "cat", Answer.PASS))
    assert not [event for event in passed if isinstance(event, NudgeIssued)]


def test_whom_a_person_named_is_asked_when_they_may_be() -> None:
    """What was handed over to somebody who is away waits for them, and not for the end of the week."""
    garden = garden_of()
    publish(garden, OFF - hours(3), "p")
    asked = asked_by(garden, OFF - hours(0.5))
    garden.step(make(PreferencesChanged, OFF, member="cat", paused_until=OFF + hours(30)))
    nudge = garden.state.nudge_id("p", asked["p"])
    garden.step(answered(OFF + hours(1), nudge, asked["p"], Answer.HAND_OVER, to="cat"))
    assert asked_by(garden, OFF + hours(60)) == {"p": "cat"}


def approving(at: datetime) -> tuple[Garden, str]:
    """Give a community in which it was proposed a while before a time to ask Ann, and the proposal."""
    garden = garden_of(opportunity_hours=240)
    garden.step(make(CommunityOpened, START + hours(1), mode=Mode.APPROVE, asks_consent=False))
    publish(garden, at - hours(4), "p")
    garden.until(at - hours(1))
    (nudge,) = standing(garden.state)
    return garden, nudge


def approved(garden: Garden, at: datetime, nudge: str) -> dict[str, str]:
    """Approve of a proposal; give whom that asks."""
    said = garden.step(make(NudgeReviewed, at, nudge=nudge, member="ann", approved=True))
    return {event.post: event.member for event in said if isinstance(event, NudgeIssued)}


# An off week after one in which something can be proposed, and the first week with asking after it.
LATE = next(monday for n in range(1, 90) if is_off(monday := MONDAY + n * WEEK) and not is_off(monday - WEEK))
NEXT = next(LATE + n * WEEK for n in range(1, 20) if not is_off(LATE + n * WEEK))


@pytest.mark.parametrize("before", [True, False])
def test_what_was_approved_waits_for_the_end_of_a_week_without(before: bool) -> None:
    """Approved before it begins, where the person may not be asked yet, or within it: nobody is asked in it."""
    garden, nudge = approving(LATE)
    if before:
        garden.step(make(PreferencesChanged, LATE - hours(1), member="ann", paused_until=LATE + hours(8)))
    assert not approved(garden, LATE - hours(0.5) if before else LATE + hours(1), nudge)
    assert not asked_by(garden, NEXT - hours(0.1))
    assert asked_by(garden, NEXT + hours(0.1)) == ({"p": "ann"} if NEXT == LATE + WEEK else {})


def test_what_was_approved_and_then_answered_is_not_asked_when_the_week_is_over() -> None:
    """An answer ends it, as it ends anything that was to be asked."""
    garden, nudge = approving(LATE)
    assert not approved(garden, LATE + hours(1), nudge)
    garden.step(reply(LATE + hours(5), "cat", to="p"))
    assert not standing(garden.state)
    assert not asked_by(garden, NEXT + WEEK)


def test_what_was_approved_and_cannot_wait_lapses() -> None:
    """A post that is asked about no longer when the week is over is asked about not at all."""
    garden = garden_of(opportunity_hours=72)
    garden.step(make(CommunityOpened, START + hours(1), mode=Mode.APPROVE, asks_consent=False))
    publish(garden, LATE - hours(4), "p")
    garden.until(LATE - hours(1))
    (nudge,) = standing(garden.state)
    assert not approved(garden, LATE + hours(1), nudge)
    assert not standing(garden.state)
    assert not asked_by(garden, NEXT + WEEK)


def test_what_is_handed_over_and_approved_goes_in_whatever_week() -> None:
    """That a person named somebody is not undone by another having to approve of it."""
    garden = garden_of(opportunity_hours=240)
    publish(garden, LATE - hours(4), "p")
    asked = asked_by(garden, LATE - hours(0.5))
    garden.step(make(CommunityOpened, LATE, mode=Mode.APPROVE, asks_consent=False))
    nudge = garden.state.nudge_id("p", asked["p"])
    garden.step(answered(LATE + hours(1), nudge, asked["p"], Answer.HAND_OVER, to="cat"))
    (proposed,) = standing(garden.state)
    said = garden.step(make(NudgeReviewed, LATE + hours(2), nudge=proposed, member="cat", approved=True))
    assert [event.member for event in said if isinstance(event, NudgeIssued)] == ["cat"]


def test_what_was_put_off_is_shown_again_and_asks_nobody() -> None:
    """Who said `later` was asked before the week began: it comes back to them, and is no new ask."""
    garden = garden_of(opportunity_hours=240)
    publish(garden, LATE - hours(4), "p")
    asked = asked_by(garden, LATE - hours(0.5))
    nudge = garden.state.nudge_id("p", asked["p"])
    garden.step(answered(LATE - hours(0.4), nudge, asked["p"], Answer.LATER, until=LATE + hours(5)))
    assert not asked_by(garden, LATE + hours(6))
    found = garden.state.nudge(nudge)
    assert found is not None
    assert found.hidden_until is None


def test_it_is_kept_whom_a_week_without_left_unasked() -> None:
    """The log names who came into question and that the week was off; operators see it among what nobody is asked."""
    garden = garden_of()
    publish(garden, OFF + hours(24 * 6 + 12), "late")
    garden.step(make(PreferencesChanged, OFF + hours(24 * 6 + 13), member="bob", weekly_asks=0))
    garden.until(OFF + hours(24 * 6 + 15))
    kept = garden.documents.get(DECISIONS, nobody_key("late"))
    assert kept is not None
    assert (kept.nudge, kept.held, kept.off_week) == (None, False, week_of(OFF))
    assert [(one.member, one.bars, one.worth is not None) for one in kept.considered] == [
        ("ann", (), True),
        ("bob", (Bar.BUDGET,), False),
    ]
    waiting = (garden.documents.get(UNASKED, THE_COMMUNITY) or Unasked()).waiting
    assert waiting["late"].why is Why.OFF_WEEK
    assert not garden.state.asks("ann")
    after = asked_by(garden, OFF + WEEK + hours(0.5))
    waiting = (garden.documents.get(UNASKED, THE_COMMUNITY) or Unasked()).waiting
    assert ("late" in after) is ("late" not in waiting)


def test_a_week_is_drawn_before_anything_else_that_is_due() -> None:
    """Timers of one moment fire by name; nobody is asked in a week that is not drawn yet."""
    assert min(Nudge(NudgeSettings())._timers) == BEGIN_WEEK


def test_weeks_of_a_closed_community_are_not_drawn() -> None:
    """They go on when it is opened again."""
    garden = garden_of()
    garden.step(make(CommunityClosed, START + hours(1)))
    assert not [event for event in garden.until(MONDAY + 3 * WEEK) if isinstance(event, WeekDrawn)]
    garden.step(make(CommunityOpened, MONDAY + 3 * WEEK + hours(1), mode=Mode.AUTOPILOT, asks_consent=False))
    assert [event for event in garden.until(MONDAY + 5 * WEEK) if isinstance(event, WeekDrawn)]


def test_what_was_removed_is_no_unanswered_post() -> None:
    """Spam that is taken away within its day says nothing of answers."""
    garden = garden_of()
    publish(garden, ON + hours(30), "spam")
    garden.step(make(MessageRemoved, ON + hours(31), message="spam"))
    garden.until(ON + WEEK)
    week = garden.documents.get(WEEKS, week_of(ON))
    assert week is not None
    assert not week.whole.outcomes


def test_a_weeks_posts_are_counted_when_their_day_lies_in_it() -> None:
    """Answered in a day, and how much of it was silent; Sunday's posts would be half another week's."""
    garden = garden_of()
    publish(garden, ON + hours(30), "answered")
    garden.step(reply(ON + hours(36), "cat", to="answered", message="r1"))
    publish(garden, ON + hours(50), "silent")
    publish(garden, ON + hours(24 * 6 + 1), "sunday")
    publish(garden, ON + hours(24 * 6 + 2), "first", first=True)
    garden.until(ON + WEEK)
    week = garden.documents.get(WEEKS, week_of(ON))
    assert week is not None
    assert (week.asking, week.share) == (True, SHARE)
    assert week.whole.outcomes == {Outcome.ANSWERED_FROM_POST: (2, 1.0), Outcome.SILENT_DAY: (2, 1.25)}
    assert not garden.documents.table(WEEK_POSTS)


def test_a_week_in_which_that_was_changed_counts_for_nothing() -> None:
    """Nor is a week drawn in a dry run, in which nobody is asked anyway."""
    garden = garden_of()
    for n in range(3):
        publish(garden, MONDAY + n * WEEK + hours(30), f"p{n}")
    garden.state.settings = NudgeSettings(switchback_share=0.25)
    garden.until(MONDAY + 3 * WEEK + hours(1))
    known = garden.documents.get(EFFECTS, week_key(Outcome.ANSWERED_FROM_POST)) or Running()
    assert known.asked.outcomes + known.held.outcomes == 1
    dry = garden_of()
    dry.step(make(CommunityOpened, START + hours(1), mode=Mode.DRY_RUN, asks_consent=False))
    assert not [event for event in dry.until(MONDAY + 5 * WEEK) if isinstance(event, WeekDrawn)]


def test_what_asking_adds_to_all_posts_is_found_through_the_rules() -> None:
    """Where who is asked replies and one of four posts is answered anyway, a year of weeks shows what that adds."""
    garden = garden_of()
    for week in range(52):
        for n in range(4):
            at = MONDAY + week * WEEK + hours(5 + 34 * n)
            publish(garden, at, f"p{week}.{n}", "ann", "bob", "cat")
            for post_id, member in asked_by(garden, at + hours(2.5)).items():
                garden.step(reply(at + hours(3), member, to=post_id, message=f"r{post_id}"))
            if chance_draw("anyway", f"{week}.{n}") < 0.25:
                garden.step(reply(at + hours(3), "plain", to=f"p{week}.{n}", message=f"a{week}.{n}"))
    garden.until(MONDAY + 52 * WEEK + hours(1))
    running = garden.documents.get(EFFECTS, week_key(Outcome.ANSWERED_FROM_POST))
    assert running is not None
    # The first week says only what is to be expected of the next.
    assert running.asked.outcomes + running.held.outcomes == 51
    found = effect(running, OF_WEEKS)
    assert found is not None
    assert 0 < found.low < 0.75 < found.high


def known(times: int, raised: float) -> Running:
    """Make what is known of so many outcomes, of which half were left alone."""
    running = Running()
    for n in range(times):
        held = n % 2 == 1
        value = float(n % 4 < 2) if raised == 0 else 0.2 + (0.0 if held else raised)
        running = with_outcome(running, value, held=held, share=0.5, forecast=0.3)
    return running


async def test_operators_see_it_on_a_page(redis_url: str, prefix: str) -> None:
    """No effect measured yet, until there is one; then with its interval; and whether it may be displaced."""
    async with open_house(redis_url, prefix) as house:
        page = house.links.to(Place.EFFECT).make(COMMUNITY, "")[0].removeprefix(SETTINGS.public_url)
        assert page.startswith("/effect/")
        shown = await house.http.get(page)
        assert shown.status_code == 200
        assert shown.text.count("No effect measured yet") == 7 - 1  # once in all, and of each outcome
        assert "displacement cannot be excluded" in shown.text
        assert "<svg" not in shown.text
        house.garden.documents.put(EFFECTS, Outcome.ANSWERED, known(400, 0.5))
        house.garden.documents.put(EFFECTS, Outcome.SILENT, known(400, 0.0))
        shown = await house.http.get(page)
        assert re.search(r"Asking changes it by \+[45]\d\.\d in 100", shown.text)
        assert "200 asked about, 200 left alone" in shown.text
        assert shown.text.count("<svg") == 2
        assert shown.text.count("No effect measured yet") == 4
        assert "hours and" in shown.text
        assert "displacement cannot be excluded" in shown.text
        house.garden.documents.put(WEEKS, "2026-W10", Week(asking=False, share=0.5))
        house.garden.documents.put(EFFECTS, week_key(Outcome.ANSWERED_FROM_POST), known(60, 0.5))
        shown = await house.http.get(page)
        assert "30 weeks with asking, 30 without" in shown.text
        assert "is not all taken from others" in shown.text
        told = (await house.http.get(f"/v1/communities/{COMMUNITY}/effect", headers=KEY)).json()
        assert told["displacement"] == "not all"
        assert told["whole_weeks"][Outcome.ANSWERED_FROM_POST]["effect"] > 0.4
        assert told["weeks"][0]["asking"] is False


async def test_the_page_speaks_german_and_opens_to_its_own_link_alone(redis_url: str, prefix: str) -> None:
    """The community's language is the page's; an inbox's link, or a forged one, opens nothing; away is said so."""
    async with open_house(redis_url, prefix, language="de") as house:
        page = house.links.to(Place.EFFECT).make(COMMUNITY, "")[0].removeprefix(SETTINGS.public_url)
        house.garden.documents.put(EFFECTS, Outcome.ANSWERED, known(400, 0.5))
        shown = (await house.http.get(page)).text
        assert re.search(r"Fragen ändert es um \+[45]\d,\d von 100", shown)
        assert "Noch keine Wirkung gemessen" in shown
        assert (await house.http.get(house.page().replace("/inbox/", "/effect/"))).status_code == 403
        assert (await house.http.get("/effect/forged")).status_code == 403
        house.reader.away = True
        assert (await house.http.get(page)).status_code == 503
