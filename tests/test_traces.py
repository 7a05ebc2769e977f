"""One event, followed by its trace from the front door to what became of it: real services, on both transports."""

import json
import secrets
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from kindling.commands.common import open_log
from shared.connections import Connections
from shared.embedded import free_port
from shared.events import CommunityEvent, Delivery, NudgeActed, NudgeDelivered, NudgeIssued, ReplyPublished
from shared.service import ServiceName, TopicName
from shared.traces import NAMES
from shared.wire import Envelope, decode, encode
from tests.collecting import Collector, Told, collecting
from tests.conftest import Kafka
from tests.loop.harness import until
from tests.test_commands import COMMAND, kindling, ready
from tests.test_metrics_run import CHAMPIONS, MINE, OLD, community, event, post

KEY = "k" * 40
DOOR = "POST /v1/communities/{community}/activities"
CALLER = "00f067aa0ba902b7"


@pytest.fixture(params=["redis", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    if request.param == "redis":
        return redis_url
    kafka: Kafka = request.getfixturevalue("kafka")
    return f"kafka://{kafka.address}"


@contextmanager
def at_work(ports: Mapping[ServiceName, int]) -> Iterator[None]:
    """Run the three services, each a process of its own, while the block lasts."""
    processes = [
        subprocess.Popen(
            [*COMMAND, "run", name.value, "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, port in ports.items()
    ]
    try:
        yield
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in processes] == [0, 0, 0]
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def all_ready(ports: Iterable[int]) -> bool:
    return all([await ready(f"http://127.0.0.1:{port}") for port in ports])


def traceparent(trace: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{CALLER}-01"}


async def send(address: str, *events: CommunityEvent, headers: Mapping[str, str] | None = None) -> None:
    sent = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/cloudevents-batch+json", **(headers or {})}
    body = [json.loads(encode(Envelope(one))) for one in events]
    async with httpx.AsyncClient(base_url=address) as http:
        answer = await http.post(f"/v1/communities/{MINE}/activities", json=body, headers=sent)
        assert answer.status_code == 202, answer.text


async def first(connections: Connections, kind: type[CommunityEvent], of: str) -> Envelope | None:
    """Find the first decision of a kind about a post."""
    async with open_log(connections) as log:
        async for record in log.scan(TopicName.NUDGES):
            envelope = decode(record.body)
            if isinstance(envelope.event, kind) and getattr(envelope.event, "post", None) == of:
                return envelope
    return None


def way(collector: Collector, trace: str) -> set[tuple[str, str, str]]:
    return {(one.service.removeprefix("kindling-"), one.name, one.event) for one in collector.of(trace)}


def through(kind: str) -> set[tuple[str, str, str]]:
    """The way of an activity that nobody says anything of."""
    return {("recommend", "process activity", kind), ("nudge", "process matches", kind)}


DECIDED = ("nudge", "send nudges"), ("ingest", "process nudges")


def decided(kind: str) -> set[tuple[str, str, str]]:
    return {(*one, kind) for one in DECIDED} | through(kind)


async def test_one_trace_follows_a_post_to_its_delivery(
    log_url: str, redis_url: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its caller through three services to the ask, its delivery and the answer; names of nobody are in it."""
    ports = {name: free_port() for name in ServiceName}
    here = f"http://127.0.0.1:{ports[ServiceName.INGEST]}"
    trace, answering = secrets.token_hex(16), secrets.token_hex(16)
    now = datetime.now(UTC)
    asked = post(100, now - OLD, message="p-secret-id", text="How do I whisper a secret text?")
    with collecting() as collector:
        environment = {
            "KINDLING_LOG": log_url,
            "KINDLING_STORE": redis_url,
            "KINDLING_PREFIX": prefix,
            "KINDLING_PARTITIONS": "2",
            "KINDLING_SERVICE_KEY": KEY,
            "KINDLING_NUDGE__LINK_SECRET": KEY,
            "KINDLING_NUDGE__INGEST_URL": here,
            "KINDLING_NUDGE__ROUND_MINUTES": "0.05",
            "KINDLING_NUDGE__GAP_HOURS": "0",
            "KINDLING_NUDGE__HOLDOUT_SHARE": "0",
            "KINDLING_RECOMMEND__TRAIN_EVERY_HOURS": "0",
            "KINDLING_INGEST__TICK_SECONDS": "1",
            "KINDLING_TRACES__ENDPOINT": collector.endpoint,
            "KINDLING_TRACES__RATIO": "0",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        kindling(tmp_path, "topics", "create")
        connections = Connections(log_url, redis_url, prefix)
        with at_work(ports):
            await until(lambda: all_ready(ports.values()), 240)
            # Of what is followed by nobody there is no trace.
            await send(here, *community(now)[:-15])
            await send(here, asked, headers=traceparent(trace))

            async def is_asked() -> bool:
                return ("nudge", "process matches", "NudgeIssued") in way(collector, trace)

            await until(is_asked, 120)
            found = await first(connections, NudgeIssued, "p-secret-id")
            assert found is not None
            issued = found.event
            assert isinstance(issued, NudgeIssued)
            # Who delivers goes on with the nudge's trace.
            told = {"member": issued.member, "nudge": issued.nudge, "by": "mail", "result": Delivery.SENT}
            delivered = event(NudgeDelivered, f"delivered/{issued.nudge}", datetime.now(UTC), **told)
            assert found.traceparent is not None
            await send(here, delivered, headers={"traceparent": found.traceparent})
            said = {"message": "r-answer", "post": "p-secret-id", "channel": "help", "text": "Like this secret."}
            reply = event(ReplyPublished, "reply/answer", datetime.now(UTC), author=issued.member, **said)
            await send(here, reply, headers=traceparent(answering))

            async def is_known() -> bool:
                acted = ("nudge", "process matches", "NudgeActed") in way(collector, trace)
                return acted and ("nudge", "process matches", "NudgeDelivered") in way(collector, trace)

            await until(is_known, 60)
    expected = {("ingest", DOOR, "")} | through("PostPublished") | through("NudgeDelivered")
    expected |= {("nudge", "process matches", "MatchesRanked")} | decided("NudgeIssued") | decided("NudgeActed")
    assert way(collector, trace) - _said_of_people(collector, trace) == expected
    assert through("ReplyPublished") <= way(collector, answering)
    assert {one.trace for one in collector.told} == {trace, answering}
    _hangs_together(collector.of(trace))
    (acted,) = [one for one in collector.of(trace) if (one.name, one.event) == ("send nudges", NudgeActed.__name__)]
    assert acted.links == (answering,)
    assert {one.name for one in collector.told} == set(NAMES)
    for word in (b"secret", b"whisper", issued.nudge.encode()):
        assert not any(word in body for body in collector.bodies), word
    people = ("ada", *CHAMPIONS)
    assert not [
        one for one in collector.told if any(name in str(value) for name in people for value in one.said.values())
    ]


def _said_of_people(collector: Collector, trace: str) -> set[tuple[str, str, str]]:
    """What recommend says of people when somebody has written; whether it does is not what is looked at here."""
    return {one for one in way(collector, trace) if one[2] in {"PeersRanked", "IntroductionsRanked"}}


def _hangs_together(spans: list[Told]) -> None:
    """All hangs below the request that it came in with, and that below the caller; nothing ends before it begins."""
    doors = [one for one in spans if one.name == DOOR]
    (first,) = [one for one in doors if one.parent == CALLER]
    assert {one.parent for one in spans if one is not first} <= {one.span for one in doors}
    assert all(one.said["http.response.status_code"] == 202 for one in doors)
    assert all(one.lasted >= 0 and not one.failed for one in spans)
    assert all(one.said["kindling.community"] == MINE for one in spans)
    kinds = {one.name: one.kind for one in spans}
    assert kinds[DOOR] == "SERVER"
    assert kinds["send nudges"] == "PRODUCER"
    assert kinds["process matches"] == "CONSUMER"
