"""Every decision is kept with all that it rested on, for as long as its nudge is, and for operators alone."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.nudge.choose import Bar
from services.nudge.decision_log import DECISIONS, Decision, nobody_key
from services.nudge.read_decision import AT_A_WISH, decision_doors
from shared.events import Answer, MatchDeclined, MemberForgotten, NudgeIssued, PreferencesChanged, TopicDeclined
from shared.problems import install
from tests.nudge_house import KEY, Reading, open_house
from tests.nudging import COMMUNITY, START, Garden, answered, dump, hours, make, post, ranked, reply


def asked(*members: str, garden: Garden | None = None, **settings: Any) -> tuple[Garden, NudgeIssued]:
    """A post that members match, until somebody is asked about it."""
    garden = garden or Garden(**settings)
    one = post(START)
    out = garden.step(one, ranked(one, *members, still_open={1: 0.9, 4: 0.6, 24: 0.5}))
    out += garden.until(START + hours(4.5))
    return garden, next(event for event in out if isinstance(event, NudgeIssued))


def decision_of(garden: Garden, key: str) -> Decision:
    found = garden.documents.get(DECISIONS, key)
    assert found is not None
    return found


def test_an_ask_is_kept_with_all_that_it_rested_on() -> None:
    """Who came into question, barred by what, worth what; when it was due and why; by what chance and which model."""
    garden, issued = asked("bob", "plain", "ann", "asker")
    found = decision_of(garden, issued.nudge)
    assert (found.nudge, found.member, found.post, found.at) == (issued.nudge, "bob", "p", issued.at)
    assert (found.propensity, found.features, found.model) == (issued.propensity, issued.features, "m1")
    assert found.published < found.due <= found.at
    assert found.still_open == ((1.0, 0.9), (4.0, 0.6), (24.0, 0.5))
    assert found.patience_hours == garden.settings.reply_patience_hours
    people = {one.member: one for one in found.considered}
    assert {name: one.bars for name, one in people.items()} == {
        "bob": (),
        "plain": (Bar.NO_ROLE,),
        "ann": (),
        "asker": (Bar.AUTHOR, Bar.NO_ROLE),
    }
    assert [one.rank for one in found.considered] == [1, 2, 3, 4]
    worth = people["bob"].worth
    assert worth == issued.features["worth"]
    assert people["ann"].worth is not None
    assert worth is not None
    assert worth > people["ann"].worth
    assert people["plain"].worth is None


def test_a_round_is_kept_as_it_was_before_anybody_was_asked() -> None:
    """Of two posts decided together each shows its candidates as they stood: the other's ask is not in it."""
    garden = Garden()
    for name in ("p", "q"):
        one = post(START, name)
        garden.step(one, ranked(one, "ann", "bob"))
    out = [event for event in garden.until(START + hours(3)) if isinstance(event, NudgeIssued)]
    assert {event.member for event in out} == {"ann", "bob"}
    for event in out:
        assert all(not one.bars and one.worth for one in decision_of(garden, event.nudge).considered)


def test_nobody_is_a_decision_too() -> None:
    """Where nobody could be asked it is kept why; said again each round, it is kept once, as of the first time."""
    garden = Garden()
    garden.step(*(make(PreferencesChanged, START, member=name, weekly_asks=0) for name in ("ann", "bob")))
    one = post(START)
    garden.step(one, ranked(one, "ann", "bob", "plain"))
    garden.until(START + hours(2.5))
    found = decision_of(garden, nobody_key("p"))
    assert (found.nudge, found.member, found.propensity) == (None, None, None)
    assert [one.bars for one in found.considered] == [(Bar.BUDGET,), (Bar.BUDGET,), (Bar.NO_ROLE,)]
    garden.until(START + hours(20))
    assert decision_of(garden, nobody_key("p")) == found


def test_a_post_handed_over_is_a_decision() -> None:
    """To whom it was handed over is kept as the one who came into question."""
    garden, issued = asked("ann", "bob")
    at = issued.at + hours(1)
    out = garden.step(answered(at, issued.nudge, issued.member, Answer.HAND_OVER, to="dan"))
    handed = next(event for event in out if isinstance(event, NudgeIssued))
    found = decision_of(garden, handed.nudge)
    assert [one.member for one in found.considered] == [found.member] == ["dan"]
    assert found.features["handed_over"] == 1


def test_decisions_go_with_their_post() -> None:
    """After `keep_days` nothing of them is left."""
    garden, issued = asked("ann", "bob")
    garden.step(reply(issued.at + hours(1), "bob"))
    assert garden.documents.get(DECISIONS, issued.nudge)
    garden.until(issued.at + timedelta(days=garden.settings.keep_days + 4))
    assert not garden.documents.table(DECISIONS)


@pytest.mark.parametrize("member", ["ann", "bob"])
def test_who_is_forgotten_is_in_no_decision(member: str) -> None:
    """Whether they were asked or only came into question: their id is nowhere; that somebody was asked stays."""
    garden, issued = asked("ann", "bob")
    assert issued.member == "ann"
    garden.step(make(MemberForgotten, issued.at + hours(1), member=member))
    kept = {name: body for name, body in dump(garden.documents).items() if name.startswith("decision/")}
    assert kept
    assert not [name for name, body in kept.items() if f'"{member}"'.encode() in body]
    assert decision_of(garden, issued.nudge).member == ("" if member == "ann" else "ann")


async def _read(garden: Garden, path: str, **params: Any) -> httpx.Response:
    app = FastAPI()
    install(app)
    app.include_router(decision_doors(Reading(garden.documents)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://nudge") as http:
        return await http.get(f"/v1/communities/{COMMUNITY}/{path}", params=params)


async def test_the_door_says_what_became_of_it() -> None:
    """With the decision comes its outcome; the post is named by its id alone unless its text is asked for."""
    garden, issued = asked("ann", "bob")
    garden.step(reply(issued.at + hours(1), "ann"))
    path = f"nudges/{issued.nudge}/decision"
    made = (await _read(garden, path)).json()
    assert (made["member"], made["role"], made["outcome"]["state"]) == ("ann", "champion", "acted")
    assert made["outcome"]["reply"] == "r"
    assert "Tomatoes" not in str(made)
    assert (await _read(garden, path, text=True)).json()["post"]["title"] == "Tomatoes"
    assert (await _read(garden, "nudges/unknown/decision")).status_code == 404


async def test_the_door_lists_all_decisions_about_a_post() -> None:
    """Each ask about it in the order of time, and the last time that nobody was asked."""
    garden, first = asked("ann", "bob", people_per_post=2)
    garden.until(START + hours(70))
    listed = (await _read(garden, "decisions", post="p")).json()["decisions"]
    assert [one["member"] for one in listed] == ["ann", "bob", None]
    assert listed[0]["nudge"] == first.nudge
    assert (await _read(garden, "decisions", post="none")).json() == {"post": "none", "decisions": []}


async def test_nobody_is_told_what_somebody_declines() -> None:
    """A topic declined and people kept apart look the same, and say only that somebody wished it."""
    garden = Garden()
    garden.step(
        make(TopicDeclined, START, member="ann", post="p"), make(MatchDeclined, START, member="asker", other="bob")
    )
    _, issued = asked("ann", "bob", "cat", garden=garden)
    made = (await _read(garden, f"nudges/{issued.nudge}/decision")).json()
    assert [one["bars"] for one in made["considered"]] == [[AT_A_WISH], [AT_A_WISH], []]


async def test_the_door_needs_the_service_key(redis_url: str, prefix: str) -> None:
    """Decisions are for operators: without the key nothing is said, not even whether there is one."""
    async with open_house(redis_url, prefix) as house:
        address = f"/v1/communities/{COMMUNITY}/nudges/{await house.first()}/decision"
        assert (await house.http.get(address)).status_code == 401
        assert (await house.http.get(address, headers=KEY)).json()["member"] == "ann"
        everything = f"/v1/communities/{COMMUNITY}/decisions"
        assert (await house.http.get(everything, params={"post": "p"})).status_code == 401
