"""The ladder: peers before champions, champions before leaders, and leaders where their answer adds far more."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.nudge.ladder import RUNGS, whose_turn
from shared.events import Answer, Event, Evidence, Match, MatchesRanked, NudgeIssued, Reason, Role, RolesChanged
from tests.nudging import START, Garden, answered, hours, make, post

WORTH = st.dictionaries(st.sampled_from("abcdef"), st.integers(-3, 20).map(lambda tenths: tenths / 10), max_size=6)
ROLES = st.fixed_dictionaries({who: st.sampled_from(RUNGS) for who in "abcdef"})
PEOPLE = {"plain": 0.5, "ann": 0.6, "dan": 0.7}


def garden(scores: dict[str, float], first: bool = False, named: str | None = None, **settings: Any) -> Garden:
    """Give a community in which Plain is a member, Ann a champion and Dan a leader, and one post waits for them."""
    made = Garden(**{"ask_members": True, "explore_share": 0.0, **settings})
    made.step(make(RolesChanged, START, member="dan", roles=(Role.LEADER,)))
    event = post(START)
    why = (Evidence(reason=Reason.MENTIONED, count=1),)
    matches = tuple(
        Match(member=who, score=score, evidence=why if who == named else ()) for who, score in scores.items()
    )
    ranking: MatchesRanked = make(
        MatchesRanked, event.at, message=event.message, channel="open", author="asker", published=event.at,
        first_post=first, model="m", matches=matches,
    )  # fmt: skip
    made.step(event, ranking)
    return made


def asked(events: list[Event]) -> list[str]:
    return [event.member for event in events if isinstance(event, NudgeIssued)]


def test_nobody_took_it_so_the_next_rung_is_asked() -> None:
    """An ask that runs out leads from a peer to a champion, and from a champion to a leader."""
    made = garden(PEOPLE, late_half_life_hours=100)
    assert asked(made.until(START + hours(2))) == ["plain"]
    assert asked(made.until(START + hours(27))) == ["ann"]
    assert asked(made.until(START + hours(52))) == ["dan"]


def test_who_passes_opens_the_next_rung_at_once() -> None:
    """Passed by a peer, a post goes to the champion who is worth more than another peer."""
    made = garden({**PEOPLE, "bob": 0.1})
    [issued] = made.until(START + hours(2))
    assert isinstance(issued, NudgeIssued)
    assert asked(made.step(answered(START + hours(3), issued.nudge, "plain", Answer.PASS))) == ["ann"]


def test_a_rung_with_nobody_on_it_is_passed_over() -> None:
    """Where members are not asked the champions are the lowest, and a leader is asked where there is nobody else."""
    assert asked(garden(PEOPLE, ask_members=False).until(START + hours(2))) == ["ann"]
    assert asked(garden({"dan": 0.3}).until(START + hours(2))) == ["dan"]


def test_a_leader_whose_answer_adds_far_more_is_asked_before_their_turn() -> None:
    """Twice as much is far more by default; the setting says how much."""
    scores = {"ann": 0.3, "dan": 0.9}
    assert asked(garden(scores).until(START + hours(2))) == ["dan"]
    assert asked(garden(scores, ladder_lead=10).until(START + hours(2))) == ["ann"]


def test_without_the_ladder_and_for_who_is_mentioned_only_worth_counts() -> None:
    """The setting switches it off; who is named in the post is asked whatever their role."""
    assert asked(garden(PEOPLE, ladder=False).until(START + hours(2))) == ["dan"]
    assert asked(garden(PEOPLE, named="dan").until(START + hours(2))) == ["dan"]


def test_a_leader_counts_for_more_with_a_newcomer() -> None:
    """To a first post their answer is worth `leader_weight`, to others as much of it as it is their topic."""
    scores = {"ann": 0.5, "dan": 0.49}
    for weight, expected in ((1.2, "dan"), (1.0, "ann")):
        made = garden(scores, first=True, ladder=False, attention_price=0.0, leader_weight=weight)
        assert asked(made.until(START + hours(1))) == [expected]


@given(WORTH, ROLES, st.sets(st.sampled_from(RUNGS)), st.floats(1, 5))
def test_the_ladder_never_ends_where_somebody_could_be_asked(
    worth: dict[str, float], roles: dict[str, Role], before: set[Role], lead: float
) -> None:
    """It is somebody's turn wherever an ask is worth anything, and those on the lowest rung always have theirs.

    Out of turn comes only who is worth `lead` times as much as each of them.
    """
    turn = whose_turn(worth, roles, before, lead)
    useful = {who: RUNGS.index(roles[who]) for who, value in worth.items() if value > 0}
    lowest = {who for who, rung in useful.items() if rung == min(useful.values())}
    assert lowest <= turn <= useful.keys()
    climbed = max((RUNGS.index(role) + 1 for role in before), default=0)
    for who in turn - lowest:
        assert useful[who] <= climbed or worth[who] >= lead * max(worth[other] for other in lowest)


@given(WORTH, ROLES, st.sets(st.sampled_from(RUNGS)), st.floats(1, 5))
def test_each_ask_climbs_a_rung(
    worth: dict[str, float], roles: dict[str, Role], before: set[Role], lead: float
) -> None:
    """Once somebody on a rung did not take it, those above come before their turn no more: it is theirs."""
    for role in RUNGS:
        turn = whose_turn(worth, roles, {*before, role}, lead)
        above = {who for who, value in worth.items() if value > 0 and RUNGS.index(roles[who]) <= RUNGS.index(role) + 1}
        assert above <= turn
