"""What members do not want is obeyed at once in what nudge decides, both ways, and taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.documents import WISHES
from services.nudge.words import words_of
from shared.events import (
    Answer,
    Event,
    MatchDeclined,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    NudgeIssued,
    PostPublished,
    TopicDeclined,
    Withdrawal,
)
from tests.nudging import START, Garden, dump, hours, make, post, ranked
from tests.test_nudge_answers import say, with_nudge
from tests.test_nudge_asks import asked, opened, withdrawn
from tests.test_nudge_hand_over import at_night


def apart(member: str, other: str, at: float = 3, declined: bool = True) -> MatchDeclined:
    event: MatchDeclined = make(MatchDeclined, START + hours(at), member=member, other=other, declined=declined)
    return event


def averse(member: str, about: str = "p", at: float = 3, declined: bool = True) -> TopicDeclined:
    event: TopicDeclined = make(TopicDeclined, START + hours(at), member=member, post=about, declined=declined)
    return event


@pytest.mark.parametrize("said", [apart("ann", "asker"), apart("asker", "ann")])
def test_who_is_kept_apart_is_asked_no_more(said: MatchDeclined) -> None:
    """Whoever of the two said so, the open nudge is taken back, without a reason, and the next is asked at once."""
    garden, nudge = with_nudge("ann", "bob")
    out = garden.step(said)
    assert withdrawn(out) == [("ann", Withdrawal.TAKEN_BACK)]
    assert asked(out) == ["bob"]
    stored = garden.state.nudge(nudge)
    assert stored is not None
    assert stored.withdrawn is Withdrawal.TAKEN_BACK
    assert garden.step(said) == []


def test_a_claim_is_taken_back_too() -> None:
    """Who claimed a post before they were kept apart from its author does not see it through for Kindling."""
    garden, nudge = with_nudge("ann", "bob")
    say(garden, nudge, Answer.CLAIM, at=2.5)
    assert withdrawn(garden.step(apart("asker", "ann"))) == [("ann", Withdrawal.TAKEN_BACK)]


def test_why_a_nudge_was_taken_back_is_not_told() -> None:
    """It reads as when an author has left, and the words blame nobody: nothing tells that somebody was declined."""
    reasons = []
    for end in (apart("asker", "ann"), make(MemberLeft, START + hours(3), member="asker")):
        garden, _ = with_nudge("ann")
        reasons += withdrawn(garden.step(end))
    assert reasons == [("ann", Withdrawal.TAKEN_BACK)] * 2
    assert words_of("en").say(f"withdrawn.{Withdrawal.TAKEN_BACK}") == "It was taken back. There is nothing left to do."


@pytest.mark.parametrize("said", [apart("ann", "asker", at=1), apart("asker", "ann", at=1)])
def test_a_ranking_from_before_does_not_matter(said: MatchDeclined) -> None:
    """An older ranking may still name who is kept apart from the author since: they are passed over."""
    garden = Garden()
    opened(garden, "ann", "bob")
    assert garden.step(said) == []
    assert asked(garden.until(START + hours(30))) == ["bob"]


def test_what_was_said_before_anything_was_asked_holds() -> None:
    """Wishes outlive posts: what was said before a post came is obeyed when it comes."""
    garden = Garden()
    garden.step(apart("ann", "asker", at=-0.5), averse("bob", "p", at=-0.5))
    opened(garden, "ann", "bob", "cat")
    assert asked(garden.until(START + hours(2))) == ["cat"]


def test_taken_back_by_who_said_so_alone() -> None:
    """Each one's word stands by itself; once neither says so any more, they can be asked again."""
    garden = Garden()
    opened(garden, "ann")
    garden.step(apart("ann", "asker", at=1), apart("asker", "ann", at=1))
    garden.step(apart("ann", "asker", at=3, declined=False))
    assert asked(garden.until(START + hours(4))) == []
    assert asked(garden.step(apart("asker", "ann", at=5, declined=False))) == ["ann"]


def test_not_my_topic_ends_the_asking_of_who_said_so() -> None:
    """The nudge is taken back as they asked, the next is asked, and they are not asked about this post again."""
    garden, _ = with_nudge("ann", "bob")
    out = garden.step(averse("ann"))
    assert withdrawn(out) == [("ann", Withdrawal.OPTED_OUT)]
    assert asked(out) == ["bob"]
    garden.step(averse("ann", at=4, declined=False))
    assert "ann" not in asked(garden.until(START + hours(100)))


def test_not_my_topic_before_being_asked_can_be_taken_back() -> None:
    """Who said so before they were asked is passed over, and asked once they change their mind."""
    garden = Garden()
    opened(garden, "ann")
    garden.step(averse("ann", at=1))
    assert asked(garden.until(START + hours(3))) == []
    assert asked(garden.step(averse("ann", at=4, declined=False))) == ["ann"]


@pytest.mark.parametrize("said", [apart("plain", "asker", at=1), apart("asker", "plain", at=1), apart("ann", "plain")])
def test_nothing_is_handed_over_to_who_is_kept_apart(said: MatchDeclined) -> None:
    """Who is kept apart from the author, or from who hands over, is passed over as anybody who cannot be asked."""
    garden, nudge = with_nudge("ann", "bob")
    garden.step(said)
    out = say(garden, nudge, Answer.HAND_OVER, to="plain", at=4)
    assert withdrawn(out) == [("ann", Withdrawal.HANDED_OVER)]
    assert asked(out) == ["bob"]


@pytest.mark.parametrize("said", [apart("plain", "asker", at=4), apart("ann", "plain", at=4)])
def test_who_is_named_and_then_kept_apart_is_waited_for_no_more(said: MatchDeclined) -> None:
    """The next is asked at once, and what was kept of the handing over is gone."""
    garden, nudge = with_nudge("ann", "bob")
    at_night(garden, "plain", 6)
    say(garden, nudge, Answer.HAND_OVER, to="plain")
    assert asked(garden.step(said)) == ["bob"]
    opportunity = garden.state.opportunity("p")
    assert opportunity is not None
    assert opportunity.named is None


def test_no_reason_rests_on_somebody_kept_apart() -> None:
    """Why somebody is asked is not told by posts of whom they are kept apart from."""
    for said, expected in ((None, 1), (apart("ann", "dan", at=0.1), 0), (apart("dan", "ann", at=0.1), 0)):
        garden = Garden()
        old, new = post(START, message="old", author="dan"), post(START)
        garden.step(old, *([said] if said else []), new, ranked(new, "ann"))
        [issued] = garden.until(START + hours(2))
        assert isinstance(issued, NudgeIssued)
        assert len(issued.evidence) == expected


def test_nobody_declines_themselves_or_who_is_forgotten() -> None:
    """A slip of the finger keeps nobody from their own posts, and nothing is kept about who was forgotten."""
    garden = Garden()
    before = dump(garden.documents)
    garden.step(apart("ann", "ann"))
    assert dump(garden.documents) == before
    garden.step(make(MemberForgotten, START + hours(4), member="bob"))
    before = dump(garden.documents)
    garden.step(apart("ann", "bob", at=3), apart("bob", "ann", at=3), averse("bob", at=3))
    assert dump(garden.documents) == before


def test_leaving_drops_what_somebody_wished() -> None:
    """Back again they wish nothing; what others wish of them still holds, for they may come back."""
    garden = Garden()
    garden.step(apart("ann", "asker", at=1), averse("ann", at=1), apart("bob", "ann", at=1))
    garden.step(make(MemberLeft, START + hours(2), member="ann"), make(MemberJoined, START + hours(3), member="ann"))
    assert set(garden.documents.table(WISHES)) == {"bob"}
    assert garden.state.apart("ann", "bob")
    garden.step(apart("ann", "asker", at=1))
    assert not garden.state.apart("ann", "asker")


def test_forgetting_drops_all_of_it() -> None:
    """Nothing is left of what a forgotten member wished, nor of what others wished of them."""
    garden = Garden()
    garden.step(apart("ann", "asker"), averse("ann"), apart("bob", "ann"), apart("cat", "ann"), apart("cat", "bob"))
    garden.step(make(MemberForgotten, START + hours(4), member="ann"))
    assert set(garden.documents.table(WISHES)) == {"cat"}
    assert set(garden.state.wishes("cat").people) == {"bob"}


WHO = st.sampled_from(["ann", "bob", "asker"])
SAID = st.lists(
    st.one_of(
        st.builds(apart, WHO, WHO, st.integers(1, 4), st.booleans()),
        st.builds(averse, WHO, st.sampled_from(["p", "unknown"]), st.integers(1, 4), st.booleans()),
        st.builds(lambda who, at: make(MemberLeft, START + hours(at), member=who), WHO, st.integers(1, 4)),
    ),
    max_size=7,
)


@given(SAID, st.data())
def test_the_order_of_what_is_said_does_not_matter(said: list[Event], data: st.DataObject) -> None:
    """What is wished in the end is stored the same, byte for byte, in whatever order it came, and however often."""
    straight, mixed = Garden(), Garden()
    straight.step(*said)
    mixed.step(*data.draw(st.permutations([*said, *said])))
    assert wishes_of(straight) == wishes_of(mixed)


@given(SAID)
def test_wishes_and_rankings_may_come_in_either_order(said: list[Event]) -> None:
    """Whether the ranking or the wish came first, the same person is asked when the time has come."""
    asker: PostPublished = post(START + hours(4))
    matches = ranked(asker, "ann", "bob", "cat")
    one, other = Garden(), Garden()
    one.step(asker, matches, *said)
    other.step(*said, asker, matches)
    assert asked(one.until(START + hours(6))) == asked(other.until(START + hours(6)))


def wishes_of(garden: Garden) -> dict[str, bytes]:
    return {key: body for key, body in dump(garden.documents).items() if key.startswith(f"{WISHES.name}/")}
