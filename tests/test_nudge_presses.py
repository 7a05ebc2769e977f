"""What is pressed: waited for, held back at once, and taken of those only who are there."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from services.nudge.documents import Member, Nudge, NudgeState
from services.nudge.guard import Guard
from shared.events import Answer, Kind, MemberForgotten, NudgeAnswered, PreferencesChanged, Role
from tests.nudge_house import ANN, KEY, SETTINGS, House, open_house
from tests.nudging import COMMUNITY, START, answered, dump, hours, make, post, ranked


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    async with open_house(redis_url, prefix) as opened:
        yield opened


def wanted(page: str) -> tuple[set[str], str]:
    """Read what the page's form would save: the kinds that are checked, and the number."""
    checked = set(re.findall(r'name="kinds" value="(\w+)" checked', page))
    [number] = re.findall(r'name="weekly_asks"[^>]* value="(\d+)"', page)
    return checked, number


async def test_preferences_on_the_page_keep_what_it_does_not_show(house: House) -> None:
    """Who opted out of everything and wants to welcome again is asked to welcome, and for nothing else."""
    page = house.page()
    house.garden.step(make(PreferencesChanged, START + hours(2.1), member="ann", without=tuple(Kind)))
    saved = await house.http.post(f"{page}/preferences", data={"kinds": ["welcome"], "weekly_asks": "2"})
    assert saved.headers["location"].endswith("told=saved")
    ann = house.garden.state.member("ann")
    assert ann is not None
    assert set(Kind) - set(ann.without) == {Kind.WELCOME}
    assert ann.weekly_asks == 2
    refused = await house.http.post(f"{page}/preferences", data={"weekly_asks": "999"})
    assert refused.headers["location"].endswith("told=unclear")


async def test_saving_waits_until_it_has_come_through(house: House) -> None:
    """The page after Save shows what was saved, though the chain took a while."""
    page = house.page()
    house.ingest.after_seconds = 0.1
    saved = await house.http.post(f"{page}/preferences", data={"kinds": ["welcome"], "weekly_asks": "2"})
    assert saved.headers["location"].endswith("told=saved")
    ann = house.garden.state.member("ann")
    assert ann is not None
    assert (set(Kind) - set(ann.without), ann.weekly_asks) == ({Kind.WELCOME}, 2)
    assert wanted((await house.http.get(page)).text) == ({"welcome"}, "2")


async def test_what_is_saved_and_still_on_its_way_holds(house: House) -> None:
    """A chain that is slow undoes no opt-out: it is held to at once, shown on the page, and saved again with it."""
    page = house.page()
    house.ingest.waiting = True
    saved = await house.http.post(f"{page}/preferences", data={"kinds": ["welcome"], "weekly_asks": "2"})
    assert saved.headers["location"].endswith("told=accepted")
    assert await house.nudges() == []
    shown = await house.http.get(page)
    assert "Nothing is waiting for you" in shown.text
    assert wanted(shown.text) == ({"welcome"}, "2")
    again = await house.http.post(f"{page}/preferences", data={"kinds": ["welcome"], "weekly_asks": "3"})
    assert again.headers["location"].endswith("told=accepted")
    first, second = house.ingest.taken
    assert isinstance(first, PreferencesChanged)
    assert isinstance(second, PreferencesChanged)
    only_welcome = tuple(sorted(set(Kind) - {Kind.WELCOME}))
    assert (first.without, second.without, second.weekly_asks) == (only_welcome, only_welcome, 3)


@pytest.mark.parametrize(("answer", "shown"), [("never", (set(), "5")), ("less", ({kind.value for kind in Kind}, "2"))])
async def test_what_a_button_says_of_a_member_shows_at_once(
    house: House, answer: str, shown: tuple[set[str], str]
) -> None:
    """After `never` and `less` the page's form holds what they mean, before they have come through."""
    page, nudge = house.page(), await house.first()
    house.ingest.waiting = True
    pressed = await house.http.post(f"{page}/answer", data={"nudge": nudge, "answer": answer})
    assert pressed.headers["location"].endswith("told=accepted")
    assert wanted((await house.http.get(page)).text) == shown
    [event] = house.ingest.taken
    assert isinstance(event, NudgeAnswered)
    house.garden.step(event)
    assert wanted((await house.http.get(page)).text) == shown


async def test_an_opt_out_counts_as_taken_only_when_it_is(house: House) -> None:
    """A nudge that knows of a later answer does not say that an earlier `never` has come through."""
    nudge = await house.first()
    house.garden.step(answered(START + hours(2.9), nudge, "ann", Answer.CLAIM))
    house.ingest.waiting = True
    assert (await house.say(nudge, "never")).status_code == 202
    house.ingest.waiting, house.ingest.after_seconds = False, 0.1
    assert (await house.say(nudge, "never")).status_code == 200


async def test_less_can_be_said_of_what_is_over(house: House) -> None:
    """Who is asked too often may say so at an old nudge as well, once."""
    nudge = await house.first()
    house.garden.until(START + hours(30))
    for _ in range(2):
        assert (await house.say(nudge, "less")).status_code == 200
    assert len(house.ingest.taken) == 1


async def test_preferences_of_a_program_say_whether_they_hold(house: House) -> None:
    """Saved is 200, on its way is 202, and held to already, until something later is."""
    later = (START + hours(50)).isoformat()
    assert await preferred(house, weekly_asks=1) == 200
    house.ingest.waiting = True
    assert await preferred(house, paused_until=later) == 202
    assert await house.nudges() == []
    second = post(START + hours(2), message="p2")
    house.garden.step(make(PreferencesChanged, START + hours(2.6), member="ann", paused_until=START, weekly_asks=9))
    house.garden.step(second, ranked(second, "ann"))
    house.garden.until(START + hours(4))
    assert len(await house.nudges()) == 2


async def preferred(house: House, **given: object) -> int:
    return (await house.http.post(f"{ANN}/preferences", json=given, headers=KEY)).status_code


async def test_preferences_of_nobody_are_refused(house: House) -> None:
    """Somebody who is unknown, or was forgotten, is not made (anew) by what is said of them."""
    house.garden.step(make(MemberForgotten, START + hours(2.2), member="ann"))
    before = dump(house.garden.documents)
    assert await preferred(house, weekly_asks=1) == 404
    eve = ANN.replace("ann", "eve")
    assert (await house.http.post(f"{eve}/preferences", json={"weekly_asks": 1}, headers=KEY)).status_code == 404
    assert house.ingest.taken == []
    assert dump(house.garden.documents) == before


async def test_the_guard_knows_what_has_come_through(redis_url: str, prefix: str) -> None:
    """The guard holds back what was pressed until the state has caught up, and for each member alone."""
    redis = Redis.from_url(redis_url)
    guard = Guard(redis, prefix, SETTINGS)
    later = answered(START, "n1", "ann", Answer.LATER)
    await guard.hold(later)
    held = await guard.held(COMMUNITY, "ann")
    nudge = Nudge("ann", Kind.REPLY, "p", "open", Role.MEMBER, START, START)
    assert held.holds("n1", nudge, Member())
    assert not held.holds("n2", nudge, Member())
    assert held.pressed(Member()) == Member()
    assert await guard.held(COMMUNITY, "bob") == type(held)()
    await guard.hold(make(PreferencesChanged, START, member="ann", paused_until=START + hours(9)))
    held = await guard.held(COMMUNITY, "ann")
    assert held.holds("n2", nudge, Member())
    assert not held.holds("n2", replace(nudge, state=NudgeState.CLAIMED), Member())
    key = guard._key(COMMUNITY, "ann")
    assert 0 < await redis.ttl(key) <= SETTINGS.guard_hours * 3600
    await redis.aclose()
