"""Answers that are removed again, as spam is: the post needs somebody as if they had never been."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.documents import MOST_HEARD, Closing
from shared.events import (
    Answer,
    CommunityClosed,
    Event,
    MemberForgotten,
    MemberLeft,
    MessageRemoved,
    NudgeIssued,
    ThreadResolved,
)
from tests.nudging import START, Garden, answered, dump, hours, make, people, post, ranked, reply
from tests.test_nudge_asks import asked, opened, withdrawn


def removed(at: float, message: str) -> MessageRemoved:
    event: MessageRemoved = make(MessageRemoved, START + hours(at), message=message)
    return event


def with_spam(*members: str) -> Garden:
    """Give a community in which the first was asked about post p, which spam then answered, it seemed."""
    garden = Garden()
    opened(garden, *members)
    assert asked(garden.until(START + hours(2))) == [members[0]]
    garden.step(reply(START + hours(3), "plain", message="spam"))
    return garden


def test_the_next_is_asked_when_the_only_answer_is_removed() -> None:
    """Spam does not silence a post: once it is gone the next is asked, and nobody twice."""
    garden = with_spam("ann", "bob")
    assert asked(garden.step(removed(4, "spam"))) == ["bob"]
    assert asked(garden.until(START + hours(100))) == []


def test_a_post_with_another_answer_stays_answered() -> None:
    """Only the last answer that goes makes a post open again; the same news again changes nothing."""
    garden = with_spam("ann", "bob")
    garden.step(reply(START + hours(3.5), "cat", message="r2"))
    assert garden.step(removed(4, "spam"), removed(4, "spam")) == []
    assert asked(garden.step(removed(5, "r2"))) == ["bob"]


def test_a_post_that_waits_is_asked_about_when_it_has_waited() -> None:
    """An answer that came and went within the first two hours changes nothing."""
    garden = Garden()
    opened(garden, "ann")
    garden.step(reply(START + hours(0.5), "plain", message="spam"), removed(1, "spam"))
    [issued] = garden.until(START + hours(3))
    assert isinstance(issued, NudgeIssued)
    assert issued.at == START + hours(2)


@pytest.mark.parametrize(
    "over",
    [
        make(ThreadResolved, START + hours(3.5), message="p"),
        make(MessageRemoved, START + hours(3.5), message="p"),
        make(MemberLeft, START + hours(3.5), member="asker"),
        make(MemberForgotten, START + hours(3.5), member="asker"),
        make(CommunityClosed, START + hours(3.5)),
    ],
)
def test_what_is_over_for_another_reason_stays_closed(over: Event) -> None:
    """Nobody is asked about a post that was settled or removed meanwhile, or whose author is gone."""
    garden = with_spam("ann", "bob")
    garden.step(over)
    assert garden.step(removed(4, "spam")) == []
    assert garden.until(START + hours(100)) == []


def test_after_the_end_nothing_opens_and_nothing_is_kept() -> None:
    """When the time for asking is over, a removal is no news, and the people who were ranked are gone."""
    garden = with_spam("ann", "bob")
    garden.until(START + hours(72))
    opportunity = garden.state.opportunity("p")
    assert opportunity is not None
    assert (opportunity.closing, opportunity.candidates) == (Closing.ANSWERED, ())
    assert garden.step(removed(73, "spam")) == []
    assert garden.until(START + hours(150)) == []


def test_who_said_that_it_is_done_is_believed_again() -> None:
    """Nobody else is asked while somebody says that they have answered."""
    garden = Garden()
    opened(garden, "ann", "bob")
    [issued] = garden.until(START + hours(2))
    assert isinstance(issued, NudgeIssued)
    garden.step(answered(START + hours(2.5), issued.nudge, "ann", Answer.DONE))
    garden.step(reply(START + hours(3), "plain", message="spam"))
    assert garden.step(removed(4, "spam")) == []


def test_very_many_answers_are_for_good() -> None:
    """What is kept of a busy thread is bounded."""
    garden = with_spam("ann", "bob")
    garden.step(*(reply(START + hours(3), "cat", message=f"r{n}") for n in range(MOST_HEARD)))
    known = garden.state.post("p")
    assert known is not None
    assert (known.answered, known.answers) == (True, ())
    assert garden.step(removed(4, "spam"), *(removed(4, f"r{n}") for n in range(MOST_HEARD))) == []


def test_a_withdrawn_nudge_stays_withdrawn() -> None:
    """Who was told that somebody else has answered is not asked for the same thing again."""
    garden = with_spam("ann")
    assert asked(garden.step(removed(4, "spam"))) == []
    assert not withdrawn(garden.until(START + hours(100)))


PEOPLE = people(START - hours(1))
asking = post(START)
MATCHES = ranked(asking, "ann", "bob")
REPLIES = [reply(START, who, message=f"r{n}") for n, who in enumerate(("plain", "plain", "cat"))]
REMOVALS = [removed(0, f"r{n}") for n in range(3)]


def outcome(events: Sequence[Event]) -> tuple[list[str], dict[str, bytes]]:
    """Give who is asked in the end, and what is known of the post before that."""
    garden = Garden(PEOPLE)
    garden.step(*events)
    known = {key: body for key, body in dump(garden.documents).items() if key.startswith("post/p")}
    return asked(garden.until(START + hours(100))), known


@given(st.sets(st.integers(0, 2)), st.data())
def test_the_outcome_does_not_depend_on_the_order(gone: set[int], data: st.DataObject) -> None:
    """Post, ranking, replies and removals come in any order: a post is asked about if nothing answers it in the end."""
    events = [*REPLIES, *(REMOVALS[n] for n in sorted(gone))]
    inserted = data.draw(st.permutations([asking, *events]))
    after = inserted.index(asking) + 1
    inserted.insert(data.draw(st.integers(after, len(inserted))), MATCHES)
    assert outcome(inserted) == outcome([asking, MATCHES, *events])
    assert bool(outcome(inserted)[0]) is (gone == {0, 1, 2})
