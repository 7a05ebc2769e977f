"""Rounds: posts that fall due together are given to people together."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.assign import assign
from services.nudge.round import next_round
from shared.events import Event, Match, MatchesRanked, NudgeIssued, PreferencesChanged
from tests.nudging import START, Garden, hours, make, post

VALUES = st.dictionaries(
    st.tuples(st.sampled_from("pqrs"), st.sampled_from("abcd")),
    st.integers(-3, 9).map(lambda whole: whole / 10),
    max_size=16,
)


def best(values: dict[tuple[str, str], float]) -> float:
    """Try every way to give posts to people, and say what the best is worth."""
    posts = sorted({post for post, _ in values})
    people = [*sorted({person for _, person in values}), *[""] * len(posts)]
    ways = set(permutations(people, len(posts)))
    return max(sum(max(0, values.get(pair, 0)) for pair in zip(posts, way, strict=True)) for way in ways)


@given(VALUES)
def test_no_other_assignment_is_worth_more(values: dict[tuple[str, str], float]) -> None:
    """Of all ways to give each post to one person and each person one post, the one that is worth most is chosen."""
    given_to = assign(values)
    assert len(set(given_to.values())) == len(given_to)
    assert all(values[pair] > 0 for pair in given_to.items())
    assert sum(values[pair] for pair in given_to.items()) == pytest.approx(best(values))


@given(VALUES, st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3)))
def test_who_has_more_room_gets_more_and_it_is_worth_most(
    values: dict[tuple[str, str], float], room: dict[str, int]
) -> None:
    """Nobody gets more than they have room for; as if each place were a person of their own, nothing is worth more."""
    given_to = assign(values, room)
    held = list(given_to.values())
    assert all(held.count(person) <= room.get(person, 1) for person in held)
    places = {(post, f"{person}{n}"): v for (post, person), v in values.items() for n in range(room.get(person, 1))}
    assert sum(values[pair] for pair in given_to.items()) == pytest.approx(
        sum(places[p] for p in assign(places).items())
    )


def scored(garden: Garden, message: str, scores: dict[str, float], minutes: float = 0) -> None:
    """Publish a post with the chances of those who match it."""
    asked = post(START + timedelta(minutes=minutes), message=message)
    matches = tuple(Match(member=member, score=score) for member, score in scores.items())
    ranking: MatchesRanked = make(
        MatchesRanked, asked.at, message=message, channel="open", author="asker", published=asked.at,
        first_post=False, model="m", matches=matches,
    )  # fmt: skip
    garden.step(asked, ranking)


def asked(events: list[Event]) -> dict[str, str]:
    return {event.post: event.member for event in events if isinstance(event, NudgeIssued)}


def test_the_best_for_one_post_is_not_the_best_for_all() -> None:
    """Ann is best for both; asked about what only she knows, she leaves the other to Bob, who is nearly as good."""
    garden = Garden()
    scored(garden, "p", {"ann": 0.5, "bob": 0.45})
    scored(garden, "q", {"ann": 0.4, "bob": 0.1})
    assert asked(garden.until(START + hours(2))) == {"p": "bob", "q": "ann"}


def test_posts_that_fall_due_in_the_same_quarter_of_an_hour_share_a_round() -> None:
    """One that is due a little earlier waits for the round, and does not take away who is needed more."""
    garden = Garden()
    scored(garden, "p", {"ann": 0.5, "bob": 0.45}, minutes=1)
    scored(garden, "q", {"ann": 0.4, "bob": 0.1}, minutes=14)
    assert garden.until(START + hours(2.24)) == []
    assert asked(garden.until(START + hours(2.25))) == {"p": "bob", "q": "ann"}


def test_a_post_that_lost_comes_again_in_the_next_round() -> None:
    """Nobody is asked about two posts at once: the other one comes a quarter of an hour later."""
    garden = Garden()
    scored(garden, "p", {"ann": 0.5})
    scored(garden, "q", {"ann": 0.4})
    assert asked(garden.until(START + hours(2))) == {"p": "ann"}
    assert garden.until(START + hours(2.24)) == []
    assert asked(garden.until(START + hours(2.25))) == {"q": "ann"}


def test_who_was_asked_often_this_week_gives_way_to_who_was_not() -> None:
    """Of two who are as likely to answer, the one with more of their week left is asked, though ranked behind."""
    garden = Garden()
    scored(garden, "p", {"ann": 0.3})
    garden.until(START + hours(2))
    scored(garden, "q", {"ann": 0.3, "bob": 0.3}, minutes=130)
    assert asked(garden.until(START + hours(5))) == {"q": "bob"}


def test_an_answer_is_worth_less_the_longer_its_author_waits() -> None:
    """What was worth an ask at first is worth none days later, where nobody could be asked before."""
    for waits, expected in ((2, {"p": "ann"}), (40, {})):
        garden = Garden()
        garden.step(make(PreferencesChanged, START, member="ann", paused_until=START + hours(waits)))
        scored(garden, "p", {"ann": 0.2})
        assert asked(garden.until(START + hours(71))) == expected


def test_nobody_is_asked_where_it_costs_more_than_it_may_bring() -> None:
    """A chance of one in a thousand is not worth anybody's attention; where attention is free, it is."""
    for attention, expected in ((0.05, {}), (0.0, {"p": "ann"})):
        garden = Garden(attention_price=attention)
        scored(garden, "p", {"ann": 0.001})
        assert asked(garden.until(START + hours(71))) == expected


@given(st.integers(0, 10**6), st.sampled_from([1, 7, 15, 60]))
def test_rounds_begin_at_the_same_minutes_everywhere(seconds: int, minutes: int) -> None:
    """The next round is less than one length away, and is the next one of itself."""
    garden = Garden(round_minutes=minutes)
    at = START + timedelta(seconds=seconds)
    coming = next_round(garden.state, at)
    assert timedelta(0) <= coming - at < timedelta(minutes=minutes)
    assert next_round(garden.state, coming) == coming


def test_a_later_ranking_takes_over() -> None:
    """Edited into another question, a post goes to whom the later ranking names; who was asked already stays asked."""
    garden = Garden()
    scored(garden, "p", {"ann": 0.5})
    again = make(
        MatchesRanked, START + timedelta(hours=1), message="p", channel="open", author="asker", published=START,
        first_post=False, model="m2", matches=(Match(member="bob", score=0.4), Match(member="cat", score=0.2)),
    )  # fmt: skip
    garden.step(again)
    assert asked(garden.until(START + hours(2))) == {"p": "bob"}
    garden.step(again.model_copy(update={"id": "third", "matches": (Match(member="ann", score=0.9),)}))
    assert asked(garden.until(START + hours(3))) == {}
    assert asked(garden.until(START + hours(27))) == {"p": "ann"}
