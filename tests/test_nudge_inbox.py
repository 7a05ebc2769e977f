"""The inbox over HTTP, for programs."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.nudge.documents import INBOXES, Inbox, NudgeState
from shared.events import (
    Answer,
    ChannelChanged,
    Kind,
    MemberLeft,
    MemberUpdated,
    NudgeAnswered,
    NudgeSeen,
    PreferencesChanged,
    Privacy,
)
from tests.nudge_house import ANN, KEY, House, open_house
from tests.nudging import COMMUNITY, START, hours, make, post, ranked, reply


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    async with open_house(redis_url, prefix) as opened:
        yield opened


async def test_an_inbox_says_what_why_and_how_to_answer(house: House) -> None:
    """Every nudge answers: why you, why this, why now; and lists what can be said."""
    [nudge] = await house.nudges()
    assert nudge["kind"] == "reply"
    assert nudge["what"] == "Reply to Asker in Open."
    assert nudge["why"] == {
        "you": ["You answered 3 threads like this one."],
        "this": "Nobody else has answered this post.",
        "now": "When you were asked, the post had waited 2 hours for an answer. "
        "Nobody else is asked before Tue 3 Mar, 14:00 UTC.",
    }
    assert nudge["answers"] == [answer.value for answer in Answer]
    assert nudge["hand_over_to"] == [{"id": "bob", "name": "Bob"}, {"id": "cat", "name": "Cat"}]


async def test_what_is_over_says_what_was_true(house: House) -> None:
    """Of a nudge that somebody else answered it is not said that nobody has, nor that nobody will be asked."""
    house.garden.step(reply(START + hours(3), "bob"))
    [nudge] = await house.nudges(everything=True)
    assert nudge["withdrawn"] == "answered"
    assert nudge["why"] == {
        "you": ["You answered 3 threads like this one."],
        "this": "When you were asked, nobody had answered this post.",
        "now": "When you were asked, the post had waited 2 hours for an answer.",
    }


async def test_programs_need_the_key(house: House) -> None:
    """Nobody reads an inbox by knowing an address."""
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "the-one-key-that-all-services-share"},
        {"Authorization": "Bearer é"},
    ):
        encoded = {name.encode(): value.encode() for name, value in headers.items()}
        response = await house.http.get(f"{ANN}/nudges", headers=list(encoded.items()))
        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"


async def test_an_answer_takes_effect_while_the_page_waits(house: House) -> None:
    """Who presses sees the effect, and pressing again is no error."""
    nudge = await house.first()
    response = await house.say(nudge, "pass", reason="busy")
    assert (response.status_code, response.json()["state"]) == (200, "withdrawn")
    assert await house.nudges() == []
    assert (await house.say(nudge, "pass")).status_code == 200
    assert (await house.say(nudge, "claim")).status_code == 409
    [event] = house.ingest.taken
    assert isinstance(event, NudgeAnswered)
    assert (event.answer, event.reason, event.at) == (Answer.PASS, "busy", house.now[0])


async def test_an_answer_that_is_still_on_its_way_is_accepted(house: House) -> None:
    """A chain that is slow loses no press: the page says that it will take effect, and shows the nudge no more."""
    nudge = await house.first()
    house.ingest.waiting = True
    response = await house.say(nudge, "done")
    assert (response.status_code, response.json()["detail"]) == (202, "accepted, will take effect")
    assert await house.nudges() == []
    [shown] = await house.nudges(everything=True)
    assert (shown["answer_on_its_way"], shown["answers"]) == (True, [])
    [event] = house.ingest.taken
    assert isinstance(event, NudgeAnswered)
    house.garden.step(event)
    [shown] = await house.nudges(everything=True)
    assert (shown["answer_on_its_way"], shown["state"]) == (False, "done")


async def test_never_holds_everything_back_at_once(house: House) -> None:
    """Who opts out sees nothing more from that moment, and everything again once they change their mind."""
    second = post(START + hours(2), message="p2")
    house.garden.step(second, ranked(second, "ann"), make(MemberUpdated, START + hours(4.2), member="bob", name="B"))
    house.now[0] = START + hours(4.3)
    assert len(await house.nudges()) == 2
    house.ingest.waiting = True
    assert (await house.say(await house.first(), "never")).status_code == 202
    assert await house.nudges() == []
    house.garden.step(make(PreferencesChanged, START + hours(4.4), member="ann", without=()))
    assert len(await house.nudges()) == 1


async def test_nothing_is_recorded_while_ingest_is_away(house: House) -> None:
    """A press that is not recorded says so, and the nudge stays where it is."""
    nudge = await house.first()
    for status in (0, 503, 401):
        house.ingest.status = status
        response = await house.say(nudge, "claim")
        assert response.status_code == 503
        assert "try again" in response.json()["detail"]
        assert response.headers["retry-after"]
    assert len(await house.nudges()) == 1
    assert house.ingest.taken == []


async def test_what_cannot_be_read_any_more_is_not_shown(house: House) -> None:
    """A post in a channel that was made private is gone from every inbox, and from its history."""
    house.garden.step(make(ChannelChanged, START + hours(2.2), channel="open", privacy=Privacy.PRIVATE))
    assert await house.nudges(everything=True) == []
    page = await house.http.get(house.page())
    assert "omatoes" not in page.text


async def test_who_left_reads_nothing(house: House) -> None:
    """The inbox of somebody who left shows no post, open or closed, and nobody is offered them to hand over to."""
    house.garden.step(make(MemberLeft, START + hours(2.2), member="bob"))
    [nudge] = await house.nudges()
    assert nudge["hand_over_to"] == [{"id": "cat", "name": "Cat"}]
    house.garden.step(make(MemberLeft, START + hours(2.3), member="ann"))
    assert await house.nudges(everything=True) == []
    assert "omatoes" not in (await house.http.get(house.page())).text


async def test_a_long_history_is_not_read(house: House) -> None:
    """An inbox shows all that is open and the twenty latest that are closed, in as many steps as for one nudge."""
    before = house.reader.asked
    await house.nudges()
    for_one, before = house.reader.asked - before, house.reader.asked
    inbox, first = house.garden.state.inbox("ann"), await house.first()
    open_nudge = house.garden.state.nudge(first)
    assert open_nudge is not None
    closed = [f"closed{n:02}" for n in range(30)]
    for nudge in closed:
        house.garden.state.put_nudge(nudge, replace(open_nudge, state=NudgeState.EXPIRED))
    house.garden.documents.put(INBOXES, "ann", Inbox((*inbox, *closed)))
    before = house.reader.asked
    shown = await house.nudges(everything=True)
    assert [nudge["nudge"] for nudge in shown] == [*reversed(closed[10:]), first]
    assert house.reader.asked - before == for_one


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"answer": "hand_over"}, "/to"),
        ({"answer": "hand_over", "to": "stranger"}, "/to"),
        ({"answer": "hand_over", "to": "ann"}, "/to"),
        ({"answer": "hand_over", "to": "bot"}, "/to"),
        ({"answer": "maybe"}, "/answer"),
        ({"answer": "later", "until": "2026-03-03T00:00:00"}, "/until"),
        ({"answer": "later", "until": "9999-12-31T00:00:00Z"}, "/until"),
        ({"answer": "pass", "reason": "x" * 1001}, "/reason"),
    ],
)
async def test_an_answer_without_sense_is_refused(house: House, body: dict[str, str], pointer: str) -> None:
    """What cannot be done is said at once, with the field to mend."""
    nudge = await house.first()
    response = await house.http.post(f"{ANN}/nudges/{nudge}/answers", json=body, headers=KEY)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert house.ingest.taken == []


async def test_a_nudge_of_somebody_else_is_not_there(house: House) -> None:
    """Nobody answers, or learns of, the nudge of another."""
    nudge = await house.first()
    bob = f"/v1/communities/{COMMUNITY}/members/bob/nudges/{nudge}"
    for address, body in ((f"{bob}/answers", {"answer": "pass"}), (f"{bob}/seen", {})):
        assert (await house.http.post(address, json=body, headers=KEY)).status_code == 404


async def test_preferences_and_seen_become_activity(house: House) -> None:
    """What a member prefers, and that they saw a nudge, is in the one log as everything else is."""
    nudge = await house.first()
    given = {
        "weekly_asks": 1,
        "without": ["welcome"],
        "hours": {"start": "20:00", "end": "22:00"},
        "zone": "Asia/Tokyo",
    }
    assert (await house.http.post(f"{ANN}/preferences", json=given, headers=KEY)).status_code == 200
    assert (await house.http.post(f"{ANN}/nudges/{nudge}/seen", headers=KEY)).status_code == 202
    preferred, seen = house.ingest.taken
    assert isinstance(preferred, PreferencesChanged)
    assert isinstance(seen, NudgeSeen)
    assert (preferred.weekly_asks, preferred.without, preferred.paused_until) == (1, (Kind.WELCOME,), None)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"zone": "Mars/Olympus"}, "/zone"),
        ({"paused_until": "9999-12-31T00:00:00Z"}, "/paused_until"),
        ({"paused_until": "2026-03-03T00:00:00"}, "/paused_until"),
        ({"hours": {"start": "09:00+05:30", "end": "17:00"}}, "/hours/start"),
        ({"hours": {"start": "09:00", "end": "17:00Z"}}, "/hours/end"),
        ({"hours": {"start": "09:00", "end": "17:00", "weekdays": [7]}}, "/hours/weekdays/0"),
        ({"weekly_asks": 101}, "/weekly_asks"),
    ],
)
async def test_preferences_without_sense_are_refused(house: House, given: dict[str, object], pointer: str) -> None:
    """What no rule could hold to is said at once, with the field to mend."""
    response = await house.http.post(f"{ANN}/preferences", json=given, headers=KEY)
    assert response.status_code == 422, response.text
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert house.ingest.taken == []
