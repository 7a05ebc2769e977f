"""What people want of nudges, as they say it in answers: it holds whatever order it comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.budget import weekly_limit
from services.nudge.documents import LIVE, Member
from shared.events import Answer, Event, Kind, NudgeIssued, PreferencesChanged, Withdrawal
from tests.nudging import START, Garden, answered, hours, make, people, post, ranked
from tests.test_nudge_asks import withdrawn

ASKED = 4
THERE = people(START - hours(1))


def with_nudges() -> tuple[Garden, list[str]]:
    """Give a community in which Ann has just been asked about four posts, one in each of four rounds."""
    garden = Garden(THERE, weekly_asks_cap=100)
    for n in range(ASKED):
        asked = post(START - hours(n / 4), message=f"p{n}")
        garden.step(asked, ranked(asked, "ann", "bob"))
    issued = garden.until(START + hours(2))
    assert len(issued) == ASKED
    return garden, [event.nudge for event in issued if isinstance(event, NudgeIssued)]


def ann_of(garden: Garden) -> Member:
    ann = garden.state.member("ann")
    assert ann is not None
    return ann


@pytest.mark.parametrize("before", [Answer.CLAIM, Answer.DONE, Answer.LATER, Answer.PASS, Answer.HAND_OVER])
def test_an_opt_out_that_comes_late_is_an_opt_out(before: Answer) -> None:
    """Overtaken by another answer to the same nudge, `never` and `less` are still heard."""
    garden, [nudge, *_] = with_nudges()
    garden.step(answered(START + hours(4), nudge, "ann", before, to="bob"))
    garden.step(answered(START + hours(3), nudge, "ann", Answer.LESS))
    assert weekly_limit(ann_of(garden), garden.settings) == 2
    out = garden.step(answered(START + hours(3.5), nudge, "ann", Answer.NEVER))
    assert set(ann_of(garden).without) == set(Kind)
    assert {reason for _, reason in withdrawn(out)} == {Withdrawal.OPTED_OUT}
    assert not [n for n in garden.state.inbox("ann") if (d := garden.state.nudge(n)) and d.state in LIVE]


def test_less_is_said_once_of_each_nudge_until_a_number_is_named() -> None:
    """A button that was pressed twice halves once; naming a number starts anew; the last ask of a week stays."""
    garden, nudges = with_nudges()
    limits = []
    for n, nudge in enumerate([*nudges, nudges[0]]):
        garden.step(answered(START + hours(3 + n), nudge, "ann", Answer.LESS))
        limits.append(weekly_limit(ann_of(garden), garden.settings))
    assert limits == [2, 1, 1, 1, 1]
    garden.step(make(PreferencesChanged, START + hours(9), member="ann", weekly_asks=8))
    assert weekly_limit(ann_of(garden), garden.settings) == 8
    assert ann_of(garden).less == {}


said = st.lists(
    st.one_of(
        st.tuples(st.integers(0, ASKED - 1), st.sampled_from(Answer)),
        st.tuples(st.sampled_from([0, 1, 9, 100]), st.just("asks")),
        st.tuples(st.sampled_from([(), (Kind.REPLY,)]), st.just("without")),
    ),
    min_size=2,
    max_size=9,
)


@given(said, st.data())
def test_what_a_member_prefers_does_not_depend_on_the_order(
    said: list[tuple[object, str]], data: st.DataObject
) -> None:
    """Answers and preferences, in whatever order they come through, leave the member wanting the same."""
    at_once = data.draw(st.booleans())

    def event(n: int, what: object, how: str, nudges: list[str]) -> Event:
        at = START + hours(3 + (0 if at_once else n))
        if isinstance(how, Answer):
            assert isinstance(what, int)
            return answered(at, nudges[what], "ann", how, to="bob")
        fields = {"weekly_asks": what} if how == "asks" else {"without": what}
        preferred: Event = make(PreferencesChanged, at, member="ann", **fields)
        return preferred

    garden, nudges = with_nudges()
    events = [event(n, what, how, nudges) for n, (what, how) in enumerate(said)]
    garden.step(*events)
    other, _ = with_nudges()
    other.step(*data.draw(st.permutations(events)))
    assert ann_of(other) == ann_of(garden)
