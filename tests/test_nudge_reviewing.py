"""The doors and pages of a community that is not on autopilot: what is proposed, and consent."""

from collections.abc import AsyncIterator

import pytest
from typer.testing import CliRunner

from kindling.main import app
from services.nudge.documents import MEMBERS
from services.nudge.links import Place
from services.nudge.proposals import standing
from shared.events import (
    CommunityOpened,
    IntroductionsRanked,
    MatchDeclined,
    Mode,
    NudgeReviewed,
    Pair,
    PreferencesChanged,
)
from tests.nudge_house import ANN, KEY, SETTINGS, House, open_house
from tests.nudging import COMMUNITY, START, hours, make, post, ranked

DOORS = f"/v1/communities/{COMMUNITY}/proposals"
NOW = START + hours(2)


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    async with open_house(redis_url, prefix) as made:
        opened = make(CommunityOpened, NOW, mode=Mode.APPROVE, asks_consent=True)
        for name in ("bob", "cat"):
            made.garden.step(make(PreferencesChanged, NOW, member=name, consent=True))
        made.garden.step(opened)
        yield made


def propose(house: House, channel: str = "open", who: str = "bob") -> str:
    """Have it proposed to ask Bob; gives the proposal's id."""
    found = post(NOW, message=f"new-{channel}", channel=channel, title="Beans", text="When do I sow beans?")
    house.garden.step(found, ranked(found, who, at=NOW))
    house.garden.until(NOW + hours(2.5))
    house.now[0] = NOW + hours(2.6)
    return standing(house.garden.state)[-1]


def page(house: House, member: str = "") -> str:
    return house.links.to(Place.APPROVE).make(COMMUNITY, member)[0].removeprefix(SETTINGS.public_url)


async def test_programs_list_proposals_and_approve_them(house: House) -> None:
    """With the service key: what waits, with its reasons; a word, and what became of it."""
    nudge = propose(house)
    found = (await house.http.get(DOORS, headers=KEY)).json()
    (one,) = found["proposals"]
    assert (one["nudge"], one["member"]["id"], one["post"]["title"], one["dry_run"]) == (nudge, "bob", "Beans", False)
    said = await house.http.post(f"{DOORS}/{nudge}", json={"approved": True}, headers=KEY)
    assert said.status_code == 200, said.text
    assert house.garden.state.inbox("bob") == (nudge,)
    found = (await house.http.get(DOORS, headers=KEY)).json()
    assert found == {"proposals": [], "reviewed": {"reply": {"approved": 1, "refused": 0}}}
    again = await house.http.post(f"{DOORS}/{nudge}", json={"approved": True}, headers=KEY)
    assert again.status_code == 409


async def test_nobody_reviews_without_a_key_or_a_link(house: House) -> None:
    """Neither the doors nor the page open by guessing, and an inbox's link is none to approve."""
    nudge = propose(house)
    assert (await house.http.get(DOORS)).status_code == 401
    assert (await house.http.post(f"{DOORS}/{nudge}", json={"approved": True})).status_code == 401
    assert (await house.http.get(house.page().replace("/inbox/", "/approve/"))).status_code == 403
    assert (await house.http.get(page(house).replace("/approve/", "/inbox/"))).status_code == 403
    assert not house.ingest.taken


async def test_the_page_shows_and_takes_a_refusal_with_its_reason(house: House) -> None:
    """Looking changes nothing; a press goes through ingest, with why."""
    nudge = propose(house)
    shown = await house.http.get(page(house))
    assert shown.status_code == 200
    assert "Beans" in shown.text
    assert "Bob" in shown.text
    assert not house.ingest.taken
    form = {"nudge": nudge, "word": "refuse", "reason": "on leave"}
    said = await house.http.post(f"{page(house)}/say", data=form)
    assert said.status_code == 303
    (event,) = house.ingest.taken
    assert isinstance(event, NudgeReviewed)
    assert (event.approved, event.reason, event.member) == (False, "on leave", "bob")
    assert "Nothing waits for your word" in (await house.http.get(page(house))).text


@pytest.mark.parametrize("viewer", ["", "dan", "bob"])
async def test_nobody_approves_texts_that_they_cannot_read(house: House, viewer: str) -> None:
    """Of a private channel, operators and members outside of it see no word and no name."""
    house.garden.step(make(PreferencesChanged, NOW, member="ann", consent=True))
    propose(house, channel="shed", who="ann")
    shown = (await house.http.get(page(house, viewer))).text
    assert "A post that you cannot read here" in shown
    assert "Beans" not in shown
    assert "Asker" not in shown
    inside = (await house.http.get(page(house, "ann"))).text
    assert "Beans" in inside


async def test_nobody_approves_their_own_nudge(house: House) -> None:
    """The one who would be asked does not say whether they are."""
    nudge = propose(house)
    said = await house.http.post(f"{page(house, 'bob')}/say", data={"nudge": nudge, "word": "approve"})
    assert said.headers["location"].endswith("told=own")
    assert not house.ingest.taken


async def test_ingest_being_away_changes_nothing(house: House) -> None:
    """A word that could not be recorded is not taken for one."""
    nudge = propose(house)
    house.ingest.status = 503
    said = await house.http.post(f"{page(house)}/say", data={"nudge": nudge, "word": "approve"})
    assert said.status_code == 503
    assert standing(house.garden.state) == (nudge,)


async def test_the_inbox_introduces_itself_before_anything_else(house: House) -> None:
    """What this is and how to say no comes first, and one press says it."""
    shown = (await house.http.get(house.page())).text
    assert shown.index("Before you are asked anything") < shown.index("How you want to be asked")
    said = await house.http.post(f"{house.page()}/consent", data={"word": "no"})
    assert said.status_code == 303
    known = house.garden.documents.get(MEMBERS, "ann")
    assert known is not None
    assert known.consent is False
    shown = (await house.http.get(house.page())).text
    assert "Before you are asked anything" not in shown
    assert "Ask me after all" in shown


async def test_a_no_holds_back_at_once_what_is_still_open(house: House) -> None:
    """Before it has come through the chain, the inbox shows nothing to do any more."""
    assert await house.nudges()
    house.ingest.waiting = True
    said = await house.http.post(f"{ANN}/preferences", json={"consent": False}, headers=KEY)
    assert said.status_code == 202
    assert not await house.nudges()


async def test_who_kept_apart_is_not_named_to_the_other_by_a_proposal(house: House) -> None:
    """A block ends the proposal: nobody approves what two people do not want."""
    propose(house)
    house.garden.step(make(MatchDeclined, NOW + hours(2.5), member="asker", other="bob"))
    assert not standing(house.garden.state)


async def test_what_is_about_no_post_is_approved_as_posts_are(house: House) -> None:
    """Who is to be introduced to whom is named to whoever approves it; approved, it is asked."""
    pairs = (Pair(one="ann", other="cat", score=0.9),)
    house.garden.step(make(IntroductionsRanked, NOW, member="bob", model="m1", pairs=pairs))
    house.garden.until(NOW + hours(2.5))
    house.now[0] = NOW + hours(2.6)
    (one,) = (await house.http.get(DOORS, headers=KEY)).json()["proposals"]
    assert one["kind"] == "introduce"
    shown = (await house.http.get(page(house))).text
    assert all(name in shown for name in ("Ann", "Cat"))
    said = await house.http.post(f"{DOORS}/{one['nudge']}", json={"approved": True}, headers=KEY)
    assert said.status_code == 200, said.text
    assert house.garden.state.inbox("bob") == (one["nudge"],)


def test_the_command_line_knows_of_it() -> None:
    """Operators find how to switch, and how to get to the page."""
    shown = CliRunner().invoke(app, ["community", "mode", "--help"])
    assert shown.exit_code == 0
    assert "autopilot" in shown.stdout
    assert CliRunner().invoke(app, ["community", "mode", "mine", "full_speed"]).exit_code == 2
