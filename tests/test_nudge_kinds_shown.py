"""Nudges that are about no post, as their members see and answer them."""

from collections.abc import AsyncIterator

import pytest

from services.nudge.documents import OPPORTUNITIES
from shared.events import (
    ChannelChanged,
    ContentQueued,
    Evidence,
    GatheringScheduled,
    IntroductionsRanked,
    Kind,
    Match,
    Pair,
    PeersRanked,
    Reason,
)
from tests.nudge_house import ANN, KEY, House, open_house
from tests.nudging import START, hours, make

LATER = START + hours(2.2)


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    async with open_house(redis_url, prefix) as opened:
        yield opened


async def shown(house: House, kind: str) -> dict[str, object]:
    [found] = [one for one in await house.nudges() if one["kind"] == kind]
    return found


def suggest_bob(house: House) -> None:
    evidence = (Evidence(reason=Reason.ASKED_SIMILAR, count=2, posts=("old",), channels=("open",)),)
    peers = (Match(member="bob", score=0.5, evidence=evidence),)
    house.garden.step(make(PeersRanked, LATER, member="ann", model="m1", peers=peers))
    house.garden.until(START + hours(2.5))


async def test_a_suggested_person_is_shown_with_a_reason_and_no_post(house: House) -> None:
    """Who, why, and what can be said; on the page as at the door, and with no trace of a post or a channel."""
    suggest_bob(house)
    nudge = await shown(house, "connect")
    assert "Bob" in str(nudge["what"])
    assert nudge["about"] == {
        "people": [{"id": "bob", "name": "Bob"}],
        "content": None,
        "gathering": None,
        "title": "",
        "starts": None,
    }
    assert nudge["why"]["you"]  # type: ignore[index]
    assert "hand_over" not in nudge["answers"]  # type: ignore[operator]
    page = (await house.http.get(house.page())).text
    assert str(nudge["what"]) in page.replace("&#39;", "'")
    assert "A post without a title" not in page


async def test_a_suggested_person_cannot_be_handed_over_but_declined(house: House) -> None:
    """That Bob is suggested is Ann's own affair: nobody else is told, and she can keep apart from him."""
    suggest_bob(house)
    nudge = await shown(house, "connect")
    refused = await house.say(str(nudge["nudge"]), "hand_over", to="cat")
    assert refused.status_code == 422
    assert nudge["declines"] == ["person"]
    declined = await house.http.post(
        f"{ANN}/nudges/{nudge['nudge']}/declines", json={"declines": "person"}, headers=KEY
    )
    assert declined.status_code == 200
    assert not [one for one in await house.nudges() if one["kind"] == "connect"]
    assert house.garden.state.apart("ann", "bob")


async def test_of_two_people_neither_is_declined_by_one_button(house: House) -> None:
    """An introduction names two: which one would be meant is not said."""
    pairs = (Pair(one="bob", other="cat", score=0.9),)
    house.garden.step(make(IntroductionsRanked, LATER, member="ann", model="m1", pairs=pairs))
    house.garden.until(START + hours(2.5))
    nudge = await shown(house, "introduce")
    assert nudge["declines"] == []
    wrong = await house.http.post(f"{ANN}/nudges/{nudge['nudge']}/declines", json={"declines": "person"}, headers=KEY)
    assert wrong.status_code == 404
    assert all(name in str(nudge["what"]) for name in ("Bob", "Cat"))


async def test_content_is_handed_over_to_who_can_be_asked(house: House) -> None:
    """What is in no channel can go to anybody who is here."""
    house.garden.step(make(ContentQueued, LATER, content="c", title="A guide to beans", by="ann"))
    house.garden.until(START + hours(2.5))
    nudge = await shown(house, "share")
    assert "A guide to beans" in str(nudge["what"])
    assert (await house.say(str(nudge["nudge"]), "hand_over", to="cat")).status_code == 200
    [opportunity] = [one for one in house.garden.documents.table(OPPORTUNITIES).values() if one.kind is Kind.SHARE]
    assert [one.member for _, one in house.garden.state.nudges_of(opportunity)] == ["ann", "cat"]


async def test_a_gathering_is_hidden_once_its_channel_cannot_be_read(house: House) -> None:
    """What was true when Ann was asked is not shown when she may not read it any more."""
    starts = START + hours(60)
    gathering = make(
        GatheringScheduled, LATER, gathering="g", title="Tea", starts=starts, ends=starts, channel="shed", host="bob"
    )
    house.garden.step(gathering)
    house.garden.until(START + hours(26))
    assert "Tea" in str((await shown(house, "attend"))["what"])
    house.garden.step(make(ChannelChanged, START + hours(27), channel="shed", left=("ann",)))
    assert "Tea" not in str(await house.nudges(everything=True))


async def test_why_nobody_or_somebody_was_asked_is_kept_for_what_is_no_post(house: House) -> None:
    """`kindling explain` reads the same door for all kinds."""
    suggest_bob(house)
    nudge = await shown(house, "connect")
    read = await house.http.get(f"/v1/communities/garden/nudges/{nudge['nudge']}/decision", headers=KEY)
    decision = read.json()
    assert (decision["kind"], decision["member"], decision["patience_hours"]) == ("connect", "ann", 0.0)
    assert decision["considered"][0]["worth"] > 0
