"""A leader's delegates act for them, about what they may read; who steps down is free of what they were asked."""

import json
import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from services.nudge.documents import ASKS, MEMBERS, STANDS_IN, TALLIES, Asks, Member, NudgeState
from shared.events import (
    Answer,
    ChannelChanged,
    Delegate,
    Event,
    MatchDeclined,
    MemberForgotten,
    MemberLeft,
    NudgeActed,
    NudgeIssued,
    NudgeWithdrawn,
    PreferencesChanged,
    Privacy,
    Role,
    RolesChanged,
    Withdrawal,
)
from shared.limits import MOST_DELEGATES
from tests.nudge_house import KEY, House, open_house
from tests.nudging import COMMUNITY, START, Garden, answered, dump, hours, make, people, post, ranked, reply

BEFORE = START - hours(1)
MINUTE = hours(1 / 60)


def roles(member: str, *given: Role, at: Any = BEFORE + MINUTE) -> Event:
    event: Event = make(RolesChanged, at, member=member, roles=given)
    return event


def names(*delegates: str, at: Any = BEFORE + MINUTE, member: str = "ann") -> Event:
    event: Event = make(PreferencesChanged, at, member=member, delegates=delegates)
    return event


def named_on(*delegates: Delegate, at: Any = BEFORE + 2 * MINUTE) -> Event:
    event: Event = make(PreferencesChanged, at, member="ann", delegates=delegates)
    return event


def zone(member: str, name: str) -> Event:
    event: Event = make(PreferencesChanged, BEFORE + MINUTE, member=member, zone=name)
    return event


def led(*more: Event, channel: str = "open", **settings: Any) -> tuple[Garden, str]:
    """Give a garden in which Ann, a leader whose delegate is Bob, has a nudge, and the nudge."""
    garden = Garden([*people(BEFORE), roles("ann", Role.LEADER), names("bob"), *more], **settings)
    event = post(START, channel=channel)
    garden.step(event, ranked(event, "ann"))
    (issued,) = (out for out in garden.until(START + hours(3)) if isinstance(out, NudgeIssued))
    return garden, issued.nudge


def state_of(garden: Garden, nudge: str) -> NudgeState:
    found = garden.state.nudge(nudge)
    assert found is not None
    return found.state


def test_a_delegate_answers_as_the_leader_and_it_is_noted() -> None:
    """The answer is the leader's; the nudge keeps who pressed."""
    garden, nudge = led()
    garden.step(answered(START + hours(4), nudge, "ann", Answer.CLAIM, by="bob"))
    found = garden.state.nudge(nudge)
    assert found is not None
    assert (found.state, found.member, found.answered_by) == (NudgeState.CLAIMED, "ann", "bob")


def test_a_delegate_s_reply_is_the_leader_s() -> None:
    """Who replies for the leader has done what the leader was asked; somebody else has not."""
    garden, nudge = led()
    out = garden.step(reply(START + hours(4), "bob"))
    assert [(type(event), getattr(event, "member", "")) for event in out] == [(NudgeActed, "ann")]
    found = garden.state.nudge(nudge)
    assert found is not None
    assert found.answered_by == "bob"
    garden, _ = led()
    assert [type(event) for event in garden.step(reply(START + hours(4), "cat"))] == [NudgeWithdrawn]


@pytest.mark.parametrize(
    "barred", ["nobody", "not named", "not a leader", "left", "cannot read", "apart", "author", "less", "never"]
)
def test_nobody_else_acts_for_a_leader(barred: str) -> None:
    """Nor a delegate who has left, cannot read it or is kept apart from its author; nor about the leader themselves."""
    changes: dict[str, list[Event]] = {
        "not named": [names("cat", at=BEFORE + 2 * MINUTE)],
        "left": [make(MemberLeft, BEFORE + 2 * MINUTE, member="bob")],
        "apart": [make(MatchDeclined, BEFORE + 2 * MINUTE, member="asker", other="bob")],
        "author": [names("asker", at=BEFORE + 2 * MINUTE)],
    }
    garden, nudge = led(*changes.get(barred, []), channel="shed" if barred == "cannot read" else "open")
    if barred == "not a leader":
        garden.step(roles("ann", Role.CHAMPION, at=START + hours(3)))
    by = {"nobody": "dan", "author": "asker"}.get(barred, "bob")
    said = {"less": Answer.LESS, "never": Answer.NEVER}.get(barred, Answer.PASS)
    garden.step(answered(START + hours(4), nudge, "ann", said, by=by))
    assert state_of(garden, nudge) is NudgeState.OPEN
    known = garden.state.member("ann")
    assert known is not None
    assert not known.less
    assert not known.without


def test_what_is_sensitive_is_for_nobody_else() -> None:
    """Whom operators named for it answers themselves."""
    garden = Garden([*people(BEFORE), roles("ann", Role.LEADER), names("bob")], sensitive_to="ann")
    event = post(START, text="I want to die")
    garden.step(event, ranked(event, "ann"))
    garden.until(START + hours(9))
    (nudge,) = garden.state.inbox("ann")
    garden.step(answered(START + hours(9), nudge, "ann", Answer.PASS, by="bob"))
    assert state_of(garden, nudge) is NudgeState.OPEN


def test_the_later_word_on_delegates_holds_and_repeats_change_nothing() -> None:
    """For whom somebody stands in is known as long as they are named."""
    first, second = names("bob", "cat"), names("cat", at=BEFORE + 2 * MINUTE)
    for events in ([first, second], [second, first], [first, second, first]):
        garden = Garden([*people(BEFORE), roles("ann", Role.LEADER), *events])
        assert {key: found.leaders for key, found in garden.documents.table(STANDS_IN).items()} == {"cat": ("ann",)}


@pytest.mark.parametrize("gone", ["ann", "bob"])
def test_who_is_forgotten_is_nobody_s_delegate_and_has_none(gone: str) -> None:
    """Neither among who is named, nor as who answered."""
    garden, nudge = led()
    garden.step(answered(START + hours(4), nudge, "ann", Answer.CLAIM, by="bob"))
    garden.step(make(MemberForgotten, START + hours(5), member=gone))
    assert not garden.documents.table(STANDS_IN)
    kept = "".join(body.decode() for key, body in dump(garden.documents).items() if not key.startswith("stands_in"))
    assert f'"answered_by":"{gone}"' not in kept
    named = [one.member for known in garden.documents.table(MEMBERS).values() for one in known.delegates]
    assert gone not in named


def test_who_was_forgotten_is_named_no_more() -> None:
    """A page that was open since before names them again in vain; who comes back is somebody new."""
    garden, _ = led()
    garden.step(make(MemberForgotten, START + hours(5), member="bob"))
    garden.step(names("bob", at=START + hours(4)), names("bob", at=START + hours(5)))
    assert not garden.documents.table(STANDS_IN)


def test_what_a_delegate_says_is_not_learnt_of_the_leader() -> None:
    """Neither how often they reply, nor that they let asks go by."""
    garden, nudge = led()
    garden.step(answered(START + hours(4), nudge, "ann", Answer.PASS, by="bob"))
    assert not (garden.documents.get(ASKS, "ann") or Asks()).let_go
    assert garden.documents.get(TALLIES, "ann") is None


# Stepping down


@pytest.mark.parametrize("claims", [False, True])
def test_what_a_champion_had_goes_on_when_they_step_down(claims: bool) -> None:
    """Also what they had claimed: the next best is asked at once."""
    garden = Garden()
    event = post(START)
    garden.step(event, ranked(event, "ann", "bob"))
    (issued,) = (out for out in garden.until(START + hours(3)) if isinstance(out, NudgeIssued))
    if claims:
        garden.step(answered(START + hours(3), issued.nudge, "ann", Answer.CLAIM))
    out = garden.step(roles("ann", Role.MEMBER, at=START + hours(4)))
    assert [(type(one), getattr(one, "member", "")) for one in out] == [(NudgeWithdrawn, "ann"), (NudgeIssued, "bob")]
    assert isinstance(out[0], NudgeWithdrawn)
    assert out[0].reason is Withdrawal.STEPPED_DOWN


def test_what_a_champion_claimed_goes_on_when_they_leave() -> None:
    """Nobody waits for somebody who is not there."""
    garden = Garden()
    event = post(START)
    garden.step(event, ranked(event, "ann", "bob"))
    (issued,) = (out for out in garden.until(START + hours(3)) if isinstance(out, NudgeIssued))
    garden.step(answered(START + hours(3), issued.nudge, "ann", Answer.CLAIM))
    out = garden.step(make(MemberLeft, START + hours(4), member="ann"))
    assert [getattr(one, "member", "") for one in out] == ["ann", "bob"]


def test_who_becomes_a_leader_keeps_what_they_had() -> None:
    """They have not stepped down; nor has who was handed something and has no role at all."""
    garden = Garden()
    event = post(START)
    garden.step(event, ranked(event, "ann", "plain"))
    (issued,) = (out for out in garden.until(START + hours(3)) if isinstance(out, NudgeIssued))
    assert garden.step(roles("ann", Role.LEADER, at=START + hours(3))) == []
    garden.step(answered(START + hours(4), issued.nudge, "ann", Answer.HAND_OVER, to="plain"))
    assert garden.step(roles("plain", Role.MEMBER, at=START + hours(5))) == []


# At the doors


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    """Ann is a leader, and Bob stands in for her."""
    async with open_house(redis_url, prefix) as opened:
        opened.garden.step(roles("ann", Role.LEADER, at=START + hours(2.1)), names("bob", at=START + hours(2.1)))
        yield opened


BOB = f"/v1/communities/{COMMUNITY}/members/bob"


def page_of(house: House, member: str) -> str:
    return house.links.make(COMMUNITY, member)[0].partition("8083")[2]


async def test_a_delegate_sees_and_answers_on_their_page(house: House) -> None:
    """What is asked and of what post, and not why the leader was asked; the press is noted as theirs."""
    shown = (await house.http.get(page_of(house, "bob"))).text
    assert "For Ann" in shown
    assert "Tomatoes &amp; &lt;b&gt;beans" in shown
    assert "You answered 3 threads" not in shown
    nudge = await house.first()
    said = {"nudge": nudge, "answer": "claim", "leader": "ann"}
    told = await house.http.post(f"{page_of(house, 'bob')}/answer", data=said)
    assert told.headers["location"].endswith("?told=taken")
    found = house.garden.state.nudge(nudge)
    assert found is not None
    assert (found.state, found.answered_by) == (NudgeState.CLAIMED, "bob")


async def test_programs_show_and_answer_it_too(house: House) -> None:
    """With `by`; what only the leader may say is refused, and so is whoever is no delegate."""
    (found,) = (await house.http.get(f"{BOB}/delegated", headers=KEY)).json()["leaders"]
    (shown,) = found["nudges"]
    assert found["leader"]["id"] == "ann"
    assert shown["why"]["you"] == []
    assert set(shown["answers"]) == {"claim", "done", "pass", "hand_over", "later"}
    assert (await house.say(shown["nudge"], "never", by="bob")).status_code == 422
    assert (await house.say(shown["nudge"], "pass", by="cat")).status_code == 404
    assert (await house.say(shown["nudge"], "pass", by="bob")).status_code == 200


@pytest.mark.parametrize("why", ["private", "apart", "role"])
async def test_a_delegate_sees_nothing_that_is_not_for_them(house: House, why: str) -> None:
    """A channel that they cannot read, an author kept apart, a leader who is none any more."""
    private: dict[str, Any] = {"privacy": Privacy.PRIVATE, "joined": ("ann", "asker")}
    changes: dict[str, Event] = {
        "private": make(ChannelChanged, START + hours(2.2), channel="open", **private),
        "apart": make(MatchDeclined, START + hours(2.2), member="bob", other="asker"),
        "role": roles("ann", Role.CHAMPION, at=START + hours(2.2)),
    }
    house.garden.step(changes[why])
    assert await house.nudges()
    found = (await house.http.get(f"{BOB}/delegated", headers=KEY)).json()["leaders"]
    assert [one["nudges"] for one in found] == ([] if why == "role" else [[]])
    shown = (await house.http.get(page_of(house, "bob"))).text
    assert "Tomatoes" not in shown
    assert ("For Ann" in shown) is (why != "role")
    assert (await house.say(await house.first(), "pass", by="bob")).status_code == 404


async def name(house: House, page: str, **given: str) -> str:
    """Send the form a little later; give what the page then says."""
    house.now[0] += hours(0.1)
    said = await house.http.post(f"{page}/delegates", data=given)
    return said.headers["location"].rpartition("told=")[2]


def named_by(house: House, leader: str) -> tuple[Delegate, ...]:
    known = house.garden.state.member(leader)
    assert known is not None
    return known.delegates


async def test_a_leader_names_delegates_on_their_page(house: House) -> None:
    """One after the other, by id or by the name that is offered; who is no leader has no such form."""
    page = page_of(house, "ann")
    shown = (await house.http.get(page)).text
    assert "Who may act for you" in shown
    assert "Bob: until you say otherwise" in shown
    assert '<option value="cat">Cat</option>' in shown
    assert 'value="ann"' not in shown
    assert "Who may act for you" not in (await house.http.get(page_of(house, "bob"))).text
    assert await name(house, page, person="dan", word="add") == "saved"
    assert await name(house, page, person=" CAT ", first="2026-03-04", last="2026-03-06", word="add") == "saved"
    away = Delegate(member="cat", first=date(2026, 3, 4), last=date(2026, 3, 6))
    assert named_by(house, "ann") == (Delegate(member="bob"), away, Delegate(member="dan"))
    assert "Cat: Wed 4 Mar 2026 to Fri 6 Mar 2026" in (await house.http.get(page)).text
    assert await name(house, page, person="plain", word="add") == "delegates_full"
    assert "you have named 3 already" in (await house.http.get(f"{page}?told=delegates_full")).text
    assert len(named_by(house, "ann")) == MOST_DELEGATES


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"person": "nobody"}, "people"),
        ({"person": ""}, "people"),
        ({"person": "bot"}, "people"),
        ({"person": "ann"}, "delegate_self"),
        ({"person": "Ann"}, "delegate_self"),
        ({"person": "cat", "first": "2026-02-02", "last": "2026-03-01"}, "delegate_over"),
        ({"person": "cat", "first": "2026-03-06", "last": "2026-03-04"}, "delegate_dates"),
        ({"person": "cat", "last": "soon"}, "delegate_dates"),
    ],
)
async def test_nobody_is_named_by_what_is_unclear(house: House, given: dict[str, str], told: str) -> None:
    """Nothing is sent, and the page says why and what to give, each time in words of its own."""
    page = page_of(house, "ann")
    assert await name(house, page, word="add", **given) == told
    assert not house.ingest.taken
    words = {
        "people": "nobody here is called so",
        "delegate_self": "that is you",
        "delegate_dates": "as they are in the calendar",
        "delegate_over": "those days are over",
    }
    assert words[told] in (await house.http.get(f"{page}?told={told}")).text


async def test_who_acts_until_further_notice_is_not_offered_again(house: House) -> None:
    """Who is named for some days is, for others, and is found by the name that the page shows."""
    page = page_of(house, "ann")

    async def offered() -> list[str]:
        shown = (await house.http.get(page)).text.partition('<datalist id="people">')[2].partition("</datalist>")[0]
        return re.findall(r'value="([^"]+)"', shown)

    before = await offered()
    assert "bob" not in before
    assert "cat" in before
    assert await name(house, page, person="cat", first="2026-03-04", last="2026-03-06", word="add") == "saved"
    assert await name(house, page, person="Bob", first="2026-03-04", word="add") == "saved"
    assert await offered() == before


async def test_a_leader_ends_it_on_their_page(house: House) -> None:
    """With one press, beside whom it is about; the delegate sees nothing of it any more."""
    page = page_of(house, "ann")
    assert 'aria-label="End it: Bob, until you say otherwise"' in (await house.http.get(page)).text
    assert await name(house, page, person="bob", first="", last="", word="remove") == "saved"
    assert "Nobody acts for you" in (await house.http.get(page)).text
    assert "For Ann" not in (await house.http.get(page_of(house, "bob"))).text


async def test_a_delegate_hands_over_on_their_page(house: House) -> None:
    """To one of those whom the leader could name; it is noted who gave it."""
    page = page_of(house, "bob")
    shown = (await house.http.get(page)).text
    assert '<option value="cat">Cat</option>' in shown
    nudge = await house.first()
    said = {"nudge": nudge, "answer": "hand_over", "leader": "ann", "to": "cat", "reason": "She knows"}
    told = await house.http.post(f"{page}/answer", data=said)
    assert told.headers["location"].endswith("?told=taken")
    found = house.garden.state.nudge(nudge)
    assert found is not None
    assert (found.state, found.answered_by, found.reason) == (NudgeState.WITHDRAWN, "bob", "She knows")
    assert house.garden.state.inbox("cat")


@pytest.mark.parametrize("language", ["en", "de"])
async def test_all_of_the_page_can_be_reached_by_keyboard(redis_url: str, prefix: str, language: str) -> None:
    """Each field has a label of its own, each button says what it does, and nothing waits for a script."""
    async with open_house(redis_url, prefix, language) as house:
        house.garden.step(roles("ann", Role.LEADER, at=START + hours(2.1)))
        house.garden.step(names("bob", "cat", at=START + hours(2.1)))
        house.garden.step(roles("bob", Role.LEADER, at=START + hours(2.1)))
        house.garden.step(names("cat", at=START + hours(2.1), member="bob"))
        for member in ("ann", "bob"):
            shown = (await house.http.get(page_of(house, member))).text
            fields = re.findall(r'<(?:input|select|textarea)(?![^>]*type="(?:hidden|checkbox)")[^>]*>', shown)
            ids = [re.findall(r'id="([^"]+)"', field) for field in fields]
            assert all(len(found) == 1 for found in ids)
            labels = re.findall(r'<label for="([^"]+)"', shown)
            assert sorted(one for (one,) in ids) == sorted(labels)
            everything = re.findall(r'\sid="([^"]+)"', shown)
            assert len(everything) == len(set(everything))
            assert set(re.findall(r'aria-labelledby="([^"]+)"', shown)) <= set(everything)
            assert "tabindex" not in shown


# From when to when


def test_a_delegate_acts_on_the_days_that_were_named() -> None:
    """By the calendar where the leader is, the first and the last day among them; not before and not after."""
    days = Delegate(member="bob", first=date(2026, 3, 3), last=date(2026, 3, 4))
    for at, state in (
        (START + hours(10), NudgeState.OPEN),
        (START + hours(13), NudgeState.CLAIMED),
        (START + hours(58), NudgeState.CLAIMED),
        (START + hours(60), NudgeState.OPEN),
    ):
        garden, nudge = led(zone("ann", "Europe/Berlin"), named_on(days), ask_stands_hours=72)
        garden.step(answered(at, nudge, "ann", Answer.CLAIM, by="bob"))
        assert state_of(garden, nudge) is state


def test_a_reply_after_the_days_is_not_the_leader_s() -> None:
    """Who acted for them until yesterday answers as anybody."""
    garden, _ = led(named_on(Delegate(member="bob", last=date(2026, 3, 1))))
    assert [type(event) for event in garden.step(reply(START + hours(4), "bob"))] == [NudgeWithdrawn]


async def test_only_whose_days_are_now_are_shown_anything(house: House) -> None:
    """Before and after, the page says nothing of the leader, and programs may say nothing for them."""
    nudge = await house.first()
    for first, last, seen in ((3, 5, False), (2, 3, True), (1, 1, False)):
        house.now[0] += hours(0.1)
        days = Delegate(member="bob", first=date(2026, 3, first), last=date(2026, 3, last))
        house.garden.step(named_on(days, at=house.now[0]))
        shown = (await house.http.get(page_of(house, "bob"))).text
        assert ("For Ann" in shown) is seen
        assert ("Mon 2 Mar 2026 to Tue 3 Mar 2026" in shown) is seen
        if not seen:
            assert (await house.say(nudge, "pass", by="bob")).status_code == 404


def test_delegates_of_before_there_were_days_still_act() -> None:
    """What was stored as an id alone is somebody who acts until the leader says otherwise."""
    garden, nudge = led()
    known = garden.state.member("ann")
    assert known is not None
    stored = json.loads(MEMBERS.dump(known)) | {"delegates": ["bob"]}
    garden.documents.put(MEMBERS, "ann", MEMBERS.load(json.dumps(stored).encode()))
    garden.step(answered(START + hours(4), nudge, "ann", Answer.CLAIM, by="bob"))
    assert state_of(garden, nudge) is NudgeState.CLAIMED


def test_a_nudge_of_before_there_were_days_can_read_who_has_none() -> None:
    """Only days that are used need the new version: an id alone is stored as it was before, and all are read again."""
    spoken = Delegate(member="cat", first=date(2026, 3, 2), last=date(2026, 3, 6))
    leader = Member(delegates=(Delegate(member="bob"), spoken, Delegate(member="dan", last=date(2026, 3, 6))))
    body = MEMBERS.dump(leader)
    assert json.loads(body)["delegates"] == [
        "bob",
        {"member": "cat", "first": "2026-03-02", "last": "2026-03-06"},
        {"member": "dan", "first": None, "last": "2026-03-06"},
    ]
    assert MEMBERS.load(body) == leader


async def test_programs_name_delegates_with_days_or_without(house: House) -> None:
    """An id alone, or with days; the wrong way round is refused with a pointer."""
    path = f"/v1/communities/{COMMUNITY}/members/ann/preferences"
    body = {"delegates": ["cat", {"member": "bob", "first": "2026-03-02", "last": "2026-03-06"}]}
    assert (await house.http.post(path, json=body, headers=KEY)).status_code == 200
    spoken = Delegate(member="bob", first=date(2026, 3, 2), last=date(2026, 3, 6))
    assert named_by(house, "ann") == (spoken, Delegate(member="cat"))
    (found,) = (await house.http.get(f"{BOB}/delegated", headers=KEY)).json()["leaders"]
    assert found["days"] == [{"first": "2026-03-02", "last": "2026-03-06"}]
    body = {"delegates": [{"member": "bob", "first": "2026-03-06", "last": "2026-03-02"}]}
    said = await house.http.post(path, json=body, headers=KEY)
    assert said.status_code == 422
    assert "/delegates/0/last" in said.text
