"""The inbox: over HTTP for programs, and as a page for people."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from services.nudge.api import router
from services.nudge.documents import INBOXES, Inbox, NudgeState
from services.nudge.guard import Guard
from services.nudge.links import BadLink, Links, Visitor
from services.nudge.press import Press
from services.nudge.settings import NudgeSettings
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
from shared.failures import Unavailable, UnsafeSettings
from shared.problems import install
from shared.stamps import Stamp
from shared.state import Documents, Table
from shared.wire import decode
from tests.nudging import COMMUNITY, START, Garden, dump, hours, make, post, ranked

T = TypeVar("T")
KEY = {"Authorization": "Bearer the-key"}
ANN = f"/v1/communities/{COMMUNITY}/members/ann"
SETTINGS = NudgeSettings.model_validate(
    {"service_key": "the-key", "link_secret": "s" * 32, "answer_wait_seconds": 0.3, "ingest_url": "http://ingest"}
)


@dataclass
class Reading:
    """Reads documents as the store does."""

    documents: Documents
    away: bool = False
    asked: int = 0

    async def get(self, _community: str, table: Table[T], key: str) -> T | None:
        return (await self.get_many(_community, table, [key]))[0]

    async def get_many(self, _community: str, table: Table[T], keys: Sequence[str]) -> list[T | None]:
        self.asked += 1
        if self.away:
            raise Unavailable("the store is away")
        return [self._read(table, key) for key in keys]

    def _read(self, table: Table[T], key: str) -> T | None:
        document = self.documents.get(table, key)
        return None if document is None else table.load(table.dump(document))

    async def known(self, community: str) -> bool:
        return community == COMMUNITY


class Ingest:
    """Takes presses over HTTP, as ingest does, and hands them to the handlers at once, unless told to wait."""

    def __init__(self, garden: Garden) -> None:
        self.garden = garden
        self.status = 202
        self.waiting = False
        self.taken: list[object] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url == f"http://ingest/v1/communities/{COMMUNITY}/activities"
        assert request.headers["authorization"] == KEY["Authorization"]
        if self.status == 0:
            raise httpx.ConnectError("refused")
        if self.status == 202:
            event = decode(request.content).event
            self.taken.append(event)
            if not self.waiting:
                self.garden.step(event)
        return httpx.Response(self.status)


@dataclass
class House:
    garden: Garden
    ingest: Ingest
    reader: Reading
    http: httpx.AsyncClient
    links: Links
    now: list[datetime]

    async def nudges(self, *, everything: bool = False) -> list[dict[str, object]]:
        response = await self.http.get(f"{ANN}/nudges", params={"all": everything}, headers=KEY)
        assert response.status_code == 200, response.text
        found: list[dict[str, object]] = response.json()["nudges"]
        return found

    async def first(self) -> str:
        return str((await self.nudges())[0]["nudge"])

    async def say(self, nudge: str, answer: str, **fields: object) -> httpx.Response:
        return await self.http.post(f"{ANN}/nudges/{nudge}/answers", json={"answer": answer, **fields}, headers=KEY)

    def page(self) -> str:
        return self.links.make(COMMUNITY, "ann")[0].removeprefix(SETTINGS.public_url)


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    """A community in which Ann has one open nudge, with all doors, an ingest and a real Redis."""
    garden = Garden()
    asked = post(START, text="<script>alert('x')</script> how?", title="Tomatoes & <b>beans</b>")
    garden.step(asked, ranked(asked, "ann", "bob", "cat"))
    garden.until(START + hours(2))
    now = [START + hours(2.5)]

    def clock() -> datetime:
        return now[0]

    ingest, reader, links = Ingest(garden), Reading(garden.documents), Links(SETTINGS, clock)
    redis = Redis.from_url(redis_url)
    app = FastAPI()
    install(app)
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(ingest)) as outgoing,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://nudge") as http,
    ):
        app.include_router(
            router(reader, Press(outgoing, SETTINGS, clock), Guard(redis, prefix, SETTINGS), links, SETTINGS)
        )
        yield House(garden, ingest, reader, http, links, now)
    await redis.aclose()


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


async def test_programs_need_the_key(house: House) -> None:
    """Nobody reads an inbox by knowing an address."""
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "the-key"}, {"Authorization": "Bearer é"}):
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
    second = post(START + hours(2.1), message="p2")
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
    assert (await house.http.post(f"{ANN}/preferences", json=given, headers=KEY)).status_code == 202
    assert (await house.http.post(f"{ANN}/nudges/{nudge}/seen", headers=KEY)).status_code == 202
    preferred, seen = house.ingest.taken
    assert isinstance(preferred, PreferencesChanged)
    assert isinstance(seen, NudgeSeen)
    assert (preferred.weekly_asks, preferred.without, preferred.paused_until) == (1, (Kind.WELCOME,), None)
    wrong = await house.http.post(f"{ANN}/preferences", json={"zone": "Mars/Olympus"}, headers=KEY)
    assert wrong.status_code == 422


# The page


async def test_looking_changes_nothing(house: House) -> None:
    """A mail scanner that follows the link, as often as it likes, changes nothing and sends nothing."""
    before = dump(house.garden.documents)
    for _ in range(3):
        assert (await house.http.get(house.page())).status_code == 200
    assert dump(house.garden.documents) == before
    assert house.ingest.taken == []


async def test_the_page_is_private_and_plain(house: House) -> None:
    """No script runs, nothing is stored, nothing refers on; what people wrote stays text."""
    page = await house.http.get(house.page())
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in page.headers["x-robots-tag"]
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "Tomatoes &amp; &lt;b&gt;beans&lt;/b&gt;" in page.text
    assert 'lang="en"' in page.text
    assert "width=device-width" in page.text
    assert not re.search(r'\sstyle="', page.text)


async def test_every_button_answers_and_leads_back(house: House) -> None:
    """A button posts, and the page comes back with what became of it; reloading presses nothing again."""
    page, nudge = house.page(), await house.first()
    assert f'value="{nudge}"' in (await house.http.get(page)).text
    pressed = await house.http.post(f"{page}/answer", data={"nudge": nudge, "answer": "hand_over", "to": "cat"})
    assert pressed.status_code == 303
    assert pressed.headers["location"] == f"{page}?told=taken"
    assert pressed.headers["referrer-policy"] == "no-referrer"
    back = await house.http.get(pressed.headers["location"])
    assert "Thank you, that is noted." in back.text
    assert "Nothing is waiting for you" in back.text
    assert "You handed it over." in back.text
    cat = house.garden.state.inbox("cat")
    assert len(cat) == 1


async def test_the_other_ways_of_a_button(house: House) -> None:
    """Nonsense, a closed nudge and an ingest that is away are each said in words."""
    page, nudge = house.page(), await house.first()

    async def press(**form: str) -> httpx.Response:
        return await house.http.post(f"{page}/answer", data=form)

    assert (await press(nudge=nudge, answer="maybe")).headers["location"].endswith("told=unclear")
    assert (await press(nudge=nudge, answer="hand_over")).headers["location"].endswith("told=unclear")
    assert (await press(nudge="none", answer="pass")).headers["location"].endswith("told=closed")
    house.ingest.status = 503
    away = await press(nudge=nudge, answer="pass")
    assert away.status_code == 503
    assert "please try again" in away.text
    house.ingest.status = 202
    house.ingest.waiting = True
    assert (await press(nudge=nudge, answer="pass", to="")).headers["location"].endswith("told=accepted")
    assert "your answer is on its way" in (await house.http.get(page)).text


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


async def test_a_link_that_is_forged_or_old_opens_nothing(house: House) -> None:
    """An inbox opens with a whole and valid link only; anything else is told so kindly."""
    made = (await house.http.get(f"{ANN}/link", headers=KEY)).json()["link"]
    assert made.startswith(f"{SETTINGS.public_url}/inbox/")
    page = made.removeprefix(SETTINGS.public_url)
    tampered = page[:-1] + ("A" if page[-1] != "A" else "B")
    for address in (tampered, "/inbox/x", "/inbox/" + "y" * 500):
        shown = await house.http.get(address)
        assert shown.status_code == 403
        assert "does not open an inbox" in shown.text
        assert (await house.http.post(f"{address}/answer", data={"answer": "pass"})).status_code == 403
    house.now[0] += hours(24 * SETTINGS.link_days)
    assert (await house.http.get(page)).status_code == 403


async def test_a_store_that_is_away_says_so(house: House) -> None:
    """A page that cannot be read is not an empty one."""
    house.reader.away = True
    page = await house.http.get(house.page())
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert (await house.http.get(f"{ANN}/nudges", headers=KEY)).status_code == 503


async def test_unsafe_settings_stop_the_start() -> None:
    """A secret that can be guessed, or a missing key, stops the start in a sentence that names it."""
    with pytest.raises(UnsafeSettings, match="link_secret"):
        Links(NudgeSettings.model_validate({"link_secret": "short"}))
    async with httpx.AsyncClient() as http:
        with pytest.raises(UnsafeSettings, match="service_key"):
            Press(http, NudgeSettings())


async def test_links_of_communities_are_their_own() -> None:
    """A link says whose inbox it opens, in which community, and nothing else."""
    links = Links(SETTINGS, lambda: START)
    url, expires = links.make("a/b", "m 1")
    assert links.read(url.rsplit("/", 1)[1]) == Visitor("a/b", "m 1")
    assert expires == START + hours(24 * 30)
    other = Links(NudgeSettings.model_validate({"link_secret": "t" * 32}))
    with pytest.raises(BadLink):
        other.read(url.rsplit("/", 1)[1])


async def test_the_guard_knows_what_has_come_through(redis_url: str, prefix: str) -> None:
    """The guard holds back what was pressed until the state has caught up, and for each member alone."""
    redis = Redis.from_url(redis_url)
    guard = Guard(redis, prefix, SETTINGS)
    pressed = Stamp(START, "press/1")
    await guard.hold(COMMUNITY, "ann", "n1", Answer.LATER, pressed)
    held = await guard.held(COMMUNITY, "ann")
    assert held.nudges == {"n1": pressed}
    assert held.never is None
    assert (await guard.held(COMMUNITY, "bob")).nudges == {}
    assert await redis.ttl(guard._key(COMMUNITY, "ann")) > 0
    await redis.aclose()
