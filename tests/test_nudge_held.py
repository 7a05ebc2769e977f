"""What nudge says that it holds of a member: all of it, and nothing that another person may not have told them."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services import nudge
from services.nudge.decision_log import DECISIONS
from services.nudge.documents import OPPORTUNITIES, POSTS, WISHES
from services.nudge.guard import Guard, Held
from services.nudge.held import OF_NOBODY, RULES, HeldView, held_of
from services.nudge.read_held import read_held
from shared.events import (
    Answer,
    CommunityOpened,
    MatchDeclined,
    MemberContacted,
    MemberForgotten,
    Mode,
    NudgeReviewed,
    PreferencesChanged,
    Role,
    RolesChanged,
    ThreadFlagged,
)
from shared.held import Holding
from tests.holding import left_of, tables_of, words
from tests.nudge_house import Reading
from tests.nudging import COMMUNITY, START, TABLES, Garden, answered, dump, hours, make, post, ranked
from tests.test_nudge_laws import PEOPLE, gaps, run, slow, steps

LATER = START + hours(24 * 40)


class NobodyPressed(Guard):
    """A guard that knows of no press."""

    def __init__(self) -> None:
        """Connect to nothing."""

    async def held(self, community: str, member: str) -> Held:
        return Held()


def held(garden: Garden, member: str) -> Holding:
    return held_of(HeldView(garden.documents, COMMUNITY, member))


def entries(garden: Garden, member: str) -> dict[str, list[Any]]:
    """Give all that is held of a member, by table."""
    return {one.table: list(one.entries) for one in held(garden, member).sections}


def said(garden: Garden, member: str) -> set[str]:
    return words([list(one.entries) for one in held(garden, member).sections])


def test_every_table_is_told_or_is_of_nobody() -> None:
    """A table that is new is in the list of what is exported, or in that of what is not with the reason: never both."""
    told = [rule.table.name for rule in RULES]
    assert sorted([*told, *OF_NOBODY]) == sorted(tables_of(nudge))
    assert {table.name for table in TABLES} == set(tables_of(nudge))
    assert all(rule.about.endswith(".") for rule in RULES)
    assert all(OF_NOBODY.values())


@slow
@given(steps, gaps)
def test_nobody_is_told_of_a_channel_that_they_cannot_read(played: list[tuple[Any, ...]], waits: list[float]) -> None:
    """Whatever happened: no id of a channel that a member cannot read now, nor of a post in it, nor a word of it."""
    garden = run(played, waits).garden
    for member in PEOPLE:
        shown, state = said(garden, member), garden.state
        written = {key: known for key, known in garden.documents.table(POSTS).items() if known.channel is not None}
        unread = {key for key, known in written.items() if not state.reads(member, known.channel or "")}
        assert shown.isdisjoint(unread)
        # The other channel is called as a state of nudges is.
        assert state.reads(member, "shed") or shown.isdisjoint({"shed", "Shed"})
        own = [known for known in written.values() if known.author == member]
        assert "Tomatoes" not in shown or any(state.reads(member, known.channel or "") for known in own)


@slow
@given(steps, gaps)
def test_nobody_is_told_what_others_said(played: list[tuple[Any, ...]], waits: list[float]) -> None:
    """Whatever happened: not that somebody keeps apart from a member, nor what bars that would show."""
    garden = run(played, waits).garden
    for member in PEOPLE:
        found = entries(garden, member)
        own = {one["person"] for one in found[WISHES.name] if "person" in one}
        assert own == set(garden.state.wishes(member).people)
        for decision in found["decision"]:
            if "apart" in decision["you"]["barred_by"]:
                concerned = garden.documents.table(OPPORTUNITIES)[decision["post"]].concerned
                assert any(garden.state.wishes(member).people[one].declined for one in concerned if one in own)
        for name in ("decision", "proposal", "opportunity"):
            assert not any(key in one for one in found[name] for key in ("state", "closing", "reason", "asked"))


# What becomes of an ask that is taken back, for whatever reason; and why somebody was asked and by whom, of which the
# inbox leaves out the same at the same time.
ENDS = ("state", "withdrawn", "closed", "hidden_until", "evidence", "handed_by")
# What really changes with it: who else is asked, and what is counted of it.
COUNTED = ("asks", "tally", "trial", "load", "unasked", "held")


def lasting(garden: Garden, member: str) -> list[tuple[str, str]]:
    """Give all that is held of a member, but for what changes with an ask that ends."""
    return [
        (table, json.dumps({name: value for name, value in entry.items() if name not in (*ENDS, *COUNTED)}))
        for table, told in entries(garden, member).items()
        for entry in told
        if table not in COUNTED
    ]


@slow
@given(steps, gaps, st.sampled_from([0.25, 3.0, 9.0, 30.0]), st.permutations(PEOPLE))
def test_nothing_vanishes_when_somebody_keeps_apart(
    played: list[tuple[Any, ...]], waits: list[float], after: float, people: list[str]
) -> None:
    """Whatever happened: that somebody keeps apart from a member takes nothing from what the member is shown.

    What they are asked for another reason at that moment, the next round being there, may come to it.
    """
    watched = run(played, waits, after=after)
    garden, (speaker, other, *_) = watched.garden, people
    at = max(garden.driven.clock or START, START) + hours(0.25)
    garden.until(at)
    before, asked = lasting(garden, other), decided(garden)
    contacted = [
        one
        for one in garden.step(make(MatchDeclined, at, member=speaker, other=other))
        if isinstance(one, MemberContacted)
    ]
    now = lasting(garden, other)
    assert [one for one in before if one not in now] == []
    assert contacted or decided(garden) != asked or before == now


def decided(garden: Garden) -> dict[str, datetime]:
    """Give when it was decided to ask somebody, or proposed, by nudge."""
    return {one.nudge: one.at for one in garden.documents.table(DECISIONS).values() if one.nudge is not None}


@slow
@given(steps, gaps)
def test_nothing_is_held_of_who_was_forgotten(played: list[tuple[Any, ...]], waits: list[float]) -> None:
    """Whatever happened before: no table has an entry, and nothing that is stored names them, but when they were."""
    garden = run(played, waits).garden
    at = max(garden.driven.clock or START, START) + hours(1)
    # What is plain is also how nudges are worded.
    for member in (one for one in PEOPLE if one != "plain"):
        garden.step(make(MemberForgotten, at, member=member))
        found = held(garden, member)
        assert found.entries == 0
        assert found.forgotten == at
        assert left_of(dump(garden.documents), member) == []


@slow
@given(steps, gaps)
def test_what_is_read_is_all_that_there_is(played: list[tuple[Any, ...]], waits: list[float]) -> None:
    """Looking for what names a member finds as much as looking through everything."""
    garden = run(played, waits).garden
    for member in PEOPLE:
        found = asyncio.run(read_held(Reading(garden.documents), NobodyPressed(), COMMUNITY, member))
        assert found.sections[:-1] == held(garden, member).sections
        assert found.forgotten == held(garden, member).forgotten


# What others said


def lived(*events: Any, suits: Sequence[str] = ("ann", "bob", "cat"), until: float = 30) -> Garden:
    """Let a post be asked about after some events."""
    garden = Garden(vary_wording=False)
    asked = post(START)
    garden.step(*events, asked, ranked(asked, *suits))
    garden.until(START + hours(until))
    return garden


def test_who_is_kept_apart_sees_what_who_suits_nothing_sees() -> None:
    """That the author does not want to be matched with Ann shows in nothing: it is as if she had not come to mind."""
    apart = make(MatchDeclined, START - hours(0.5), member="asker", other="ann")
    blocked, unsuited = entries(lived(apart), "ann"), entries(lived(apart, suits=("bob", "cat")), "ann")
    assert entries(lived(), "ann")["nudge"]
    assert [one for one in blocked["load"] if one["asks"]] == []
    assert {**blocked, "load": []} == {**unsuited, "load": []}
    assert {"person": "ann"}.items() <= entries(lived(apart), "asker")["wishes"][0].items()


def test_who_was_asked_before_sees_the_same_as_ever() -> None:
    """That the author keeps apart from Ann after she was asked takes neither why she was, nor what Bob's turn was."""
    for member in ("ann", "bob"):
        garden = lived(until=20)
        before = entries(garden, member)["decision"]
        assert before
        garden.step(make(MatchDeclined, START + hours(21), member="asker", other=member))
        assert entries(garden, member)["decision"] == before


def test_a_leader_who_keeps_apart_is_still_stood_in_for() -> None:
    """Who named Bob to act for them and keeps apart from him is in his list as they are in his inbox."""
    garden = lived(
        make(RolesChanged, START - hours(0.5), member="ann", roles=(Role.LEADER,)),
        make(PreferencesChanged, START - hours(0.5), member="ann", delegates=("bob",)),
        make(MatchDeclined, START - hours(0.25), member="ann", other="bob"),
    )
    assert entries(garden, "bob")["stands_in"] == [{"leaders": ["ann"]}]


def test_what_moderators_have_shows_in_nothing() -> None:
    """A post of Ann's that was reported is told as one that was not; and who came into question for it, as none."""
    written = post(START, author="ann")
    worlds = []
    for flag in ([], [make(ThreadFlagged, START + hours(1), message="p", reason="spam")]):
        garden = Garden()
        garden.step(written, ranked(written, "bob"), *flag)
        worlds.append(entries(garden, "ann"))
        if flag:
            assert "p" not in said(garden, "bob")
    # What it leads to, nobody being asked about it, is in none of these.
    assert worlds[0] == worlds[1]


def test_an_approval_is_nobody_elses() -> None:
    """Ann sees that it was proposed to ask her; not whether somebody refused, why, nor who else it could have been."""
    opened = make(CommunityOpened, START - hours(2), mode=Mode.APPROVE, asks_consent=False)
    garden = lived(opened)
    (nudge,) = [one["nudge"] for one in entries(garden, "ann")["proposal"]]
    before = entries(garden, "ann")["proposal"]
    refused = {"nudge": nudge, "member": "ann", "approved": False, "reason": "Too busy, says Cat"}
    garden.step(make(NudgeReviewed, START + hours(31), **refused))
    assert entries(garden, "ann")["proposal"] == before
    assert "Too busy, says Cat" not in said(garden, "ann")


def test_a_delegates_words_are_their_own() -> None:
    """A leader sees that a delegate answered for them, and not the reason that the delegate gave."""
    leader = [make(RolesChanged, START - hours(0.5), member="ann", roles=(Role.LEADER,))]
    named = make(PreferencesChanged, START - hours(0.5), member="ann", delegates=("bob",))
    garden = lived(*leader, named, suits=("ann",), until=20)
    (nudge,) = [one["nudge"] for one in entries(garden, "ann")["nudge"]]
    garden.step(answered(START + hours(21), nudge, "ann", Answer.PASS, by="bob", reason="She is on a train"))
    (told,) = entries(garden, "ann")["nudge"]
    assert (told["answered_by"], told["reason"]) == ("bob", "")


def test_a_member_sees_why_they_were_asked() -> None:
    """The nudge, the decision with its features and probability, the count of the week: what an operator sees of it."""
    garden = lived()
    found = entries(garden, "ann")
    assert found["nudge"][0]["evidence"] == [{"reason": "answered_similar", "count": 3}]
    (decision,) = [one for one in found["decision"] if one["you_were_asked"]]
    assert decision["propensity"] == 1.0
    assert decision["features"]["asks_this_week"] == 0.0
    assert found["load"][0]["asks"] == 1
    assert found["inbox"] == [{"nudges": [found["nudge"][0]["nudge"]]}]
    # Bob came into question, too, and is told no more than that.
    (other,) = [one for one in entries(garden, "bob")["decision"] if not one["you_were_asked"]]
    assert {"features", "propensity"}.isdisjoint(other)
