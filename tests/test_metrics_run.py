"""Every metric of the closed set is seen at `/metrics` of `kindling up`, brought about by what it is there to show."""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kindling.commands.common import open_log
from kindling.servers import servers
from kindling.settings import load
from services.recommend.models import Models, sha256
from services.recommend.promote import HAND_SET
from shared.connections import Connections
from shared.embedded import running_server
from shared.events import (
    ChannelOpened,
    CommunityEvent,
    CommunityOpened,
    Event,
    MemberJoined,
    Mode,
    ModelPromoted,
    PostPublished,
    PreferencesChanged,
    Privacy,
    ReplyPublished,
    Role,
    RolesChanged,
)
from shared.log import Log, Outgoing
from shared.metrics import described
from shared.redis_store import RedisStore
from shared.service import ServiceName, TopicName
from shared.topics import partition_of, topic_name
from shared.wire import Envelope, decode, encode
from tests.collecting import collecting
from tests.loop.harness import until
from tests.test_commands import ready, up

MINE = "mine"
CHAMPIONS = ("ben", "cem", "dan", "eve")
# Posts that are old enough to be asked about at once, and young enough to be asked about at all.
OLD = timedelta(hours=20)


@pytest.fixture(autouse=True)
def _followed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have traces taken while the test lasts."""
    with collecting() as collector:
        monkeypatch.setenv("KINDLING_TRACES__ENDPOINT", collector.endpoint)
        yield


class Seen:
    """What a process said of itself: the highest value of each metric over all labels, and of each series."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.values: dict[str, float] = {}
        self.series: dict[tuple[str, ...], float] = {}

    async def look(self) -> None:
        try:
            async with httpx.AsyncClient(base_url=self._address) as http:
                told = (await http.get("/metrics")).text
        except httpx.TransportError:
            return  # it has only just been started
        for family in text_string_to_metric_families(told):
            for sample in family.samples:
                name = sample.name.removesuffix("_count")
                self.values[name] = max(self.values.get(name, 0.0), sample.value)
                self.series[name, *sorted(sample.labels.values())] = sample.value

    def __call__(self, name: str, *labels: str, least: float = 1) -> Callable[[], Awaitable[bool]]:
        async def is_seen() -> bool:
            await self.look()
            value = self.series.get((name, *sorted(labels)), 0.0) if labels else self.values.get(name, 0.0)
            return value >= least

        return is_seen


def event(kind: type[CommunityEvent], identity: str, at: datetime, /, **fields: Any) -> CommunityEvent:
    return kind(id=identity, source="test", at=at, community=MINE, **fields)


def post(number: int, at: datetime, **fields: Any) -> CommunityEvent:
    said = {"message": f"p{number}", "channel": "help", "author": "ada", "text": f"How do I join {number} tables?"}
    return event(PostPublished, f"post/{number}", at, **said | fields)


def community(now: datetime) -> list[CommunityEvent]:
    """Give a community of four champions, who answered earlier, and fifteen posts that nobody has answered."""
    began = now - timedelta(days=9)
    events = [event(CommunityOpened, "open", began, name="Mine", mode=Mode.AUTOPILOT, asks_consent=False)]
    events.append(event(ChannelOpened, "help", began, channel="help", name="help", privacy=Privacy.PUBLIC))
    events += [event(MemberJoined, f"join/{name}", began, member=name, name=name) for name in ("ada", *CHAMPIONS)]
    events += [event(RolesChanged, f"role/{name}", began, member=name, roles=(Role.CHAMPION,)) for name in CHAMPIONS]
    for number, member in enumerate(CHAMPIONS):
        at = began + timedelta(hours=number)
        answer = {"message": f"r{number}", "post": f"p{number}", "channel": "help", "author": member, "text": "So."}
        events += [post(number, at), event(ReplyPublished, f"reply/{number}", at + timedelta(hours=1), **answer)]
    return events + [post(number, now - OLD + timedelta(minutes=number)) for number in range(10, 25)]


async def append(log: Log, topic: TopicName, *bodies: bytes) -> None:
    await log.publish([Outgoing(topic, partition_of(MINE, log.partitions), MINE, body) for body in bodies])


async def send(address: str, key: str, *events: Event) -> int:
    """Send events to the front door; gives the status of the answer."""
    body = [json.loads(encode(Envelope(one))) for one in events]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json"}
    async with httpx.AsyncClient(base_url=address) as http:
        return (await http.post(f"/v1/communities/{MINE}/activities", json=body, headers=headers)).status_code


async def numbered(log: Log) -> list[bytes]:
    """Give what recommend wrote of the community, in order."""
    return [r.body async for r in log.scan(TopicName.MATCHES) if decode(r.body).sequence is not None]


async def test_every_metric_is_seen_in_a_real_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Activity, answers, repeats, rubbish, a gap, another writer, other models, a loss, a restart."""
    monkeypatch.setenv("KINDLING_NUDGE__HOLDOUT_SHARE", "0.5")
    monkeypatch.setenv("KINDLING_DATA_DIR", str(tmp_path))
    now = datetime.now(UTC)
    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        server = running_server(tmp_path / "store")
        assert server is not None
        connections = Connections(server.url, server.url, "kindling")
        key = json.loads((tmp_path / "secrets.json").read_text())["service_key"]
        seen = Seen(address)
        await _live(address, key, seen, now)
        async with open_log(connections) as log, connections.redis() as redis:
            await _go_wrong(log, redis, seen, now)
    await _lose(now)
    with up(tmp_path) as address:
        again = Seen(address)
        await until(again("kindling_records_lost_total", "recommend"), 120)
        await until(again("kindling_model_promoted_timestamp_seconds", least=(now - OLD).timestamp()), 60)
    # Where little is read it is read at once.
    never = {one.name for one in described() if not (seen.values.get(one.name) or again.values.get(one.name))}
    assert never <= {"kindling_lag_seconds"}
    assert "kindling_lag_seconds" in seen.values


async def _live(address: str, key: str, seen: Seen, now: datetime) -> None:
    """A community as it should be: it asks, is answered, leaves alone, finds nobody; and refuses what is wrong."""
    assert await send(address, key, *community(now)) == 202
    assert await send(address, "wrong", post(30, now)) == 401
    await until(seen("kindling_asks_total", "reply"), 120)
    await until(seen("kindling_decisions_held_total"), 120)
    # The same words again are found, and a post of now came from its platform in no time.
    assert await send(address, key, post(31, now, text="How do I join 10 tables?")) == 202
    await until(seen("kindling_vector_hits_total", "store"), 30)
    await until(seen("kindling_platform_age_seconds", "nudge"), 30)
    replies = await _answers(address, key, now)
    assert await send(address, key, *replies) == 202
    await until(seen("kindling_replies_observed_total"), 30)
    # Who alone could be asked in a channel wants no asks.
    shed = event(ChannelOpened, "shed", now - OLD, channel="shed", name="shed", members=("ada", "ben"))
    never = event(PreferencesChanged, "never", now, member="ben", weekly_asks=0)
    left = [post(number, now - OLD, channel="shed") for number in range(40, 48)]
    assert await send(address, key, shed, never, *left) == 202
    await until(seen("kindling_decisions_nobody_total"), 60)
    await until(seen("kindling_unasked_total", "barred"), 60)
    promoted = {"model": "m", "artefact": HAND_SET, "sha256": sha256(Models().artefact())}
    assert await send(address, key, event(ModelPromoted, "models", now - OLD, **promoted)) == 202
    await until(seen("kindling_model_promoted_timestamp_seconds"), 30)


async def _answers(address: str, key: str, now: datetime) -> list[CommunityEvent]:
    """Give replies of those who were asked to what they were asked about."""
    replies: list[CommunityEvent] = []
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {key}"}) as http:
        for member in CHAMPIONS:
            told = (await http.get(f"/v1/communities/{MINE}/members/{member}/nudges")).json()
            for nudge in [one for one in told["nudges"] if one["kind"] == "reply"]:
                where = {"post": nudge["post"]["id"], "channel": "help", "author": member, "text": "So."}
                name = f"answer/{nudge['nudge']}"
                replies.append(event(ReplyPublished, name, datetime.now(UTC), message=name, **where))
    assert replies
    return replies


async def _go_wrong(log: Log, redis: Any, seen: Seen, now: datetime) -> None:
    """What an operator is told of: repeats, dead letters, retries, another writer, a gap, a newer version."""
    await append(log, TopicName.MATCHES, *(await numbered(log))[:3])
    await until(seen("kindling_records_repeated_total", "nudge", least=3), 30)
    unknown = event(ModelPromoted, "unknown", now, model="m", artefact="learned-none", sha256="0" * 64)
    await append(log, TopicName.ACTIVITY, b"rubbish", encode(Envelope(unknown)))
    await until(seen("kindling_dead_letters_total", "recommend", "invalid"), 30)
    await until(seen("kindling_dead_letters_total", "recommend", "failed"), 30)
    await until(seen("kindling_batches_retried_total", "recommend"), 30)
    state = RedisStore(redis, "kindling", ServiceName.RECOMMEND).key(MINE)
    position = json.loads(await redis.hget(state, "#position"))
    await redis.hset(state, "#position", json.dumps(position, indent=1))
    await append(log, TopicName.ACTIVITY, encode(Envelope(post(50, now))))
    await until(seen("kindling_writes_refused_total", "recommend"), 30)
    last = max(decode(body).sequence or 0 for body in await numbered(log))
    await append(log, TopicName.MATCHES, encode(Envelope(post(51, now), last + 100)))
    await until(seen("kindling_stopped_communities", "nudge"), 30)
    newer = json.loads(encode(Envelope(post(52, now)))) | {"type": "kindling.PostPublished.v99"}
    await append(log, TopicName.ACTIVITY, json.dumps(newer).encode())
    await until(seen("kindling_waiting", "recommend", "upgrade"), 30)
    await until(seen("kindling_lag_records", str(partition_of(MINE, log.partitions)), "nudge"), 30)


async def _lose(now: datetime) -> None:
    """Have the log lose records that nobody has read, as retention does where a service is away for too long."""
    with servers(load()) as connections:
        async with open_log(connections) as log, connections.redis() as redis:
            await append(log, TopicName.ACTIVITY, *(encode(Envelope(post(number, now))) for number in range(60, 64)))
            partition = partition_of(MINE, log.partitions)
            end = (await log.ends(TopicName.ACTIVITY))[partition]
            await redis.xtrim(
                f"{topic_name('kindling', TopicName.ACTIVITY)}:{partition}", minid=f"0-{end - 1}", approximate=False
            )
