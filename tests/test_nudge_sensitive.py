"""Sensitive posts: found by word lists that operators can see and change, and never made into prompts."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.documents import OPPORTUNITIES, Closing
from services.nudge.sensitive import Judge, normalise
from services.nudge.settings import NudgeSettings
from services.nudge.word_lists.read import words_of
from shared.events import (
    Answer,
    MatchDeclined,
    MessageEdited,
    MessageRemoved,
    NudgeIssued,
    NudgeWithdrawn,
    PostPublished,
    ReplyPublished,
    ThreadFlagged,
    Withdrawal,
)
from shared.failures import UnsafeSettings
from tests.nudging import START, Garden, answered, dump, hours, make, people, post, ranked, reply
from tests.sensitive_examples import halves, rates

JUDGE = Judge(words_of())
SAD = "I want to die"
LATER = START + hours(30)


def asked(out: list[Any]) -> list[str]:
    return [event.member for event in out if isinstance(event, NudgeIssued)]


def about(text: str, garden: Garden) -> list[Any]:
    event = post(START, text=text)
    out = garden.step(event, ranked(event, "ann", "bob", "cat"))
    return out + garden.until(LATER)


# The word lists


def test_hard_examples_that_were_never_looked_at_are_told_apart() -> None:
    """On the half of the examples that the lists were not tuned on they find most, and let most of the rest pass."""
    tuned_on, held_out = halves()
    assert rates(JUDGE, tuned_on).recall >= 0.95
    assert rates(JUDGE, tuned_on).false_alarms <= 0.1
    assert rates(JUDGE, held_out).recall >= 0.8
    assert rates(JUDGE, held_out).false_alarms <= 0.2


@pytest.mark.parametrize(
    "text",
    [
        "kill the process on port 80", "dead code in my module", "suicide burn for a rocket", "an abuse of notation",
        "master/slave replication", "is this a legal move?", "the health check fails", "f(u) = 2u", "bail out early",
        "the kernel panics!", "`kill -9 $PID` and `die()`", "```\nif dead: kill(me)\n# suicide\n```",
    ],
)  # fmt: skip
def test_everyday_words_of_programmers_are_no_concern(text: str) -> None:
    """Words of a trade that sound grave elsewhere make no post sensitive."""
    assert not JUDGE.concerns(text)


@pytest.mark.parametrize(
    "text",
    [
        "i want to DIE", "I w4nt to d1e", "ich möchte sterben", "ich moechte sterben", "s u i c i d e",
        "`I want to die`", "I'm so lonelyyyyy", "thinking of suícide", "Kill the process? I want to kill myself",
    ],
)  # fmt: skip
def test_spelling_hides_nothing(text: str) -> None:
    """Case, accents, leet, spacing and code marks do not hide what is said."""
    assert JUDGE.concerns(text) == ("distress",)


def test_the_title_and_the_end_of_a_long_post_count() -> None:
    """A post is read as a whole, not only the part that the inbox shows."""
    assert JUDGE.concerns(SAD, "How do I join tables?")
    garden = Garden()
    assert not asked(about("How do I join two tables? " * 60 + SAD, garden))


def test_a_term_does_not_reach_over_what_was_taken_out() -> None:
    """Where an everyday phrase was, the words around it do not become neighbours."""
    own = JUDGE.weigh("my kill the process lawyer")
    assert all("my lawyer" not in found.words for found in own)


def test_operators_add_and_remove_terms(tmp_path: Path) -> None:
    """A file of an operator's own adds terms of all kinds, and takes out others."""
    file = tmp_path / "own.toml"
    file.write_text('everyday = ["tumor board*"]\n[health]\nstrong = ["burnt finger*"]\nremoved = ["adhd"]\n')
    own = Judge(words_of(file))
    assert own.concerns("Burnt fingers while soldering") == ("health",)
    assert JUDGE.concerns("adhd and me")
    assert not own.concerns("adhd and me")


@pytest.mark.parametrize("wrong", ["health = 1", "[wealth]\nstrong = []", "not toml", '[health]\nstrong = "one"'])
def test_a_wrong_list_stops_the_start(tmp_path: Path, wrong: str) -> None:
    """What no list can say is refused with the file's name, not ignored."""
    file = tmp_path / "own.toml"
    file.write_text(wrong)
    with pytest.raises(UnsafeSettings, match=r"own\.toml"):
        words_of(file)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere stops the start."""
    with pytest.raises(ValueError, match="not there"):
        NudgeSettings(sensitive_words=tmp_path / "none.toml")


@given(st.text(max_size=200))
def test_any_text_can_be_judged(text: str) -> None:
    """Normalised once is normalised for good, and no text breaks the rule."""
    JUDGE.concerns(text)
    assert normalise(text).strip() == normalise(text)


# What becomes of them


def test_nobody_is_asked_about_a_sensitive_post() -> None:
    """Left alone, where operators named nobody."""
    garden = Garden()
    assert not about(SAD, garden)
    assert not garden.documents.table(OPPORTUNITIES)


def test_only_the_named_person_is_asked_in_sober_words_and_nobody_after_them() -> None:
    """Routed to the one whom operators named; passed or handed over, it goes to nobody else."""
    for answer in (Answer.PASS, Answer.HAND_OVER, Answer.LATER):
        garden = Garden(sensitive_to="dan")
        assert asked(about(SAD, garden)) == ["dan"]
        (nudge,) = garden.state.inbox("dan")
        known = garden.state.nudge(nudge)
        assert known is not None
        assert known.sensitive
        out = garden.step(answered(LATER, nudge, "dan", answer, to="ann" if answer is Answer.HAND_OVER else None))
        assert not asked(out + garden.until(START + hours(80)))


def test_a_named_person_who_is_kept_apart_from_the_author_is_not_asked() -> None:
    """A block between two people holds for what operators route, too."""
    garden = Garden(sensitive_to="dan")
    garden.step(make(MatchDeclined, START, member="asker", other="dan"))
    assert not asked(about(SAD, garden))


def test_a_named_person_is_not_asked_outside_of_their_budget() -> None:
    """Operators can name a person, not spend their attention."""
    garden = Garden(sensitive_to="dan", weekly_asks_champion=0)
    assert not asked(about(SAD, garden))


def test_an_edit_withdraws_what_was_asked_and_another_reopens_nothing() -> None:
    """Sensitive by an edit: taken back with no reason told, given to nobody else, and never reopened by itself."""
    garden = Garden()
    assert asked(about("How do I join tables?", garden)) == ["ann", "bob"]
    out = garden.step(make(MessageEdited, LATER, message="p", text=SAD))
    assert [event.reason for event in out if isinstance(event, NudgeWithdrawn)] == [Withdrawal.TAKEN_BACK]
    opportunity = garden.state.opportunity("p")
    assert opportunity is not None
    assert opportunity.closing is Closing.SENSITIVE
    event = post(START)
    garden.step(make(MessageEdited, LATER + hours(1), message="p", text="How do I join tables?"))
    assert not asked(garden.step(ranked(event, "cat", at=LATER + hours(1))) + garden.until(START + hours(80)))


def test_an_edit_routes_an_open_post_to_the_named_person() -> None:
    """Where somebody is named, an edit takes it from whom was asked and gives it to them."""
    garden = Garden(sensitive_to="dan")
    assert asked(about("How do I join tables?", garden)) == ["ann", "bob"]
    out = garden.step(make(MessageEdited, LATER, message="p", text=SAD))
    assert [event.member for event in out if isinstance(event, NudgeWithdrawn)] == ["bob"]
    assert asked(out) == ["dan"]


@pytest.mark.parametrize("before", [True, False])
def test_a_flagged_thread_is_left_alone(before: bool) -> None:
    """Reported or quarantined, before anybody was asked or after, and whether or not that is over again."""
    garden = Garden()
    flagged = make(ThreadFlagged, START, message="p")
    if before:
        garden.step(flagged)
    out = about("How do I join tables?", garden)
    if not before:
        assert asked(out)
        garden.step(make(ThreadFlagged, LATER, message="p"))
        garden.step(make(ThreadFlagged, LATER + hours(1), message="p", flagged=False))
    assert not asked(garden.until(START + hours(80)) + (out if before else []))


def test_a_thread_is_as_sensitive_as_its_replies() -> None:
    """What is said in a reply counts, also when the reply is removed again: nothing is reopened."""
    garden = Garden()
    event = post(START)
    garden.step(event, ranked(event, "ann", "bob"))
    said: ReplyPublished = make(
        ReplyPublished, START, message="r", post="p", channel="open", author="bob", text="kys, idiot"
    )
    garden.step(said)
    garden.step(make(MessageRemoved, START + hours(1), message="r"))
    assert not asked(garden.until(START + hours(80)))


def test_a_harmless_thread_whose_answer_is_removed_is_asked_about() -> None:
    """The test before this one means something: without the words, somebody is asked."""
    garden = Garden()
    event = post(START)
    garden.step(event, ranked(event, "ann", "bob"), reply(START, "bob"))
    garden.step(make(MessageRemoved, START + hours(1), message="r"))
    assert asked(garden.until(START + hours(80)))


def test_all_of_it_twice_is_as_once() -> None:
    """Handled again, every event of a sensitive thread changes nothing."""
    published: PostPublished = post(START)
    events = [
        published, ranked(published, "ann"), make(MessageEdited, START + hours(3), message="p", text=SAD),
        make(ThreadFlagged, START + hours(3), message="p"),
    ]  # fmt: skip
    there = people(START - hours(1))
    once, twice = Garden(there, sensitive_to="dan"), Garden(there, sensitive_to="dan")
    for event in events:
        once.step(event)
        twice.step(event, event)
    assert once.driven.emitted == twice.driven.emitted
    assert dump(once.documents) == dump(twice.documents)
