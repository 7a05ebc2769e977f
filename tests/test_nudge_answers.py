"""What people say to nudges, what becomes of these, and what is forgotten."""

import pytest

from services.nudge.budget import weekly_limit
from services.nudge.documents import NudgeState
from shared.events import (
    Answer,
    Event,
    MemberForgotten,
    MemberJoined,
    MessageEdited,
    MessageRemoved,
    NudgeActed,
    NudgeExpired,
    NudgeIssued,
    NudgeSeen,
    NudgeWithdrawn,
    PreferencesChanged,
    ThreadResolved,
    Withdrawal,
)
from shared.limits import AHEAD
from tests.nudging import START, Garden, answered, dump, hours, make, post, ranked, reply
from tests.test_nudge_asks import asked, opened, withdrawn


def with_nudge(*members: str) -> tuple[Garden, str]:
    """Give a community in which the first of the members has just been asked about post p."""
    garden = Garden(attention_price=0)
    opened(garden, *members)
    [issued] = garden.until(START + hours(2))
    assert isinstance(issued, NudgeIssued)
    return garden, issued.nudge


def say(garden: Garden, nudge: str, what: Answer, at: float = 3, member: str = "ann", **fields: object) -> list[Event]:
    return garden.step(answered(START + hours(at), nudge, member, what, **fields))


def test_the_reply_that_was_asked_for_is_the_outcome() -> None:
    """A nudge that worked is known by its reply, and by how long it took."""
    garden, nudge = with_nudge("ann", "bob")
    out = garden.step(reply(START + hours(2.5), "ann", message="r1"))
    assert [
        (type(event), event.nudge, event.message, event.seconds) for event in out if isinstance(event, NudgeActed)
    ] == [(NudgeActed, nudge, "r1", 1800.0)]
    assert len(out) == 1
    assert garden.until(START + hours(100)) == []


def test_a_reply_from_before_the_ask_is_not_its_outcome() -> None:
    """Nudging does not take credit for what happened without it."""
    garden, _ = with_nudge("ann")
    assert withdrawn(garden.step(reply(START + hours(1), "ann"))) == [("ann", Withdrawal.ANSWERED)]


def test_a_clock_that_is_a_little_behind_loses_no_outcome() -> None:
    """A platform's clock may be five minutes behind ours: such a reply took no time, and one of before took none."""
    garden, _ = with_nudge("ann")
    [acted] = garden.step(reply(START + hours(2) - AHEAD, "ann"))
    assert isinstance(acted, NudgeActed)
    assert acted.seconds == 0
    garden, _ = with_nudge("ann")
    out = garden.step(reply(START + hours(2) - 2 * AHEAD, "ann"))
    assert withdrawn(out) == [("ann", Withdrawal.ANSWERED)]


def test_a_claim_stands_until_the_end() -> None:
    """Who claims a post has it for themselves, and all the time there is."""
    garden, nudge = with_nudge("ann", "bob")
    assert say(garden, nudge, Answer.CLAIM) == []
    assert garden.until(START + hours(71.9)) == []
    [expired] = garden.until(START + hours(72))
    assert isinstance(expired, NudgeExpired)


def test_done_is_believed_and_joined_with_its_reply() -> None:
    """Who says that it is done is not asked again, nor is anybody else; the reply may come later."""
    garden, nudge = with_nudge("ann", "bob")
    assert say(garden, nudge, Answer.DONE) == []
    assert garden.until(START + hours(30)) == []
    [acted] = garden.step(reply(START + hours(31), "ann"))
    assert isinstance(acted, NudgeActed)
    garden, nudge = with_nudge("ann", "bob")
    say(garden, nudge, Answer.DONE)
    assert garden.until(START + hours(100)) == []
    stored = garden.state.nudge(nudge)
    assert stored is not None
    assert stored.state is NudgeState.DONE


def test_a_pass_asks_the_next_at_once() -> None:
    """One press passes a nudge on; nobody waits for a day because of it."""
    garden, nudge = with_nudge("ann", "bob")
    out = say(garden, nudge, Answer.PASS, reason="on holiday")
    assert withdrawn(out) == [("ann", Withdrawal.PASSED)]
    assert asked(out) == ["bob"]


def test_later_hides_and_shows_again() -> None:
    """Later is a day, or when they say; the ask stays, and stands a day more from then."""
    garden, nudge = with_nudge("ann", "bob")
    assert say(garden, nudge, Answer.LATER) == []
    stored = garden.state.nudge(nudge)
    assert stored is not None
    assert stored.hidden_until == START + hours(27)
    assert garden.until(START + hours(27)) == []
    stored = garden.state.nudge(nudge)
    assert stored is not None
    assert (stored.hidden_until, stored.state) == (None, NudgeState.OPEN)
    assert asked(garden.until(START + hours(51))) == ["bob"]


def test_less_halves_and_never_ends() -> None:
    """One press says less, one says never: it holds for everything that is open, and for everything to come."""
    garden, nudge = with_nudge("ann", "bob")
    opened(garden, "ann", message="p2")
    out = say(garden, nudge, Answer.LESS)
    assert withdrawn(out) == [("ann", Withdrawal.PASSED)]
    ann = garden.state.member("ann")
    assert ann is not None
    assert weekly_limit(ann, garden.settings) == 2
    garden, nudge = with_nudge("ann", "bob")
    event = post(START + hours(2), message="p2")
    garden.step(event, ranked(event, "ann"))
    garden.until(START + hours(4))
    out = say(garden, nudge, Answer.NEVER, at=5)
    assert withdrawn(out) == [("ann", Withdrawal.OPTED_OUT)] * 2
    assert asked(out) == ["bob"]
    third = post(START + hours(6), message="p3")
    garden.step(third, ranked(third, "ann"))
    assert "ann" not in asked(garden.until(START + hours(100)))


def test_never_is_heard_on_a_closed_nudge_too() -> None:
    """An opt-out from an old page is an opt-out; a later change of mind is not undone by its repeat."""
    garden, nudge = with_nudge("ann")
    garden.until(START + hours(30))
    never = answered(START + hours(31), nudge, "ann", Answer.NEVER)
    garden.step(never)
    ann = garden.state.member("ann")
    assert ann is not None
    assert ann.without
    garden.step(make(PreferencesChanged, START + hours(32), member="ann", without=()), never)
    ann = garden.state.member("ann")
    assert ann is not None
    assert not ann.without


@pytest.mark.parametrize("what", list(Answer))
def test_only_the_own_open_nudge_can_be_answered(what: Answer) -> None:
    """Nobody answers for another, and nothing happens to what is not there."""
    garden, nudge = with_nudge("ann", "bob")
    before = dump(garden.documents)
    assert say(garden, nudge, what, member="bob") == []
    assert say(garden, "no such nudge", what) == []
    assert dump(garden.documents) == before


def test_a_settled_or_removed_post_needs_nobody() -> None:
    """Resolved and removed threads take their nudges back; of a removed post no word is kept."""
    garden, _ = with_nudge("ann", "bob")
    out = garden.step(make(ThreadResolved, START + hours(3), message="p"))
    assert withdrawn(out) == [("ann", Withdrawal.RESOLVED)]
    garden, _ = with_nudge("ann", "bob")
    out = garden.step(make(MessageRemoved, START + hours(3), message="p"))
    assert withdrawn(out) == [("ann", Withdrawal.REMOVED)]
    assert b"omatoes" not in b"".join(dump(garden.documents).values())
    for kind in (ThreadResolved, MessageRemoved):
        garden = Garden()
        garden.step(make(kind, START, message="p"))
        opened(garden, "ann")
        assert garden.until(START + hours(100)) == []


def test_an_edit_shows_and_an_older_one_does_not() -> None:
    """The inbox shows a post as it is now."""
    garden, _ = with_nudge("ann")
    new = make(MessageEdited, START + hours(3), message="p", text="x" * 300, title="Potatoes")
    garden.step(new, make(MessageEdited, START + hours(1), message="p", text="old", title="old"))
    shown = garden.state.post("p")
    assert shown is not None
    assert (shown.title, len(shown.excerpt)) == ("Potatoes", 281)


def test_seen_is_the_first_time() -> None:
    """When a nudge was first seen is known, whatever order it is told in."""
    garden, nudge = with_nudge("ann")
    for at in (5, 4, 6):
        garden.step(make(NudgeSeen, START + hours(at), nudge=nudge, member="ann"))
    garden.step(make(NudgeSeen, START + hours(3), nudge=nudge, member="bob"))
    stored = garden.state.nudge(nudge)
    assert stored is not None
    assert stored.seen == START + hours(4)


def test_a_forgotten_member_is_gone() -> None:
    """Forgetting takes a member out of everything; what comes late of them is not taken in; and they can come back."""
    garden, nudge = with_nudge("ann", "bob")
    own = post(START + hours(2), message="p2", author="ann", title="About ann-secret")
    garden.step(own, ranked(own, "bob", "cat"))
    say(garden, nudge, Answer.HAND_OVER, to="plain", reason="ask ann-secret")
    garden.until(START + hours(4))
    out = garden.step(make(MemberForgotten, START + hours(5), member="ann"))
    assert withdrawn(out) == [("bob", Withdrawal.REMOVED)]
    kept = dump(garden.documents)
    assert not [key for key, body in kept.items() if key.endswith("/ann") or b'"ann"' in body or b"ann-secret" in body]
    garden.step(own, make(PreferencesChanged, START + hours(1), member="ann", weekly_asks=9))
    assert dump(garden.documents) == kept
    garden.step(make(PreferencesChanged, START + hours(6), member="ann", weekly_asks=9))
    assert garden.state.member("ann") is not None


def test_forgetting_again_spares_who_came_back() -> None:
    """The same news to forget somebody, come again however late, does not wipe out who they are now."""
    garden = Garden()
    forgotten = make(MemberForgotten, START, member="ann")
    garden.step(forgotten, make(MemberJoined, START + hours(1), member="ann", name="Ann"))
    garden.until(START + hours(24 * 400))
    kept = dump(garden.documents)
    garden.step(forgotten, make(MemberForgotten, START, member="ann"))
    assert dump(garden.documents) == kept
    assert garden.state.member("ann") is not None
    garden.step(make(MemberForgotten, START + hours(2), member="ann"))
    assert garden.state.member("ann") is None


def test_forgetting_covers_all_that_is_known() -> None:
    """Forgotten as of now, not as of when it was asked for: what was said between the two is not taken in again."""
    garden, _ = with_nudge("ann", "bob")
    preferred = make(PreferencesChanged, START + hours(4), member="ann", weekly_asks=9)
    garden.step(preferred, make(MemberForgotten, START + hours(3), member="ann"))
    kept = dump(garden.documents)
    garden.step(preferred)
    assert dump(garden.documents) == kept
    assert garden.state.member("ann") is None


def test_a_forgotten_member_gives_their_nudge_to_the_next() -> None:
    """A post does not wait for somebody who is not there any more."""
    garden, _ = with_nudge("ann", "bob")
    out = garden.step(make(MemberForgotten, START + hours(5), member="ann"))
    assert withdrawn(out) == [("ann", Withdrawal.LEFT)]
    assert asked(out) == ["bob"]
    assert isinstance(out[0], NudgeWithdrawn)


def test_what_is_over_is_forgotten_in_time() -> None:
    """The state of a community does not grow with its age."""
    garden, _ = with_nudge("ann", "bob", "cat")
    unmatched = post(START + hours(3), message="p2")
    garden.step(unmatched, reply(START + hours(3), "bob", to="unknown"))
    garden.until(START + hours(24 * 100))
    left = {key.split("/")[0] for key in dump(garden.documents)}
    assert left <= {"member", "channel", "reader", "asks", "tally", "role_tally", "week", "load"}
