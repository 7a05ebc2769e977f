"""How likely somebody replies when asked: learnt from what became of earlier asks."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.chance import (
    LEAST_STRENGTH,
    MOST_STRENGTH,
    USUAL_STRENGTH,
    reply_chance,
    reply_ratio,
    role_ratio,
    strength,
    with_ask,
    with_change,
)
from services.nudge.documents import ROLE_TALLIES, TALLIES, RoleTally, Tally
from shared.events import Answer, Event, MatchDeclined, MemberForgotten, NudgeIssued, Role
from tests.nudging import START, Garden, answered, hours, make, post, ranked, reply

tallies = st.builds(Tally, st.integers(0, 50), st.floats(0.01, 50))
roles = st.lists(tallies, max_size=20).map(lambda people: summed(*people))


def summed(*people: Tally) -> RoleTally:
    """Give the tally of a role with such people in it."""
    return reduce(lambda role, person: with_change(role, Tally(), person), people, RoleTally())


@given(st.floats(0, 1))
def test_without_outcomes_the_score_is_taken_at_its_word(score: float) -> None:
    """Where nobody was ever asked, the chance that somebody replies is the one that recommend gave."""
    assert reply_chance(score, reply_ratio(Tally(), RoleTally())) == score


@given(roles)
def test_of_whom_nothing_is_known_the_role_is(role: RoleTally) -> None:
    """Who was never asked counts as the people of their role do on average."""
    assert reply_ratio(Tally(), role) == pytest.approx(role_ratio(role), abs=1e-6)


@given(tallies, roles)
def test_a_ratio_lies_between_the_role_and_what_was_seen(person: Tally, role: RoleTally) -> None:
    """What was seen of a person moves them away from their role, never beyond what was seen."""
    low, high = sorted((role_ratio(role), person.replies / person.expected))
    assert low - 1e-6 <= reply_ratio(person, role) <= high + 1e-6


@given(tallies, roles, st.floats(0.01, 1))
def test_a_reply_raises_and_silence_lowers(person: Tally, role: RoleTally, score: float) -> None:
    """Of two with the same asks, who replied once more is never taken for who replies less."""
    before = reply_ratio(person, role)
    assert reply_ratio(with_ask(person, score, replied=False), role) <= before
    if before * score <= 1:
        assert reply_ratio(with_ask(person, score, replied=True), role) >= before


@given(st.floats(0.05, 3), st.floats(1, 1000))
def test_much_that_was_seen_counts_for_more_than_little(rate: float, expected: float) -> None:
    """The more asks with the same share of replies, the nearer to that share."""
    role = summed(Tally(5, 5.0))
    little, much = (Tally(round(rate * scale), round(rate * scale) / rate) for scale in (expected, 10 * expected))
    assert abs(reply_ratio(much, role) - rate) <= abs(reply_ratio(little, role) - rate) + 1e-6 or little.expected == 0


@given(st.floats(0, 1), st.floats(0, 100))
def test_a_chance_is_one(score: float, ratio: float) -> None:
    """Whatever was learnt, a chance stays between 0 and 1."""
    assert 0 <= reply_chance(score, ratio) <= 1


@given(roles)
def test_strength_has_bounds(role: RoleTally) -> None:
    """No tally makes a person's own count for nothing, or for everything."""
    assert LEAST_STRENGTH <= strength(role) <= MOST_STRENGTH


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.01, 1), st.booleans()), max_size=40))
def test_a_role_is_the_sum_of_its_people(asks: list[tuple[int, float, bool]]) -> None:
    """Counted ask by ask, a role's tally is that of its people at the end."""
    people, role = [Tally()] * 4, RoleTally()
    for who, score, replied in asks:
        now = with_ask(people[who], score, replied=replied)
        role, people[who] = with_change(role, people[who], now), now
    whole = summed(*people)
    for name in RoleTally.__slots__:
        assert getattr(role, name) == pytest.approx(getattr(whole, name), abs=1e-9)


def tallied(spread: float, seed: int, people: int = 100, expected: float = 4.0) -> tuple[list[float], list[Tally]]:
    """Draw people whose ratios differ by so much (variance around 1), with what their asks brought."""
    chance = np.random.default_rng(seed)
    ratios = chance.gamma(1 / spread, spread, people) if spread else np.ones(people)
    return list(ratios), [Tally(int(chance.poisson(ratio * expected)), expected) for ratio in ratios]


def test_people_who_differ_are_told_apart_and_alike_ones_are_not() -> None:
    """The weight of a person's own tally follows from how much the people of a role differ."""
    apart, alike = (summed(*tallied(spread, seed=1)[1]) for spread in (1.0, 0.0))
    assert strength(RoleTally()) == USUAL_STRENGTH
    assert strength(apart) < USUAL_STRENGTH < 3 * USUAL_STRENGTH < strength(alike)


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.5, 1.0])
def test_the_learnt_ratio_is_nearer_to_the_truth_than_either_end(spread: float) -> None:
    """Its squared error is at most that of the score alone, and of what was seen alone."""
    learnt, alone, seen = (0.0,) * 3
    for seed in range(20):
        truths, people = tallied(spread, seed)
        role = summed(*people)
        for truth, person in zip(truths, people, strict=True):
            learnt += (reply_ratio(person, role) - truth) ** 2
            alone += (1 - truth) ** 2
            seen += (person.replies / person.expected - truth) ** 2
    assert learnt < seen
    assert learnt <= alone or spread == 0


def ask(garden: Garden, message: str, at: float, *members: str) -> list[Event]:
    """Publish a post and ask about it, hours after the start."""
    written = post(START + hours(at), message=message)
    garden.step(written, ranked(written, *members))
    return garden.until(START + hours(at + 2))


def tally(garden: Garden, member: str = "ann") -> Tally | None:
    return garden.documents.get(TALLIES, member)


def test_an_ask_that_came_to_its_end_counts_once() -> None:
    """Acted on, expired or passed: it counts, with the score that it was asked with, for the person and their role."""
    garden = Garden()
    ask(garden, "p", 0, "ann")
    assert tally(garden) is None
    garden.step(reply(START + hours(3), "ann"), reply(START + hours(4), "ann", message="r2"))
    assert tally(garden) == Tally(1, 1.0)
    ask(garden, "q", 5, "ann")
    garden.until(START + hours(5 + 2 + 24))
    assert tally(garden) == Tally(1, 2.0)
    ask(garden, "o", 40, "ann")
    garden.step(answered(START + hours(42), garden.state.nudge_id("o", "ann"), "ann", Answer.PASS))
    assert tally(garden) == Tally(1, 3.0)
    assert garden.documents.get(ROLE_TALLIES, Role.CHAMPION) == RoleTally(1, 3.0, 1.0, 3.0, 9.0)


def test_an_ask_that_another_made_needless_does_not_count() -> None:
    """Withdrawn because another answered, or for what another wishes, it says nothing of who was asked."""
    garden = Garden()
    ask(garden, "p", 0, "ann")
    garden.step(reply(START + hours(3), "bob"))
    ask(garden, "q", 5, "ann")
    garden.step(make(MatchDeclined, START + hours(8), member="asker", other="ann"))
    assert tally(garden) is None
    assert not garden.documents.table(ROLE_TALLIES)


def test_a_post_handed_over_does_not_count() -> None:
    """Who hands over passes; who takes over was asked by a person, so their score has nothing to say of it."""
    garden = Garden()
    ask(garden, "p", 0, "ann")
    nudge = garden.state.nudge_id("p", "ann")
    garden.step(answered(START + hours(3), nudge, "ann", Answer.HAND_OVER, to="plain"))
    garden.step(reply(START + hours(4), "plain"))
    assert tally(garden) == Tally(0, 1.0)
    assert tally(garden, "plain") is None


def test_who_replies_when_asked_is_asked_first() -> None:
    """Of two with the same score, who let asks pass gives way to who did not; the nudge says what was learnt."""
    garden = Garden(attention_price=0, let_go_halves=0)
    for n in range(3):
        ask(garden, f"p{n}", 30 * n, "ann")
        garden.step(answered(START + hours(30 * n + 3), garden.state.nudge_id(f"p{n}", "ann"), "ann", Answer.PASS))
    (issued,) = ask(garden, "q", 100, "ann", "bob")
    assert isinstance(issued, NudgeIssued)
    assert (issued.member, issued.features["reply_ratio"]) == ("bob", 0.625)


def test_a_forgotten_member_has_no_tally() -> None:
    """What was learnt of somebody goes with them; their role's sums stay."""
    garden = Garden()
    ask(garden, "p", 0, "ann")
    garden.step(reply(START + hours(3), "ann"), make(MemberForgotten, START + hours(4), member="ann"))
    assert tally(garden) is None
    assert garden.documents.get(ROLE_TALLIES, Role.CHAMPION) == RoleTally(1, 1.0, 1.0, 1.0, 1.0)
