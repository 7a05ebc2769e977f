import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.ingest.accept import Scope
from services.ingest.api import router
from services.ingest.limit import Limiter
from services.ingest.settings import IngestSettings
from shared.events import NudgeAnswered
from shared.kafka_log import KafkaLog
from shared.kafka_publishing import ACKNOWLEDGE_SECONDS
from shared.problems import install
from shared.service import TopicName
from shared.topics import partition_of
from shared.traces import NO_TRACES, Traces
from shared.wire import decode
from tests.ingesting import COMMUNITY, NOW, Grants, Recorder, grant, incoming, noon
from tests.servers import KafkaServer

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"


@dataclass
class Door:
    """The front door with a log that remembers; `send` posts to it."""

    settings: IngestSettings = field(default_factory=IngestSettings)
    log: Any = field(default_factory=Recorder)
    now: float = 0.0
    traces: Traces = NO_TRACES

    def __post_init__(self) -> None:
        keys = Grants(
            {
                "platform": grant(Scope.ACTIVITY),
                "other": grant(Scope.ACTIVITY, community="others", key="k2"),
                "service": grant(*Scope, community=None, key="service"),
                "the-one-key-that-all-services-share": grant(*Scope, community=None, key="service"),
            }
        )
        self.app = FastAPI()
        install(self.app)
        limiter = Limiter(self.settings.events_per_minute, lambda: self.now)
        self.app.include_router(router(self.log, keys, limiter, noon, self.settings, self.traces))

    async def send(
        self,
        content: Any,
        media: str = ONE,
        key: str = "platform",
        community: str = COMMUNITY,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        if not isinstance(content, bytes | str | AsyncIterator):
            content = json.dumps(content)
        sent = {"content-type": media, "authorization": f"Bearer {key}", **(headers or {})}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
            return await client.post(f"/v1/communities/{community}/activities", content=content, headers=sent)


def lines(events: list[Any]) -> str:
    return "\n".join(json.dumps(event) for event in events)


def numbered(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield incoming(id=f"post/{number}")


def is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"]
    return body


async def test_an_event_is_in_the_log_when_the_answer_comes() -> None:
    """202 means: durable, under the community's key, in its partition, recorded as of now."""
    door = Door()
    response = await door.send(incoming())
    assert response.status_code == 202
    assert response.json() == {"accepted": 1, "refused": []}
    (message,) = door.log.messages
    assert (message.topic, message.key) == (TopicName.ACTIVITY, COMMUNITY)
    assert message.partition == partition_of(COMMUNITY, 8)
    assert door.log.envelopes[0].recorded == NOW


async def test_a_repeat_is_simply_accepted() -> None:
    """A webhook that is delivered twice is no error; the same fact twice changes nothing later."""
    door = Door()
    assert [(await door.send(incoming())).status_code for _ in range(2)] == [202, 202]
    assert door.log.events[0] == door.log.events[1]


@pytest.mark.parametrize(
    ("media", "content"),
    [
        (ONE, incoming()),
        ("Application/CloudEvents+JSON; charset=UTF-8", incoming()),
        (BATCH, [incoming()] * 3),
        ("application/json", incoming()),
        ("application/json", [incoming()] * 3),
        (LINES, lines([incoming()] * 3)),
        (LINES, "\r\n\n" + lines([incoming()] * 3) + "\n\n"),
    ],
)
async def test_events_come_in_every_usual_form(media: str, content: Any) -> None:
    """One, an array or one a line: a sender uses what it has."""
    door = Door()
    response = await door.send(content, media)
    assert response.status_code == 202, response.text
    assert response.json()["accepted"] == len(door.log.messages) in (1, 3)


@pytest.mark.parametrize("media", [BATCH, LINES])
async def test_a_batch_is_accepted_as_far_as_it_is_right(media: str) -> None:
    """One wrong event does not hold up the others, and each refused one is named with its wrong field."""
    door = Door()
    post = incoming()
    batch = [post, {**post, "data": {**post["data"], "text": 5}}, incoming(time="soon"), incoming("NudgeSeen"), post]
    response = await door.send(lines(batch) if media == LINES else batch, media)
    assert response.status_code == 202
    assert response.json()["accepted"] == len(door.log.messages) == 2
    refused = response.json()["refused"]
    assert [(r["index"], r["pointer"]) for r in refused] == [(1, "/data/text"), (2, "/time"), (3, "/type")]
    assert refused[0]["errors"] == [{"pointer": "/data/text", "detail": refused[0]["detail"]}]


async def test_a_batch_without_a_right_event_is_refused() -> None:
    """422 when nothing was accepted, with a problem of every item; an empty body is no event either."""
    door = Door()
    body = is_problem(await door.send([incoming(id=None), {}], BATCH), 422)
    assert [r["index"] for r in body["refused"]] == [0, 1]
    for content, media in (("", LINES), ("[]", BATCH), ("", ONE), ("{}", BATCH), ("[{}]", ONE), ("[1,", BATCH)):
        is_problem(await door.send(content, media), 422)
    assert not door.log.messages


async def test_a_wrong_event_is_answered_with_its_wrong_fields() -> None:
    """The problem of a single event points to every field that is wrong."""
    body = is_problem(await Door().send({**incoming(), "data": {"text": "Hello"}}), 422)
    assert body["pointer"] == "/data/message"
    assert {error["pointer"] for error in body["errors"]} == {"/data/message", "/data/channel", "/data/author"}


async def test_who_sends_must_be_known_and_allowed() -> None:
    """No key or an unknown one is 401 with a challenge; another community or scope is 403."""
    door = Door()
    for headers in ({"authorization": ""}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer unknown"}):
        response = await door.send(incoming(), headers=headers)
        is_problem(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")
    is_problem(await door.send(incoming(), key="other"), 403)
    assert is_problem(await door.send(incoming("NudgeAnswered")), 403)["pointer"] == "/type"
    is_problem(await door.send([incoming("NudgeAnswered")], BATCH), 403)
    assert not door.log.messages


async def test_the_service_key_sends_what_people_press() -> None:
    """Nudge posts answers for any community with its service key."""
    door = Door()
    assert (await door.send(incoming("NudgeAnswered"), key="service")).status_code == 202
    assert isinstance(door.log.events[0], NudgeAnswered)


async def test_too_much_is_refused_with_the_limit() -> None:
    """413 names the limit, in events and in bytes, and nothing of the request is kept."""
    door = Door(IngestSettings(max_events=3, max_body_bytes=20_000))
    four = list(numbered(4))
    for content, media in ((four, BATCH), (lines(four), LINES)):
        assert is_problem(await door.send(content, media), 413)["limit_events"] == 3
    large = incoming(data={"text": "x" * 20_000})
    for one, media in ((json.dumps(large), ONE), (lines([large]), LINES)):
        body = is_problem(await door.send(one, media), 413)
        assert body["limit_bytes"] == 20_000
        assert "20000 bytes" in body["detail"]
    assert not door.log.messages
    assert "5 MB (5242880 bytes)" in is_problem(await Door().send(b"x" * 5_242_881), 413)["detail"]


async def test_the_limit_holds_for_bodies_that_do_not_say_their_size() -> None:
    """A stream without end is cut off at the limit: nothing reads on."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b" " * 1000

    door = Door(IngestSettings(max_body_bytes=20_000))
    for media in (ONE, LINES):
        taken = 0
        is_problem(await door.send(endless(), media), 413)
        assert taken <= 22


async def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    """A sender that stands still does not hold a connection for ever."""

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    is_problem(await Door(IngestSettings(body_seconds=0.05)).send(slow()), 408)


async def test_lines_may_be_cut_anywhere() -> None:
    """How the network cuts a body into pieces changes nothing."""
    whole = lines(list(numbered(5))).encode() + b"\n"

    async def pieces(size: int) -> AsyncIterator[bytes]:
        for at in range(0, len(whole), size):
            yield whole[at : at + size]

    for size in (1, 7, 1000, len(whole)):
        door = Door()
        assert (await door.send(pieces(size), LINES)).json()["accepted"] == 5
        assert [event.id for event in door.log.events] == [f"post/{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("media", "headers"),
    [
        ("text/plain", {}),
        ("", {}),
        ("application/xml", {}),
        (f"{ONE}; charset=latin-1", {}),
        (ONE, {"content-encoding": "gzip"}),
    ],
)
async def test_other_forms_are_refused(media: str, headers: dict[str, str]) -> None:
    """415 for what is not taken, saying what is."""
    assert is_problem(await Door().send(incoming(), media, headers=headers), 415)["detail"]


async def test_a_key_that_sends_too_much_waits() -> None:
    """429 says when to come back, and then it works; another key is not affected."""
    door = Door(IngestSettings(events_per_minute=60))
    assert (await door.send(list(numbered(90)), BATCH)).status_code == 202
    response = await door.send(incoming())
    is_problem(response, 429)
    wait = int(response.headers["retry-after"])
    assert 30 <= wait <= 32
    assert (await door.send(incoming(), key="service")).status_code == 202
    door.now += wait
    assert (await door.send(incoming())).status_code == 202


async def test_a_broker_that_is_away_is_said() -> None:
    """503 with Retry-After, and the same request works when the broker is back."""
    door = Door(log=Recorder(away=1))
    response = await door.send(incoming())
    is_problem(response, 503)
    assert int(response.headers["retry-after"]) > 0
    assert (await door.send(incoming())).status_code == 202


async def test_a_kafka_that_is_killed_is_said(own_kafka: KafkaServer, prefix: str) -> None:
    """503 in time also from the real broker, which was there a moment ago; 202 once it is back, and kept."""
    log = KafkaLog([own_kafka.address], prefix)
    await log.create(4)
    await log.start()
    try:
        door = Door(log=log)
        assert (await door.send(incoming(id="post/0"))).status_code == 202
        await asyncio.to_thread(own_kafka.kill9)
        async with asyncio.timeout(ACKNOWLEDGE_SECONDS * 2):
            response = await door.send(incoming(id="post/1"))
        is_problem(response, 503)
        assert int(response.headers["retry-after"]) > 0
        await asyncio.to_thread(own_kafka.start)
        # As a sender does: again, until it is taken.
        async with asyncio.timeout(60):
            while (await door.send(incoming(id="post/1"))).status_code != 202:
                await asyncio.sleep(0.1)
        kept = {decode(record.body).event.id async for record in log.scan(TopicName.ACTIVITY)}
    finally:
        await log.stop()
    assert kept == {"post/0", "post/1"}


async def test_many_events_do_not_hold_up_the_others() -> None:
    """While the largest request is decoded, the event loop goes on."""
    door = Door()
    post = incoming()
    post["data"]["text"] = "x" * 500
    content = json.dumps([{**post, "id": f"post/{n}"} for n in range(5_000)])
    longest, done = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    response = await door.send(content, BATCH)
    done.set()
    await watching
    assert response.json()["accepted"] == 5_000
    assert longest < 0.5


async def test_while_the_log_is_drained_the_door_is_closed() -> None:
    """Who sends is told to come back later, before any key is looked up, and nothing of it is kept."""
    door = Door(IngestSettings(draining=True))
    answer = await door.send(incoming(), key="platform")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json()["title"] == "The front door is closed for a while"
    assert door.log.messages == []
