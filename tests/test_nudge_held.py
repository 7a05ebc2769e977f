"""What nudge says that it holds of a member: all of it, and nothing that another person may not have told them."""

import asyncio
from typing import Any

from hypothesis import given

from services import nudge
from services.nudge.documents import OPPORTUNITIES, POSTS, WISHES
from services.nudge.held import OF_NOBODY, RULES, HeldView, held_of
from services.nudge.read_held import read_held
from shared.events import (
    MemberForgotten,
)
from shared.held import Holding
from tests.holding import left_of, tables_of, words
from tests.nudge_house import Reading
from tests.nudging import COMMUNITY, START, TABLES, Garden, dump, hours, make
from tests.test_nudge_laws import PEOPLE, gaps, run, slow, steps

LATER = START + hours(24 * 40)


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
        found = asyncio.run(read_held(Reading(garden.documents), COMMUNITY, member))
        assert found == held(garden, member)
