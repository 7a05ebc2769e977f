"""`kindling replay`: an archive through the real services, and the same decisions however it went."""

import hashlib
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console

from kindling.replay.account import Account, account
from kindling.replay.drive import days
from kindling.replay.report import quantiles, show
from shared.connections import Connections
from shared.dead_letters import Cause, DeadLetter
from shared.embedded import EmbeddedServer
from shared.events import Event, Kind, NudgeExpired
from shared.failures import UnsafeSettings
from shared.log import Outgoing
from shared.service import ServiceName, TopicName
from shared.wire import Envelope, decode, encode, type_of
from tests.conftest import Kafka
from tests.loop.harness import post
from tests.test_commands import kindling

MESSAGES = 240


def _messages() -> Iterator[dict[str, Any]]:
    """Invent forty days of a small community: some answer, most posts are answered, some are not."""
    draw = random.Random(5)
    topics = ["joining tables", "plotting numbers", "reading files", "testing code", "writing loops"]
    starts: list[tuple[str, datetime, str]] = []
    at = datetime(2025, 3, 3, 8, tzinfo=UTC)
    for number in range(MESSAGES):
        at += timedelta(minutes=draw.randrange(5, 480))
        common = {"id": f"x{number:04}", "channel": "help", "at": at.isoformat()}
        recent = [start for start in starts if at - start[1] < timedelta(hours=20)]
        if recent and draw.random() < 0.6:
            first, _, topic = draw.choice(recent)
            said = {"author": f"m{draw.randrange(6):04}", "text": f"About {topic}: try it.", "reply_to": first}
            yield {**common, "topic": f"t{first}: {topic}", **said}
        else:
            topic = draw.choice(topics)
            starts.append((common["id"], at, topic))
            said = {"author": f"m{draw.randrange(30):04}", "text": f"How does {topic} work with {number}?"}
            yield {**common, "topic": f"t{number:05}: {topic}", **said, "reply_to": None}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "history.jsonl"
    path.write_text("".join(json.dumps(message) + "\n" for message in _messages()))
    return path


def _replay(archive: Path, folder: Path, *arguments: str) -> tuple[dict[str, Any], bytes]:
    folder.mkdir()
    decisions, summary, vectors = folder / "decisions.jsonl", folder / "summary.json", archive.parent / "vectors.sqlite"
    outputs = ["--decisions", str(decisions), "--json", str(summary), "--vectors", str(vectors)]
    kindling(folder, "replay", str(archive), *outputs, *arguments)
    return json.loads(summary.read_text()), decisions.read_bytes()


@pytest.fixture(scope="module")
def embedded(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], bytes]:
    """One undisturbed replay on the embedded default, that others are compared with."""
    return _replay(archive, tmp_path_factory.mktemp("replays") / "embedded")


async def _topics(address: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    try:
        await admin.start()
        return list(await admin.list_topics())
    finally:
        await admin.close()


def _adds_up(made: dict[str, Any], log: bytes) -> None:
    events = made["events"]
    assert events["in"] == events["handled"] + events["dead_lettered"]
    assert events["in"] >= MESSAGES
    assert (events["repeated"], made["other_letters"]) == (0, 0)
    assert made["memory_mb"]["store"] > 0
    assert made["decisions_sha256"] == hashlib.sha256(log).hexdigest()
    types = [json.loads(line)["type"] for line in log.splitlines()]
    assert types.count("kindling.MatchesRanked.v2") == made["matches"] > made["first_posts"] * 0.8
    assert types.count("kindling.NudgeIssued.v2") == made["nudges"]["issued"] > 0


async def test_the_embedded_default_and_kafka_decide_the_same(
    archive: Path, embedded: tuple[dict[str, Any], bytes], kafka: Kafka, tmp_path: Path
) -> None:
    """One process on the embedded server and three on Kafka give the same decision log, byte for byte.

    Nothing of a replay stays on an operator's Kafka.
    """
    _adds_up(*embedded)
    distributed, other = _replay(archive, tmp_path / "kafka", "--kafka", kafka.address)
    _adds_up(distributed, other)
    assert set(distributed["memory_mb"]) == {"ingest", "recommend", "nudge", "store"}
    assert other == embedded[1]
    assert [name for name in await _topics(kafka.address) if name.startswith("replay-")] == []


def test_killed_on_the_way_it_decides_the_same(
    archive: Path, embedded: tuple[dict[str, Any], bytes], tmp_path: Path
) -> None:
    """Killed -9 at random moments and started again, the services decide what they would have decided."""
    killed, other = _replay(archive, tmp_path / "killed", "--kill", "3", "--seed", "7")
    assert killed["restarts"] == {"kindling": 3}
    _adds_up(killed, other)
    assert other == embedded[1]


def test_days_are_cut_in_utc_and_late_events_stay_where_they_came() -> None:
    """A late event belongs to the day that it came in: days never go back."""
    events = [post("c", 0), post("c", 24 * 60), post("c", 60), post("c", 3 * 24 * 60)]
    assert [len(group) for _, group in days(events)] == [1, 2, 1]


def _letter(service: ServiceName, body: str | Event, cause: Cause = Cause.FAILED) -> DeadLetter:
    written = body if isinstance(body, str) else encode(Envelope(body)).decode()
    return DeadLetter(
        id=f"{service}-{hash(written)}", service=service, topic=TopicName.MATCHES, partition=0, offset=1, community="c",
        cause=cause, reason="", frame="", attempts=1, died=datetime(2025, 1, 1, tzinfo=UTC), body=written,
    )  # fmt: skip


def test_only_letters_of_what_was_sent_are_in_the_sum() -> None:
    """Each event is handled or died, once, whoever wrote how many letters; what was lost is in neither number."""
    sent = [post("c", minute) for minute in range(5)]
    ids = {event.id for event in sent}
    passed = ids - {sent[0].id, sent[4].id}
    expired = NudgeExpired(
        id="x", source="nudge", at=sent[0].at, community="c", nudge="n", member="m", kind=Kind.REPLY, post="p"
    )
    letters = [
        _letter(ServiceName.RECOMMEND, sent[0]),
        _letter(ServiceName.NUDGE, sent[1]),
        _letter(ServiceName.NUDGE, expired),
        _letter(ServiceName.NUDGE, '{"timer": "decide"}', Cause.TIMER),
        _letter(ServiceName.INGEST, expired),
        _letter(ServiceName.RECOMMEND, "no event"),
    ]
    assert account(ids, passed | {"somebody else's"}, letters) == Account(handled=2, dead_lettered=2, other_letters=4)


async def test_a_deleted_log_is_gone(tmp_path: Path, kafka: Kafka) -> None:
    """Topics and what is in them go, on either log, and others' stay."""
    with EmbeddedServer(tmp_path) as server:
        for url in (server.url, f"kafka://{kafka.address}"):
            logs = [Connections(url, server.url, f"deletion-{name}").log() for name in ("kept", "gone")]
            for log in logs:
                await log.create(2)
                await log.start()
                await log.publish([Outgoing(TopicName.MATCHES, 1, "c", b"x")])
            await logs[1].delete()
            assert [record.body async for record in logs[0].scan(TopicName.MATCHES)] == [b"x"]
            logs.append(Connections(url, server.url, "deletion-gone").log())
            with pytest.raises(UnsafeSettings):
                await logs[2].start()
            for log in logs:
                await log.stop()


def test_quantiles_are_read_off_a_histogram() -> None:
    """p50 is the bound under which half of what was measured lies; nothing measured gives none."""
    measured = quantiles({0.1: 50, 0.2: 95, 0.4: 100, float("inf"): 100})
    assert measured == {"p50": 0.1, "p95": 0.2, "p99": 0.4, "measured": 100, "longest": 0.4}
    assert quantiles({}) == {"p50": None, "p95": None, "p99": None, "measured": 0, "longest": None}


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], bytes]:
    """What a replay of an empty archive says, reports and decides."""
    folder = tmp_path_factory.mktemp("nothing")
    archive, report, log = folder / "empty.jsonl", folder / "summary.json", folder / "decisions.jsonl"
    archive.touch()
    outputs = ["--json", str(report), "--decisions", str(log), "--vectors", str(folder / "kept" / "vectors.sqlite")]
    said = kindling(folder, "replay", str(archive), *outputs, "--kill", "1")
    return said, json.loads(report.read_text()), log.read_bytes()


def test_an_empty_archive_is_no_failure(nothing: tuple[str, dict[str, Any], bytes]) -> None:
    """Where there is nothing to replay, it says so, and the report is one of zeros."""
    said, made, log = nothing
    assert "There is nothing to replay in" in said
    assert made["events"] == {"in": 0, "handled": 0, "dead_lettered": 0, "repeated": 0}
    assert (made["matches"], made["nudges"]["issued"]) == (0, 0)
    assert (log, made["decisions_sha256"]) == (b"", hashlib.sha256(b"").hexdigest())


def test_what_took_longer_than_can_be_measured_is_said_to(nothing: tuple[str, dict[str, Any], bytes]) -> None:
    """A quantile beyond the last bound is null in JSON, which knows no infinity, and "more than" on the screen."""
    _, made, _ = nothing
    slow = quantiles({0.1: 60, 56.3: 90, float("inf"): 100})
    assert slow == {"p50": 0.1, "p95": None, "p99": None, "measured": 100, "longest": 56.3}
    json.dumps(slow, allow_nan=False)
    console = Console(record=True, width=200, file=io.StringIO())
    show(console, {**made, "post_to": {"match": slow, "decision": quantiles({})}})
    text = console.export_text()
    assert "p50 100 ms, p95 > 56 s, p99 > 56 s" in text
    assert "p50 -, p95 -, p99 -" in text


@pytest.mark.parametrize("option", ["--decisions", "--json", "--vectors"])
@pytest.mark.parametrize(("target", "why"), [("missing/out", "make it first"), ("", "is a directory")])
def test_what_could_not_be_written_is_said_before_the_work(
    archive: Path, tmp_path: Path, option: str, target: str, why: str
) -> None:
    """A wrong folder costs a sentence, not a whole replay."""
    if option == "--vectors" and target:
        (tmp_path / "missing").touch()
        why = "cannot be made"
    said = kindling(tmp_path, "replay", str(archive), option, str(tmp_path / target), code=2)
    assert why in " ".join(said.replace("│", " ").split())
    assert "events" not in said


def test_a_line_of_the_decision_log_is_an_event_that_can_be_read(embedded: tuple[dict[str, Any], bytes]) -> None:
    """Anyone can check what was decided: every line is canonical JSON with the event's type and fields."""
    _, log = embedded
    for line in log.splitlines():
        fields = json.loads(line)
        assert line == json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        at, community = fields.pop("at"), fields.pop("community")
        envelope = {"specversion": "1.0", "time": at, "partitionkey": community}
        envelope |= {name: fields.pop(name) for name in ("id", "source", "type")}
        event = decode(json.dumps({**envelope, "data": fields}).encode()).event
        assert type_of(type(event)) == envelope["type"]
