"""For a share of the posts it is drawn whom to ask, so that the log can tell what others would bring."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.explore import FEW, best_few, draw, draw_people
from shared.events import Event, Match, MatchesRanked, NudgeIssued
from tests.nudging import START, Garden, hours, make, post

worths = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-1, 1), max_size=8)
positive = st.dictionaries(st.sampled_from("abcde"), st.floats(0.01, 1), min_size=2, max_size=5)


@given(worths)
def test_the_few_are_the_best_that_are_worth_anything(worth: dict[str, float]) -> None:
    """Nobody is drawn who would not be asked otherwise, nor beyond the best few."""
    few = best_few(worth)
    others = [value for who, value in worth.items() if who not in few]
    assert len(few) <= FEW
    assert all(value > 0 for value in few.values())
    assert len(few) == FEW or all(value < 1e-6 for value in others)
    assert all(value <= min(few.values()) + 1e-6 for value in others if few)


@given(positive, st.floats(0, 1, exclude_max=True))
def test_chances_are_in_proportion_to_worth(few: dict[str, float], place: float) -> None:
    """They add up to one, everybody has one, and who is worth twice as much is asked twice as often."""
    drawn = draw(few, place)
    assert sum(drawn.chances.values()) == pytest.approx(1)
    assert drawn.member in few
    for who, chance in drawn.chances.items():
        assert chance == pytest.approx(few[who] / sum(few.values()))


def test_people_are_drawn_as_often_as_is_said() -> None:
    """What the log says of the chances is what happens."""
    posts = [f"post/{n}" for n in range(4000)]
    drawn = [draw_people({(p, "ann"): 0.6, (p, "bob"): 0.2}, {p: 0}, "garden", 1.0)[p] for p in posts]
    assert Counter(found.member for found in drawn)["ann"] / len(drawn) == pytest.approx(0.75, abs=0.02)


def ask(share: float, *messages: str, at: float = 2, **scores: float) -> list[NudgeIssued]:
    """Publish posts with the chances of those who match them, and give who is asked."""
    garden = Garden(explore_share=share)
    for message in messages:
        asked = post(START, message=message)
        matches = tuple(Match(member=member, score=score) for member, score in scores.items())
        ranking: MatchesRanked = make(
            MatchesRanked, asked.at, message=message, channel="open", author="asker", published=asked.at,
            first_post=False, model="m", matches=matches,
        )  # fmt: skip
        garden.step(asked, ranking)
    out: list[Event] = garden.until(START + hours(at))
    return [event for event in out if isinstance(event, NudgeIssued)]


def test_a_drawn_choice_says_how_likely_it_was_and_what_else_could_have_been() -> None:
    """The log holds all who could have been asked, with their chances and what was known of them."""
    [issued] = ask(1.0, "p", ann=0.5, bob=0.3, cat=0.0001)
    assert [one.member for one in issued.alternatives] == ["ann", "bob"]
    assert sum(one.propensity for one in issued.alternatives) == pytest.approx(1)
    [own] = [one for one in issued.alternatives if one.member == issued.member]
    assert own.propensity == issued.propensity < 1
    assert (own.score, own.worth, own.asks_this_week) == (issued.score, issued.features["worth"], 0)


def test_an_assigned_choice_is_no_chance() -> None:
    """Where nothing is drawn, or only one person comes into question, the choice was certain."""
    for issued in (*ask(0.0, "p", ann=0.5, bob=0.3), *ask(1.0, "p", ann=0.5)):
        assert (issued.member, issued.propensity, issued.alternatives) == ("ann", 1.0, ())


def test_nobody_is_drawn_for_two_posts_of_a_round() -> None:
    """Who was drawn for a post is not asked about another one at the same moment, drawn or assigned."""
    for share in (0.5, 1.0):
        asked = ask(share, *(f"p{n}" for n in range(6)), ann=0.5, bob=0.4, cat=0.3, dan=0.2)
        assert sorted(issued.member for issued in asked) == ["ann", "bob", "cat", "dan"]


def test_the_same_log_draws_the_same() -> None:
    """Replayed, the same people are drawn with the same chances; another post draws others."""
    once, again = (ask(1.0, *(f"p{n}" for n in range(4)), ann=0.5, bob=0.4, cat=0.3) for _ in range(2))
    assert [(one.post, one.member, one.propensity) for one in once] == [
        (one.post, one.member, one.propensity) for one in again
    ]
    assert {ask(1.0, f"p{n}", ann=0.5, bob=0.4)[0].member for n in range(20)} == {"ann", "bob"}
