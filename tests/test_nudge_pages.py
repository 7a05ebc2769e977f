"""The inbox as a page for people, behind a signed link."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from services.nudge.links import BadLink, Links, Visitor
from services.nudge.pages.routes import LONGEST_REASON
from services.nudge.press import Press
from services.nudge.settings import NudgeSettings
from shared.events import (
    Answer,
    Event,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    NudgeAnswered,
    PreferencesChanged,
)
from shared.failures import UnsafeSettings
from tests.nudge_house import ANN, KEY, SETTINGS, House, open_house
from tests.nudging import COMMUNITY, START, dump, hours, make, post, ranked, reply


@pytest.fixture
async def house(redis_url: str, prefix: str) -> AsyncIterator[House]:
    async with open_house(redis_url, prefix) as opened:
        yield opened


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


class Forms(HTMLParser):
    """Reads what the forms with answers hold: `buttons` by whether <details> hides them, `lines` to write in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.buttons: dict[str, bool] = {}
        self.lines: list[str] = []
        self._folded = 0
        self.feed(page.split("How you want to be asked", maxsplit=1)[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "details" and "open" not in given:
            self._folded += 1
        elif tag == "button" and given["name"] == "answer":
            self.buttons[str(given["value"])] = self._folded > 0
        elif tag == "input" and given.get("type", "text") != "hidden":
            self.lines.append(str(given["name"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folded:
            self._folded -= 1


async def test_a_page_works_under_any_path(house: House) -> None:
    """Where a proxy serves the pages under a path of its own, the forms and the way back stay under it."""
    page, nudge = house.page(), await house.first()
    reached = httpx.URL(f"https://example.org/people/kindling{page}")
    forms = re.findall(r'action="([^"]+)"', (await house.http.get(page)).text)
    assert [str(reached.join(form)) for form in forms] == [
        f"{reached}/{door}" for door in ("answer", "decline", "preferences", "absence")
    ]
    pressed = await house.http.post(f"{page}/answer", data={"nudge": nudge, "answer": "pass"})
    assert str(reached.join(forms[0]).join(pressed.headers["location"])) == f"{reached}?told=taken"


async def test_a_post_without_a_title_is_named_by_its_first_words(house: House) -> None:
    """Several posts without a title can be told apart, open and closed; a short one is not said twice."""
    for n, text in enumerate(("Is <it> open & free?", "Where do I find the example data of the second lesson? " * 3)):
        asked = post(START + hours(1.75 + n / 4), message=f"q{n}", title="", text=text)
        house.garden.step(asked, ranked(asked, "ann"))
    house.garden.until(START + hours(4))
    page = (await house.http.get(house.page())).text
    assert page.count("Is &lt;it&gt; open &amp; free?") == 1
    assert '<h3 id="n1">Where do I find the example data of the second lesson?…</h3>' in page
    house.garden.step(reply(START + hours(4), "bob", to="q0"))
    assert "<li>Is &lt;it&gt; open &amp; free?: Somebody else" in (await house.http.get(house.page())).text


async def test_one_press_says_pass_less_or_never(house: House) -> None:
    """Nobody has to open anything to be left alone; and Enter in a field claims nothing."""
    forms = Forms((await house.http.get(house.page())).text)
    assert set(forms.buttons) == set(Answer)
    assert {answer for answer, folded in forms.buttons.items() if folded} == {Answer.HAND_OVER}
    assert forms.lines == []


async def test_a_reason_may_have_lines(house: House) -> None:
    """A reason as long as the page allows is taken, however its lines end."""
    page, nudge = house.page(), await house.first()
    form = {"nudge": nudge, "answer": "pass", "reason": "x\r\n" * (LONGEST_REASON // 2)}
    assert (await house.http.post(f"{page}/answer", data=form)).headers["location"].endswith("told=taken")
    [event] = house.ingest.taken
    assert isinstance(event, NudgeAnswered)
    assert len(event.reason) == LONGEST_REASON


async def test_every_button_answers_and_leads_back(house: House) -> None:
    """A button posts, and the page comes back with what became of it; reloading presses nothing again."""
    page, nudge = house.page(), await house.first()
    assert f'value="{nudge}"' in (await house.http.get(page)).text
    pressed = await house.http.post(f"{page}/answer", data={"nudge": nudge, "answer": "hand_over", "to": "cat"})
    assert pressed.status_code == 303
    address = pressed.url.join(pressed.headers["location"])
    assert address == f"http://nudge{page}?told=taken"
    assert pressed.headers["referrer-policy"] == "no-referrer"
    back = await house.http.get(address)
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


@pytest.mark.parametrize("gone", [MemberLeft, MemberForgotten])
async def test_a_link_of_who_is_gone_opens_nothing(house: House, gone: type[Event]) -> None:
    """Who has left or was forgotten is not made anew by their old link, whatever is pressed there."""
    page, nudge = house.page(), await house.first()
    house.garden.step(make(gone, START + hours(2.2), member="ann"))
    before = dump(house.garden.documents)
    for response in (
        await house.http.get(page),
        await house.http.post(f"{page}/preferences", data={"kinds": ["reply"], "weekly_asks": "2"}),
        await house.http.post(f"{page}/answer", data={"nudge": nudge, "answer": "never"}),
    ):
        assert response.status_code == 403
        assert "does not open an inbox" in response.text
    assert house.ingest.taken == []
    assert dump(house.garden.documents) == before


async def test_a_link_of_somebody_unknown_opens_nothing(house: House) -> None:
    """A link can be made before its member has joined; it opens their inbox once they have."""
    page = house.links.make(COMMUNITY, "eve")[0].removeprefix(SETTINGS.public_url)
    assert (await house.http.get(page)).status_code == 403
    house.garden.step(make(MemberJoined, START + hours(2.2), member="eve", name="Eve"))
    assert "Hello Eve" in (await house.http.get(page)).text


async def test_a_store_that_is_away_says_so(house: House) -> None:
    """A page that cannot be read is not an empty one."""
    house.reader.away = True
    page = await house.http.get(house.page())
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert (await house.http.get(f"{ANN}/nudges", headers=KEY)).status_code == 503


async def test_unsafe_settings_stop_the_start() -> None:
    """A secret that can be guessed, or a missing key, stops the start in a sentence that names it."""
    with pytest.raises(UnsafeSettings, match="link_secret"):
        Links(NudgeSettings.model_validate({"link_secret": ""}))
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


async def test_interests_are_declared_on_the_page(house: House) -> None:
    """What a member is interested in is written a topic a line, saved as their own words, and shown to them again."""
    kept = {"kinds": ["reply", "welcome"], "weekly_asks": "5"}
    said = await house.http.post(
        f"{house.page()}/preferences", data={**kept, "interests": " old  roses\r\n\r\n<b>figs"}
    )
    assert said.headers["location"].endswith("told=saved")
    pressed = house.ingest.taken[-1]
    assert isinstance(pressed, PreferencesChanged)
    assert pressed.interests == ("old roses", "<b>figs")
    assert ">old roses\n&lt;b&gt;figs</textarea>" in (await house.http.get(house.page())).text
    house.now[0] += hours(0.1)
    await house.http.post(f"{house.page()}/preferences", data=kept)
    assert ">old roses" not in (await house.http.get(house.page())).text


@pytest.mark.parametrize("interests", ["x" * 201, "\n".join(f"topic {n}" for n in range(21))])
async def test_too_many_interests_are_not_saved_by_half(house: House, interests: str) -> None:
    """More than there is room for is said, and nothing of the form is saved."""
    form = {"kinds": ["reply"], "weekly_asks": "2", "interests": interests}
    said = await house.http.post(f"{house.page()}/preferences", data=form)
    assert said.headers["location"].endswith("told=too_much")
    assert house.ingest.taken == []
    assert "at most 20 interests" in (await house.http.get(house.page(), params={"told": "too_much"})).text


async def test_programs_declare_interests(house: House) -> None:
    """A profile elsewhere can bring them; what is too long is refused with the place and a sentence."""
    said = await house.http.post(f"{ANN}/preferences", json={"interests": ["old roses"]}, headers=KEY)
    assert said.status_code == 200
    wrong = await house.http.post(f"{ANN}/preferences", json={"interests": ["old roses", " "]}, headers=KEY)
    assert wrong.status_code == 422
    assert "name a topic in a few words" in wrong.text


async def test_a_member_reads_in_their_language(house: House) -> None:
    """Chosen on the page, a language holds for the page, the messages and the nudges, and for programs."""
    kept = {"kinds": ["reply", "welcome"], "weekly_asks": "5"}
    said = await house.http.post(f"{house.page()}/preferences", data={**kept, "language": "de"})
    assert said.headers["location"].endswith("told=saved")
    page = (await house.http.get(house.page(), params={"told": "saved"})).text
    for words in ('<html lang="de">', "Gespeichert.", "Antworte Asker in Open.", "Ich übernehme es", "Warum du"):
        assert words in page
    assert "3. März, 14:00 Uhr UTC" in page
    for english in ("Reply", "Later", "Why", "Save<", "Undo", "declined nothing", "suggestion"):
        assert english not in page
    [nudge] = await house.nudges()
    assert (nudge["language"], nudge["what"]) == ("de", "Antworte Asker in Open.")
    await house.http.post(f"{house.page()}/preferences", data={**kept, "language": "xx"})
    assert 'lang="de"' in (await house.http.get(house.page())).text


async def test_who_leaves_the_language_alone_has_not_chosen(house: House) -> None:
    """Saving the form as it stands sets no language: the community's may change, and theirs with it."""
    form = {"kinds": ["reply"], "weekly_asks": "2", "language": "en"}
    await house.http.post(f"{house.page()}/preferences", data=form)
    [pressed] = house.ingest.taken
    assert isinstance(pressed, PreferencesChanged)
    assert pressed.language is None


async def test_a_nudge_is_written_to_be_sent_on(house: House) -> None:
    """As text and as HTML it says all that the page says, and leads to it; what people wrote stays text in the HTML."""
    response = await house.http.get(f"{ANN}/nudges", params={"written": True}, headers=KEY)
    [nudge] = response.json()["nudges"]
    text, html = nudge["written"]["text"], nudge["written"]["html"]
    said = [nudge["what"], *nudge["why"]["you"], nudge["why"]["this"], nudge["why"]["now"], nudge["takes"]]
    for part in [*said, nudge["opening"]["suggestion"], "A suggestion", "I will do it", "Never ask me", "/inbox/"]:
        assert part in text
        assert part in html
    assert len(text) < 1200
    assert "<script>alert" in text
    assert "<script" not in html
    assert "&lt;script&gt;" in html
