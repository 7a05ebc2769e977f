"""Some posts are left alone at random, so that one can say what asking adds."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.nudge.documents import EFFECTS, NEWCOMERS, TRIALS, WEEKS
from services.nudge.effect import effect
from services.nudge.hold import chance_draw
from services.nudge.measure import Outcome, week_of
from services.nudge.settings import NudgeSettings
from shared.events import (
    Answer,
    Event,
    Kind,
    MemberForgotten,
    MessageRemoved,
    NudgeIssued,
    OpportunityHeld,
)
from tests.nudging import COMMUNITY, START, Garden, answered, hours, make, post, ranked, reply

SHARE = 0.5
WEEK = week_of(START)


def drawn(*, held: bool) -> str:
    """Name a post that is, or is not, left alone."""
    names = (f"p{n}" for n in range(100))
    return next(name for name in names if (chance_draw(COMMUNITY, name, "holdout") < SHARE) == held)


HELD, ASKED = drawn(held=True), drawn(held=False)


def trial(*messages: str, first: bool = False, still_open: dict[int, float] | None = None, **set_to: Any) -> Garden:
    """Make a community in which half of all posts are left alone, and publish some."""
    garden = Garden(**{"holdout_share": SHARE, **set_to})
    for message in messages:
        written = post(START, message=message)
        garden.step(written, ranked(written, "ann", "bob", first=first, still_open=still_open))
    return garden


def of(events: Sequence[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def outcomes(garden: Garden, arm: str, week: str = WEEK) -> dict[str, tuple[int, float]]:
    document = garden.documents.get(WEEKS, week)
    return {} if document is None else getattr(document, arm).outcomes


def test_a_held_post_is_left_alone() -> None:
    """When somebody would be asked, an event says that it is held; nobody is asked then or later."""
    garden = trial(HELD, ASKED)
    [held] = of(out := garden.until(START + hours(2.5)), OpportunityHeld)
    assert (held.at, held.post, held.kind, held.published, held.share) == (
        START + hours(2), HELD, Kind.REPLY, START, SHARE,
    )  # fmt: skip
    [issued] = of(out, NudgeIssued)
    assert issued.post == ASKED
    assert issued.features["holdout_share"] == SHARE
    assert not [event for event in of(garden.until(START + hours(90)), NudgeIssued) if event.post == HELD]


def test_it_is_drawn_when_somebody_would_be_asked_and_not_before() -> None:
    """A post that nobody may be asked about, or that is answered before its time, is in no trial."""
    garden = trial(HELD, holdout_share=SHARE)
    lonely = post(START, message="lonely", channel="shed", author="asker")
    garden.step(lonely, ranked(lonely, "bob"))
    garden.step(reply(START + hours(1), "cat", to=HELD))
    assert not of(garden.until(START + hours(100)), OpportunityHeld)
    assert not garden.documents.table(WEEKS)


def test_first_posts_are_held_only_where_the_operator_says_so() -> None:
    """Newcomers are welcomed, whatever else is measured."""
    for welcome in (False, True):
        out = trial(HELD, first=True, holdout_welcome=welcome).until(START + hours(3))
        assert bool(of(out, OpportunityHeld)) is welcome
        assert bool(of(out, NudgeIssued)) is not welcome


def test_what_was_handed_over_is_never_held() -> None:
    """A post that somebody was asked about is asked about further, though its share were raised since."""
    garden = trial(HELD, holdout_share=0.0)
    garden.until(START + hours(2))
    nudge = garden.state.nudge_id(HELD, "ann")
    garden.state.settings = NudgeSettings(holdout_share=SHARE)
    [_, given] = garden.step(answered(START + hours(3), nudge, "ann", Answer.HAND_OVER, to="plain"))
    assert isinstance(given, NudgeIssued)
    out = garden.step(answered(START + hours(4), given.nudge, "plain", Answer.PASS))
    assert [event.member for event in of(out, NudgeIssued)] == ["bob"]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_the_share_is_the_share(share: float) -> None:
    """Of many posts about so many are drawn, and a higher share adds to those that a lower one draws."""
    draws = [chance_draw(COMMUNITY, f"post/{n}", "holdout") for n in range(4000)]
    assert sum(draw < share for draw in draws) / 4000 == pytest.approx(share, abs=0.02)
    assert chance_draw("other", "post/1", "holdout") != draws[1] != chance_draw(COMMUNITY, "post/1", "salt")


def test_both_arms_are_measured_alike() -> None:
    """Answered within a day, of the decision and of the post, and how long it was silent: three days later."""
    garden = trial(HELD, ASKED)
    garden.until(START + hours(3))
    garden.step(reply(START + hours(20), "ann", to=ASKED), reply(START + hours(25), "cat", to=HELD, message="r2"))
    garden.until(START + hours(73))
    assert not garden.documents.table(WEEKS)
    garden.until(START + hours(74))
    assert outcomes(garden, "asked") == {
        Outcome.ANSWERED: (1, 1.0), Outcome.ANSWERED_FROM_POST: (1, 1.0), Outcome.SILENT: (1, 18 / 72),
    }  # fmt: skip
    assert outcomes(garden, "held") == {
        Outcome.ANSWERED: (1, 1.0), Outcome.ANSWERED_FROM_POST: (1, 0.0), Outcome.SILENT: (1, 23 / 72),
    }  # fmt: skip
    running = garden.documents.get(EFFECTS, Outcome.ANSWERED)
    assert running is not None
    assert (running.asked.outcomes, running.held.outcomes) == (1, 1)
    assert not garden.documents.table(TRIALS)


def test_what_was_foreseen_is_taken_into_account() -> None:
    """The forecast of recommend is that of the day after the decision."""
    garden = trial(HELD, still_open={1: 0.9, 24: 0.5, 72: 0.4}, reply_patience_hours=1)
    garden.until(START + hours(0.5))
    [found] = garden.documents.table(TRIALS).values()
    assert found.forecast == pytest.approx(0.5, abs=0.01)


def test_a_removed_answer_answers_nothing() -> None:
    """What was answered by something that is removed again counts as silent."""
    garden = trial(HELD)
    garden.until(START + hours(3))
    garden.step(reply(START + hours(4), "cat", to=HELD), make(MessageRemoved, START + hours(5), message="r"))
    garden.until(START + hours(74))
    assert outcomes(garden, "held")[Outcome.SILENT] == (1, 1.0)


def test_without_a_draw_an_outcome_proves_nothing() -> None:
    """Where nothing is held, weeks are counted apart and no effect is reckoned."""
    garden = trial(ASKED, holdout_share=0.0)
    garden.until(START + hours(100))
    assert outcomes(garden, "apart")[Outcome.ANSWERED] == (1, 0.0)
    assert not garden.documents.table(EFFECTS)


def test_a_newcomer_comes_back_or_not() -> None:
    """Writing elsewhere than below the first post counts, within a week and within four."""
    garden = trial(HELD, first=True, holdout_welcome=True)
    garden.until(START + hours(3))
    garden.step(reply(START + hours(4), "asker", to=HELD, message="thanks"))
    again = START + hours(24 * 10)
    garden.step(post(again, message="again"))
    garden.until(START + hours(24 * 29))
    found = outcomes(garden, "held")
    assert (found[Outcome.AGAIN_WEEK], found[Outcome.AGAIN_MONTH]) == ((1, 0.0), (1, 1.0))
    assert not garden.documents.table(NEWCOMERS)


def test_a_forgotten_newcomer_is_followed_no_more() -> None:
    """Whether somebody comes back who wants to be forgotten is nobody's business."""
    garden = trial(HELD, first=True, holdout_welcome=True)
    garden.until(START + hours(3))
    garden.step(make(MemberForgotten, START + hours(4), member="asker"))
    garden.until(START + hours(24 * 30))
    assert not garden.documents.table(NEWCOMERS)
    assert Outcome.AGAIN_MONTH not in outcomes(garden, "held")


def test_posts_of_one_community_are_drawn_anew_by_another_salt() -> None:
    """A new experiment leaves other posts alone."""
    posts = [f"p{n}" for n in range(12)]
    held = [of(trial(*posts, holdout_salt=salt).until(START + hours(30)), OpportunityHeld) for salt in ("one", "two")]
    assert {event.post for event in held[0]} != {event.post for event in held[1]}


def test_what_asking_adds_is_found_through_the_rules() -> None:
    """Where three of four who are asked reply, and one of four posts is answered anyway, that is what is measured."""
    garden = trial(weekly_asks_champion=100, weekly_asks_cap=100)
    for n in range(160):
        written = post(START + hours(4 * n), message=f"p{n}")
        garden.step(written, ranked(written, "ann", "bob", "cat"))
        for issued in of(garden.until(written.at + hours(2.5)), NudgeIssued):
            if chance_draw("replies", issued.nudge) < 0.75:
                garden.step(reply(written.at + hours(3), issued.member, to=issued.post, message=f"r{issued.nudge}"))
        if chance_draw("anyway", written.message) < 0.25:
            garden.step(reply(written.at + hours(3), "plain", to=written.message, message=f"anyway{n}"))
    garden.until(START + hours(4 * 160 + 80))
    running = garden.documents.get(EFFECTS, Outcome.ANSWERED)
    assert running is not None
    assert running.asked.outcomes + running.held.outcomes == 160
    found = effect(running)
    assert found is not None
    truth = (1 - 0.25 * 0.75) - 0.25
    assert 0 < found.low < truth < found.high
