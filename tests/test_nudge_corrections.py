"""Declining at a nudge, and taking it back, through the doors: the page behind the signed link, and for programs."""

import html
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.events import (
    ChannelChanged,
    Evidence,
    MatchDeclined,
    MatchesRanked,
    MemberForgotten,
    MessageRemoved,
    Privacy,
    Reason,
    TopicDeclined,
)
from tests.nudge_house import ANN, KEY, House, open_house
from tests.nudging import COMMUNITY, START, dump, hours, make, post, ranked

BOB = f"/v1/communities/{COMMUNITY}/members/bob"


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    async with open_house(redis_url, prefix) as opened:
        yield opened


async def press(house: House, door: str, **form: str) -> str:
    """Press a button of the page; give what the page says then."""
    house.now[0] += hours(0.01)
    response = await house.http.post(f"{house.page()}/{door}", data=form)
    assert response.status_code == 303
    return response.headers["location"].partition("told=")[2]


async def shown(house: House) -> str:
    return html.unescape((await house.http.get(house.page())).text)


def apart(member: str, other: str, at: float = 2.2) -> MatchDeclined:
    event: MatchDeclined = make(MatchDeclined, START + hours(at), member=member, other=other)
    return event


async def test_a_nudge_offers_to_decline_quietly(house: House) -> None:
    """Folded away under `More`, each with a sentence that says what it does and that nobody is told."""
    page = await shown(house)
    folded = page[page.index("<summary>More</summary>") : page.index("</article>")]
    assert "Not my topic" in folded
    assert "Never match me with Asker" in folded
    assert folded.count("Asker is never told.") == 2
    assert set(re.findall(r'<button name="what" value="(\w+)" class="(\w+)"', folded)) == {
        ("topic", "quiet"),
        ("person", "quiet"),
    }
    assert "You have declined nothing: no topic, and nobody." in page
    [nudge] = await house.nudges()
    assert nudge["declines"] == ["topic", "person"]


async def test_not_my_topic_and_undo(house: House) -> None:
    """Pressed, the nudge is gone, the event in the one log, and the page lists it by the post's title, with undo."""
    nudge = await house.first()
    assert await press(house, "decline", nudge=nudge, what="topic") == "taken"
    [event] = house.ingest.taken
    assert isinstance(event, TopicDeclined)
    assert (event.member, event.post, event.declined, event.at) == ("ann", "p", True, house.now[0])
    assert await house.nudges() == []
    assert "Not your topic: Tomatoes & <b>beans</b>" in await shown(house)
    assert await press(house, "undo", about="p", what="topic") == "saved"
    assert isinstance(event := house.ingest.taken[-1], TopicDeclined)
    assert not event.declined
    assert "Not your topic" not in await shown(house)
    assert not house.garden.state.declines("ann", "p")


async def test_never_match_me_and_undo(house: House) -> None:
    """Pressed, the two are kept apart, the page lists them by name, and who said so takes it back with one press."""
    nudge = await house.first()
    assert await press(house, "decline", nudge=nudge, what="person") == "taken"
    [event] = house.ingest.taken
    assert isinstance(event, MatchDeclined)
    assert (event.member, event.other, event.declined) == ("ann", "asker", True)
    assert house.garden.state.apart("asker", "ann")
    page = await shown(house)
    assert "Never matched with: Asker" in page
    assert "It was taken back. There is nothing left to do." in page
    assert await press(house, "undo", about="asker", what="person") == "saved"
    assert not house.garden.state.apart("asker", "ann")
    assert "You have declined nothing" in await shown(house)


async def test_a_press_that_is_on_its_way_holds_already(house: House) -> None:
    """A chain that is slow undoes no wish: the nudge is held back and the list shows it; so does its undo."""
    nudge = await house.first()
    house.ingest.waiting = True
    assert await press(house, "decline", nudge=nudge, what="person") == "accepted"
    assert await house.nudges() == []
    page = await shown(house)
    assert "your answer is on its way" in page
    assert "Never matched with: Asker" in page
    assert await press(house, "decline", nudge=nudge, what="person") == "taken"
    assert len(house.ingest.taken) == 1
    assert await press(house, "undo", about="asker", what="person") == "accepted"
    assert "You have declined nothing" in await shown(house)
    assert len(await house.nudges()) == 1


async def test_pressing_again_says_nothing_twice(house: House) -> None:
    """An old page pressed once more adds nothing to the log, and nor does an undo of what is undone."""
    nudge = await house.first()
    for _ in range(2):
        assert await press(house, "decline", nudge=nudge, what="topic") == "taken"
    assert len(house.ingest.taken) == 1
    assert await press(house, "undo", about="p", what="topic") == "saved"
    assert await press(house, "undo", about="p", what="topic") == "closed"
    assert len(house.ingest.taken) == 2


async def test_following_an_address_declines_nothing(house: House) -> None:
    """A mail scanner that follows any address of the page, with whatever in it, changes and sends nothing."""
    nudge, page, before = await house.first(), house.page(), dump(house.garden.documents)
    for address in (page, f"{page}/decline?nudge={nudge}&what=person", f"{page}/undo?about=p&what=topic"):
        for ask in (house.http.get, house.http.head):
            await ask(address)
    assert dump(house.garden.documents) == before
    assert house.ingest.taken == []


async def test_forged_and_foreign_presses_are_refused(house: House) -> None:
    """Only a whole link declines, only at the own nudge and only what is in it; and only what is declined is undone."""
    nudge, page = await house.first(), house.page()
    tampered = page[:-1] + ("A" if page[-1] != "A" else "B")
    for door, form in (("decline", {"nudge": nudge, "what": "topic"}), ("undo", {"about": "p", "what": "topic"})):
        for address in (tampered, "/inbox/x"):
            assert (await house.http.post(f"{address}/{door}", data=form)).status_code == 403
    bobs = house.links.make(COMMUNITY, "bob")[0].partition("/inbox/")[2]
    foreign = await house.http.post(f"/inbox/{bobs}/decline", data={"nudge": nudge, "what": "person"})
    assert foreign.headers["location"].endswith("told=closed")
    assert await press(house, "decline", nudge="none", what="topic") == "closed"
    assert await press(house, "decline", nudge=nudge, what="everybody") == "unclear"
    assert await press(house, "undo", about="bob", what="person") == "closed"
    assert await press(house, "undo", about="bob", what="everybody") == "unclear"
    house.garden.step(apart("bob", "ann"))
    assert await press(house, "undo", about="bob", what="person") == "closed"
    assert house.ingest.taken == []


async def test_nobody_learns_that_they_are_declined(house: House) -> None:
    """The list shows what the reader said alone, not what others say of them."""
    house.garden.step(apart("bob", "ann"), apart("asker", "ann"))
    assert "You have declined nothing" in await shown(house)
    declined = await house.http.get(f"{ANN}/declined", headers=KEY)
    assert declined.json() == {"topics": [], "people": []}


@pytest.mark.parametrize(
    "gone",
    [
        make(ChannelChanged, START + hours(2.6), channel="open", privacy=Privacy.PRIVATE),
        make(MessageRemoved, START + hours(2.6), message="p"),
        make(MemberForgotten, START + hours(2.6), member="asker"),
    ],
)
async def test_a_post_that_cannot_be_read_any_more_is_not_named(house: House, gone: MessageRemoved) -> None:
    """A topic stays in the list without a word of its post, and can be undone."""
    assert await press(house, "decline", nudge=await house.first(), what="topic") == "taken"
    house.garden.step(gone)
    page = await shown(house)
    assert "omatoes" not in page
    assert "Not your topic: a post that you can no longer read here" in page
    assert await press(house, "undo", about="p", what="topic") == "saved"


async def test_who_is_forgotten_is_in_no_list(house: House) -> None:
    """Once the author was forgotten there is nobody to decline, and nothing of them is listed."""
    nudge = await house.first()
    assert await press(house, "decline", nudge=nudge, what="person") == "taken"
    house.garden.step(make(MemberForgotten, START + hours(2.6), member="asker"))
    assert "You have declined nothing" in await shown(house)
    assert await press(house, "decline", nudge=nudge, what="person") == "closed"


async def test_nothing_is_recorded_while_ingest_is_away(house: House) -> None:
    """A press that is not recorded says so, and nothing is held back."""
    nudge = await house.first()
    house.ingest.status = 503
    away = await house.http.post(f"{house.page()}/decline", data={"nudge": nudge, "what": "person"})
    assert away.status_code == 503
    assert "please try again" in away.text
    assert len(await house.nudges()) == 1
    assert "You have declined nothing" in await shown(house)


async def test_programs_decline_and_undo(house: House) -> None:
    """What the page can do a program can do with the service key, and nobody without it."""
    address = f"{ANN}/nudges/{await house.first()}/declines"
    assert (await house.http.post(address, json={"declines": "person"})).status_code == 401
    assert (await house.http.post(address, json={"declines": "all"}, headers=KEY)).status_code == 422
    theirs = address.replace("ann", "bob")
    assert (await house.http.post(theirs, json={"declines": "person"}, headers=KEY)).status_code == 404
    for what in ("topic", "person"):
        house.now[0] += hours(0.01)
        assert (await house.http.post(address, json={"declines": what}, headers=KEY)).status_code == 200
    listed = (await house.http.get(f"{ANN}/declined", headers=KEY)).json()
    assert listed == {
        "topics": [{"id": "p", "heading": "Tomatoes & <b>beans</b>"}],
        "people": [{"id": "asker", "name": "Asker"}],
    }
    house.now[0] += hours(0.01)
    undo = {"declines": "person", "id": "asker"}
    assert (await house.http.post(f"{ANN}/declined/undo", json=undo, headers=KEY)).status_code == 200
    assert (await house.http.post(f"{ANN}/declined/undo", json=undo, headers=KEY)).status_code == 404
    house.ingest.waiting = True
    house.now[0] += hours(0.01)
    undo = {"declines": "topic", "id": "p"}
    assert (await house.http.post(f"{ANN}/declined/undo", json=undo, headers=KEY)).status_code == 202


@pytest.mark.parametrize(
    "said", [apart("bob", "asker"), apart("asker", "bob"), apart("ann", "bob"), apart("bob", "ann")]
)
async def test_hand_over_leaves_out_who_is_kept_apart(house: House, said: MatchDeclined) -> None:
    """Who is kept apart from the author or the reader is not offered, and refused in the words used for anybody."""
    house.garden.step(said)
    [nudge] = await house.nudges()
    assert nudge["hand_over_to"] == [{"id": "cat", "name": "Cat"}]
    refused = await house.say(str(nudge["nudge"]), "hand_over", to="bob")
    of_a_bot = await house.say(str(nudge["nudge"]), "hand_over", to="bot")
    assert refused.status_code == 422
    assert refused.json() == of_a_bot.json()
    assert await press(house, "answer", nudge=str(nudge["nudge"]), answer="hand_over", to="bob") == "unclear"
    assert house.ingest.taken == []


async def test_reasons_do_not_name_who_is_kept_apart(house: House) -> None:
    """Who handed over, and whose posts a reason rests on, are left out of why somebody was asked, from that moment."""
    old, new = post(START + hours(2), message="o", author="dan"), post(START + hours(2), message="n")
    evidence = (Evidence(reason=Reason.ASKED_SIMILAR, count=1, posts=("o",), channels=("open",)),)
    matched = ranked(new, "cat")
    match = matched.matches[0].model_copy(update={"evidence": evidence})
    house.garden.step(old, new, MatchesRanked(**{**dict(matched), "matches": (match,)}))
    house.garden.until(START + hours(4))
    await press(house, "answer", nudge=await house.first(), answer="hand_over", to="bob")
    cat = BOB.replace("bob", "cat")

    async def why(of: str) -> str:
        return (await house.http.get(f"{of}/nudges", headers=KEY)).text

    assert "Ann handed this over to you." in await why(BOB)
    assert "You asked about something like this" in await why(cat)
    house.garden.step(apart("bob", "ann", at=5), apart("dan", "cat", at=5))
    assert "Ann handed" not in await why(BOB)
    assert "You answered 3 threads" in await why(BOB)
    assert "You asked about" not in await why(cat)
    assert "You are a champion here." in await why(cat)


async def test_the_nudge_of_the_other_goes_without_a_word(house: House) -> None:
    """Who was asked about a post of somebody who declines them reads what they would read in any other case."""
    house.garden.step(apart("asker", "ann", at=2.6))
    [nudge] = await house.nudges(everything=True)
    assert (nudge["withdrawn"], nudge["answers"], nudge["declines"]) == ("taken_back", [], [])
    told = re.sub(r"<[^>]+>", "", await shown(house)).lower()
    assert not [word for word in ("match", "apart", "asker declin") if word in told]
    late: httpx.Response = await house.say(str(nudge["nudge"]), "claim")
    assert late.status_code == 409
