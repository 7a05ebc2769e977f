"""What is held of a member, on their own page, as a file, and at a door for programs."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.nudge.ask_recommend import Matchmaker
from services.nudge.held import RULES as ASKING
from services.nudge.words import LANGUAGES, words_of
from services.recommend.api import router
from services.recommend.held import RULES as MATCHING
from shared.events import Answer, MemberForgotten, PreferencesChanged
from shared.held import ELSEWHERE, LEFT_OUT, Entry
from shared.problems import install
from tests import recommending
from tests.nudge_house import ANN, KEY, SETTINGS, House, open_house
from tests.nudging import COMMUNITY, START, hours, make
from tests.recommending import Place, channel, joined
from tests.test_recommend_api import Stored

HELD: Entry = {
    "service": "recommend",
    "forgotten": None,
    "tables": [
        {"table": "post", "about": "Posts.", "entries": [{"post": f"p{number}"} for number in range(25)]},
        {"table": "newer", "about": "What only a newer one knows.", "entries": [{"it": ["is", "there"], "not": None}]},
    ],
}


class Answers:
    """A recommend that answers, for Ann alone."""

    async def held(self, community: str, member: str) -> Entry | None:
        assert (community, member) == (COMMUNITY, "ann")
        return HELD


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    async with open_house(redis_url, prefix, recommend=Answers()) as opened:
        yield opened


async def test_a_member_sees_what_is_held_and_takes_it_with_them(house: House) -> None:
    """From the inbox by a link; by what it is for, with its entries; the file has all of it, and what is not in it."""
    inbox = await house.http.get(house.page())
    token = house.page().rsplit("/", 1)[1]
    assert f'href="{token}/held"' in inbox.text
    page = await house.http.get(f"{house.page()}/held")
    assert page.status_code == 200
    assert "What you were asked, why, and what you said to it. (1)" in page.text
    assert "answered_similar" in page.text
    assert "Posts that you wrote, word for word, and those that mention you. (25)" in page.text
    assert "and 5 more" in page.text
    assert "What only a newer one knows. (1)" in page.text
    assert f'href="../{token}"' in page.text
    assert page.headers["cache-control"] == "no-store"
    file = await house.http.get(f"{house.page()}/held.json")
    assert file.headers["content-disposition"] == 'attachment; filename="kindling.json"'
    assert file.headers["cache-control"] == "no-store"
    told = file.json()
    assert (told["community"], told["member"]) == (COMMUNITY, "ann")
    assert {one["service"] for one in told["services"]} == {"nudge", "recommend", "ingest"}
    assert told["services"][1] == HELD
    assert told["left_out"] == list(LEFT_OUT.values())


async def test_programs_get_the_same_with_the_key_alone(house: House) -> None:
    """A bot that offers it asks with the service key; without it nobody is told anything."""
    assert (await house.http.get(f"{ANN}/held")).status_code == 401
    told = (await house.http.get(f"{ANN}/held", headers=KEY)).json()
    mine = (await house.http.get(f"{house.page()}/held.json")).json()
    assert {**told, "made": ""} == {**mine, "made": ""}


async def test_what_was_pressed_a_moment_ago_is_held_too(house: House) -> None:
    """A press that ingest has, and the chain not yet, stands in it."""
    house.ingest.waiting = True
    await house.say(await house.first(), Answer.LESS)
    await house.http.post(f"{ANN}/preferences", json={"language": "de"}, headers=KEY)
    told = (await house.http.get(f"{house.page()}/held.json")).json()
    (presses,) = [one for one in told["services"][0]["tables"] if one["table"] == "presses"]
    assert [one["nudge"] for one in presses["entries"] if "nudge" in one] == [await _asked(house)]
    assert any(one.get("language") == "de" for one in presses["entries"])


async def _asked(house: House) -> str:
    return str((await house.nudges(everything=True))[0]["nudge"])


async def test_a_part_that_is_away_is_said_to_be(redis_url: str, prefix: str) -> None:
    """Recommend being away hides nothing of the rest, and is not taken for nothing being held."""
    async with open_house(redis_url, prefix) as house:
        page = await house.http.get(f"{house.page()}/held")
        assert "This part does not answer just now" in page.text
        told = (await house.http.get(f"{house.page()}/held.json")).json()
        assert told["services"][1]["away"] is True
        house.reader.away = True
        assert (await house.http.get(f"{house.page()}/held")).status_code == 503


@pytest.mark.parametrize("path", ["held", "held.json"])
async def test_a_link_opens_nobody_elses(house: House, path: str) -> None:
    """Forged, or of somebody who was forgotten, it opens nothing."""
    assert (await house.http.get(f"{house.page()}x/{path}")).status_code == 403
    link, _ = house.links.make(COMMUNITY, "bob")
    bobs = link.removeprefix(SETTINGS.public_url)
    house.garden.step(make(MemberForgotten, START + hours(3), member="bob"))
    assert (await house.http.get(f"{bobs}/{path}")).status_code == 403


async def test_the_page_is_in_the_members_language(house: House) -> None:
    """Each table, each sentence of what is left out, and the rest."""
    house.garden.step(make(PreferencesChanged, START + hours(2.2), member="ann", language="de"))
    page = (await house.http.get(f"{house.page()}/held")).text
    assert 'lang="de"' in page
    assert "Wonach du gefragt wurdest, warum, und was du dazu gesagt hast. (1)" in page
    assert words_of("de").say("held_left_out.others") in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_has_its_words(language: str) -> None:
    """On the page as in the file: what a table is for, in each language, and in English in the same words."""
    words = words_of(language)
    said = {f"held_nudge.{rule.table.name}": rule.about for rule in ASKING}
    said |= {f"held_recommend.{rule.table.name}": rule.about for rule in MATCHING}
    said |= {f"held_left_out.{name}": about for name, about in LEFT_OUT.items()}
    said |= {f"held_elsewhere.{name}": about for name, about in ELSEWHERE.items()}
    found = {key: words.say(key) for key in said}
    assert all(found.values())
    assert language != "en" or found == said


def test_recommend_is_asked_at_its_door() -> None:
    """With the service key it says what it holds; a wrong key, or something else that listens there, is as away."""
    place = Place()
    place.see(joined("a/b"), channel(), recommending.post("p1", "a/b", "segment the volume"))
    asyncio.run(_ask_at_the_door(place))


async def _ask_at_the_door(place: Place) -> None:
    app = FastAPI()
    install(app)
    app.include_router(router(Stored(place), SETTINGS.service_key.get_secret_value()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        here = SETTINGS.model_copy(update={"recommend_url": "http://recommend"})
        found = await Matchmaker(http, here).held("c", "a/b")
        assert found is not None
        (posts,) = [one for one in found["tables"] if one["table"] == "post"]
        assert [one["text"] for one in posts["entries"]] == ["segment the volume"]
        other = here.model_copy(update={"service_key": SETTINGS.link_secret})
        assert await Matchmaker(http, other).held("c", "a/b") is None
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, text="hello"))) as http:
        assert await Matchmaker(http, here).held("c", "a/b") is None
