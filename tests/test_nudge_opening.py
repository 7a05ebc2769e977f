"""The first line that a nudge suggests: by templates, or by a language model behind a real HTTP server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from services.nudge.ask_model import MOST_BYTES, REST_SECONDS, ModelOpener
from services.nudge.guard import Held
from services.nudge.opening import Opening
from services.nudge.read_inbox import InboxReader, ShownNudge
from services.nudge.settings import NudgeSettings
from services.nudge.words import words_of
from shared.embedded import free_port
from shared.events import ChannelChanged, Privacy
from tests.nudge_house import Reading
from tests.nudging import COMMUNITY, START, Garden, hours, make, post, ranked, reply

TEMPLATE = Opening("Hi Asker, this has come up before. What helped then was: …", "template")


class Model:
    """Speaks the protocol; what it answers next is set from outside."""

    def __init__(self) -> None:
        self.status = 200
        self.body: bytes | None = None
        self.text = "Hello! What have you tried?"
        self.seconds = 0.0
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []

    async def answer(self, request: Request) -> Response:
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("authorization", ""))
        await asyncio.sleep(self.seconds)
        said = json.dumps({"choices": [{"message": {"role": "assistant", "content": self.text}}]}).encode()
        return Response(said if self.body is None else self.body, self.status, media_type="application/json")


@asynccontextmanager
async def serving(model: Model) -> AsyncIterator[str]:
    app = FastAPI()
    app.add_api_route("/v1/chat/completions", model.answer, methods=["POST"])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off", ws="none"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}/v1"
    server.should_exit = True
    await running


@pytest.fixture
async def model() -> AsyncIterator[tuple[Model, str]]:
    made = Model()
    async with serving(made) as url:
        yield made, url


class Opened:
    """An opener against the model, with a clock of its own."""

    def __init__(self, http: httpx.AsyncClient, url: str, **settings: Any) -> None:
        self.now = 0.0
        given = {"opening_url": url, "opening_model": "tiny", "opening_key": "secret", "opening_timeout_seconds": 0.5}
        self.opener = ModelOpener(http, NudgeSettings.model_validate(given | settings), lambda: self.now)

    async def line(self, nudge: ShownNudge) -> Opening:
        return await self.opener(nudge, words_of("en"))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def shown(garden: Garden) -> ShownNudge:
    inbox = await InboxReader(Reading(garden.documents), COMMUNITY, "ann", Held()).read()
    return inbox.nudges[0]


@pytest.fixture
async def nudge() -> ShownNudge:
    garden = Garden(vary_wording=False)
    asked = post(START, text="Mine turn brown.", title="Tomatoes")
    garden.step(asked, ranked(asked, "ann"))
    garden.until(START + hours(2))
    return await shown(garden)


async def test_a_model_suggests_a_line_once(
    model: tuple[Model, str], http: httpx.AsyncClient, nudge: ShownNudge
) -> None:
    """It is asked with its key and limits, told the post alone and nobody's name, and not again for the same post."""
    said, url = model
    opened = Opened(http, url)
    assert await opened.line(nudge) == Opening("Hello! What have you tried?", "model")
    said.text = "Another."
    assert (await opened.line(nudge)).text == "Hello! What have you tried?"
    [asked] = said.asked
    assert said.keys == ["Bearer secret"]
    assert (asked["model"], asked["max_tokens"]) == ("tiny", 80)
    told = json.loads(asked["messages"][1]["content"])
    assert told == {"asked_for": "reply", "title": "Tomatoes", "post": "Mine turn brown."}
    assert not any(name in json.dumps(asked) for name in ("Asker", "asker", "ann", "Open"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": 500},
        {"status": 302},
        {"body": b"not json"},
        {"body": b"\xff\xfe"},
        {"body": b'{"choices": []}'},
        {"body": b"[" * 40_000},
        {"body": b'{"choices": [{"message": {"content": 7}}]}'},
        {"body": b" " * (MOST_BYTES + 1)},
        {"text": "  \n "},
        {"text": "long " * 200},
        {"text": "a\x00b"},
        {"seconds": 1.0},
    ],
)
async def test_whatever_goes_wrong_the_template_is_suggested(
    model: tuple[Model, str], http: httpx.AsyncClient, nudge: ShownNudge, wrong: dict[str, Any]
) -> None:
    """A model that fails, lingers or talks nonsense changes nothing; it is left alone for a while, and asked again."""
    said, url = model
    for name, value in wrong.items():
        setattr(said, name, value)
    opened = Opened(http, url)
    assert await opened.line(nudge) == TEMPLATE
    said.status, said.body, said.text, said.seconds = 200, None, "Well again.", 0.0
    assert await opened.line(nudge) == TEMPLATE
    assert len(said.asked) == 1
    opened.now += REST_SECONDS
    assert await opened.line(nudge) == Opening("Well again.", "model")


async def test_a_model_that_is_not_there(http: httpx.AsyncClient, nudge: ShownNudge) -> None:
    """Nobody at the address: the template's line, at once."""
    assert await Opened(http, f"http://127.0.0.1:{free_port()}/v1").line(nudge) == TEMPLATE


async def test_no_more_lines_a_minute_than_set(
    model: tuple[Model, str], http: httpx.AsyncClient, nudge: ShownNudge
) -> None:
    """The limit holds whatever is opened, and ends with its minute."""
    said, url = model
    opened = Opened(http, url, opening_per_minute=2)
    several = [replace(nudge, post=replace(nudge.post, excerpt=f"Row {n}")) for n in range(4)]
    assert [(await opened.line(one)).by for one in several] == ["model", "model", "template", "template"]
    opened.now += 60
    assert (await opened.line(several[3])).by == "model"
    assert len(said.asked) == 3


async def test_nothing_unreadable_is_sent(model: tuple[Model, str], http: httpx.AsyncClient) -> None:
    """A post that its reader cannot read any more is no nudge to suggest anything for."""
    garden = Garden()
    asked = post(START)
    garden.step(asked, ranked(asked, "ann"))
    garden.until(START + hours(2))
    garden.step(make(ChannelChanged, START + hours(2), channel="open", privacy=Privacy.PRIVATE))
    inbox = await InboxReader(Reading(garden.documents), COMMUNITY, "ann", Held()).read()
    assert inbox.nudges == ()
    over = await shown_of_over()
    assert (await Opened(http, model[1]).line(over)).by == "template"
    assert model[0].asked == []


async def shown_of_over() -> ShownNudge:
    """Give a nudge whose post is answered: there is nothing to begin any more."""
    garden = Garden()
    asked = post(START)
    garden.step(asked, ranked(asked, "ann"))
    garden.until(START + hours(2))
    garden.step(reply(START + hours(3), "bob"))
    return await shown(garden)
