"""All doors of nudge on the small community, with an ingest that takes presses and a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import httpx
from fastapi import FastAPI
from redis.asyncio import Redis

from services.nudge.api import router
from services.nudge.guard import Guard
from services.nudge.links import Links
from services.nudge.press import Press
from services.nudge.settings import NudgeSettings
from services.nudge.tell_held import AsksRecommend
from shared.failures import Unavailable
from shared.problems import install
from shared.state import Documents, Table
from shared.wire import decode
from tests.holding import naming
from tests.nudging import COMMUNITY, START, Garden, dump, hours, post, ranked

T = TypeVar("T")
KEY = {"Authorization": "Bearer the-one-key-that-all-services-share"}
ANN = f"/v1/communities/{COMMUNITY}/members/ann"
SETTINGS = NudgeSettings.model_validate(
    {
        "service_key": "the-one-key-that-all-services-share",
        "link_secret": "s" * 32,
        "answer_wait_seconds": 0.3,
        "ingest_url": "http://ingest",
    }
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

    async def naming(self, _community: str, words: Sequence[bytes]) -> dict[str, bytes]:
        if self.away:
            raise Unavailable("the store is away")
        return naming(dump(self.documents), words)

    async def known(self, community: str) -> bool:
        return community == COMMUNITY


class Ingest:
    """Takes presses over HTTP, as ingest does, and hands them to the handlers: at once, later, or not yet."""

    def __init__(self, garden: Garden) -> None:
        self.garden = garden
        self.status = 202
        self.waiting = False
        self.after_seconds = 0.0
        self.taken: list[object] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url == f"http://ingest/v1/communities/{COMMUNITY}/activities"
        assert request.headers["authorization"] == KEY["Authorization"]
        if self.status == 0:
            raise httpx.ConnectError("refused")
        if self.status == 202:
            event = decode(request.content).event
            self.taken.append(event)
            if self.after_seconds:
                asyncio.get_running_loop().call_later(self.after_seconds, self.garden.step, event)
            elif not self.waiting:
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


@asynccontextmanager
async def open_house(
    redis_url: str, prefix: str, language: str = "en", recommend: AsksRecommend | None = None
) -> AsyncIterator[House]:
    """A community in which Ann has one open nudge, with all doors, an ingest and a real Redis; recommend is away."""
    garden = Garden(vary_wording=False)
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
        settings = SETTINGS.model_copy(update={"language": language})
        press, guard = Press(outgoing, settings, clock), Guard(redis, prefix, settings)
        app.include_router(router(reader, press, guard, links, settings, recommend=recommend))
        yield House(garden, ingest, reader, http, links, now)
    await redis.aclose()
