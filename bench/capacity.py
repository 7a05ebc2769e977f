"""What a community costs: `python -m bench.capacity` measures it and writes the file that `kindling plan` reckons with.

Three communities are followed, each in a process of its own: a small one, one with more posts, one with more members.
What differs between them is what one more post or member costs.
"""

import asyncio
import json
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

import psutil

from bench.invented import START, InventedVectors, NoModels, community, ranked_at_the_end
from kindling.plan.figures import FILE, Figures
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from services.recommend.app import one_blas_thread
from services.recommend.encoder import OnnxEncoder
from services.recommend.handlers import Recommend
from services.recommend.settings import RecommendSettings
from services.recommend.stored_vectors import StoredVectors
from shared.connections import Connections
from shared.embedded import EmbeddedServer
from shared.events import Event, MemberJoined, PostPublished
from shared.service import Moment, ServiceName
from shared.state import Changes, Documents
from shared.store import Position, Write, dump_position
from shared.wire import Envelope, encode

SMALL, MORE_POSTS, MORE_MEMBERS = (1_000, 500), (6_000, 500), (1_000, 6_000)
RANKED, REPLIES, TEXTS = 100, 3, 200


async def _followed(posts: int, members: int) -> dict[str, float]:
    """Follow a community; give milliseconds of CPU a post and a reply, bytes in memory, in Redis and in the log."""
    one_blas_thread()
    process, before = psutil.Process(), psutil.Process().memory_info().rss
    service = Recommend(RecommendSettings(), cast("Any", InventedVectors()), NoModels())
    documents = Documents()
    state = await service.open("bench", documents)
    took: dict[bool, list[float]] = {True: [], False: []}
    sent: list[Event] = []
    told: list[Event] = []
    joined = [_joined(number) for number in range(members)]
    for event in (*joined, *ranked_at_the_end("bench", posts, RANKED, members)):
        moment = Moment(event.at, await service.prepare(state, [event]))
        started = time.process_time()
        out = list(service.handle(state, event, moment))
        took[isinstance(event, PostPublished)].append((time.process_time() - started) * 1000)
        if state.community.open and not isinstance(event, MemberJoined):
            sent.append(event)
            told += out
    memory = process.memory_info().rss - before
    ranked = sum(isinstance(event, PostPublished) for event in sent)
    size = sum(len(encode(Envelope(event, 1))) for event in (*sent, *told))
    people, nudge, asking = await _asked(joined, told)
    texts = [event.text for event in sent if isinstance(event, PostPublished)]
    return {
        "post_ms": sum(took[True][-RANKED:]) / RANKED,
        "reply_ms": sum(took[False][-REPLIES * RANKED :]) / (REPLIES * RANKED),
        "memory": float(memory),
        "redis": await _stored(documents.take_changes()),
        "vectors": await _kept(texts) / len(texts),
        "log": size / ranked,
        "nudge_ms": asking / ranked,
        "nudge": await _stored(nudge) / ranked,
        "people": await _stored(people) / members,
    }


def _joined(number: int) -> MemberJoined:
    return MemberJoined(
        id=f"joined/{number}", source="bench", at=START, community="bench", member=f"m{number}",
        name=f"Somebody {number}", zone="Europe/Berlin",
    )  # fmt: skip


async def _asked(joined: Sequence[Event], events: Sequence[Event]) -> tuple[Changes, Changes, float]:
    """Have nudge handle who is there, then what recommend said.

    Gives what it keeps of each, and the milliseconds of CPU that the second took.
    """
    documents, service = Documents(), Nudge(NudgeSettings())
    asking = await service.open("bench", documents)
    for event in joined:
        list(service.handle(asking, event, Moment(event.at)))
    people = documents.take_changes()
    started = time.process_time()
    for event in events:
        while (timer := documents.take_due(event.at)) is not None:
            list(service.fire(asking, timer, Moment(timer.due)))
        list(service.handle(asking, event, Moment(event.at)))
    return people, documents.take_changes(), (time.process_time() - started) * 1000


async def _stored(changes: Changes) -> float:
    """Give the bytes that documents take in the server's memory."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), port=0) as server:
        connections = Connections(server.url, server.url, "bench")
        redis = connections.redis()
        before = (await redis.info("memory"))["used_memory"]
        position = dump_position(Position("bench", 1, 1, 1, None))
        store = connections.store(redis, ServiceName.RECOMMEND)
        await store.write([Write("bench", b"", position, changes, [])])
        after = (await redis.info("memory"))["used_memory"]
        await redis.aclose()
    return float(after - before)


class _Encoder(InventedVectors):
    async def encode(self, texts: list[str]) -> Any:
        return await self.vectors("", texts)

    async def close(self) -> None:
        """Release nothing."""


async def _kept(texts: list[str]) -> float:
    """Give the bytes that the vectors of texts take in the server's memory."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), port=0) as server:
        redis = Connections(server.url, server.url, "bench").redis()
        before = (await redis.info("memory"))["used_memory"]
        await StoredVectors(redis, "bench", cast("Any", _Encoder())).vectors("bench", texts)
        after = (await redis.info("memory"))["used_memory"]
        await redis.aclose()
    return float(after - before)


def follow(posts: int, members: int) -> dict[str, float]:
    return asyncio.run(_followed(posts, members))


def more(name: str, small: dict[str, float], large: dict[str, float], by: int) -> float:
    """Give what one more costs; where noise hides it, nothing."""
    return max((large[name] - small[name]) / by, 0.0)


def measure() -> Figures:
    """Measure all figures."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        small, posts, members = processes.map(follow, *zip(SMALL, MORE_POSTS, MORE_MEMBERS, strict=True))
    more_posts, more_members = MORE_POSTS[0] - SMALL[0], MORE_MEMBERS[1] - SMALL[1]
    a_post_ms = more("post_ms", small, posts, more_posts)
    a_member_ms = more("post_ms", small, members, more_members)
    return Figures(
        command="python -m bench.capacity",
        measured=datetime.now(UTC).date().isoformat(),
        machine=f"{os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}",
        post_ms=max(small["post_ms"] - a_post_ms * SMALL[0] - a_member_ms * SMALL[1], 0.0),
        post_ms_a_kept_post=a_post_ms,
        post_ms_a_member=a_member_ms,
        reply_ms=max(small["reply_ms"], posts["reply_ms"], members["reply_ms"]),
        nudge_ms_a_post=max(small["nudge_ms"], posts["nudge_ms"], members["nudge_ms"]),
        embed_ms=asyncio.run(_embedding()),
        memory_a_post=more("memory", small, posts, more_posts),
        memory_a_member=more("memory", small, members, more_members),
        redis_a_post=more("redis", small, posts, more_posts) + posts["vectors"],
        redis_a_member=more("redis", small, members, more_members) + members["people"],
        redis_a_young_post=max(small["nudge"], posts["nudge"], members["nudge"]),
        log_a_post=max(small["log"], posts["log"], members["log"]),
        replies_a_post=REPLIES,
    )


async def _embedding() -> float:
    """Give the milliseconds of CPU that the text of a post takes in the model."""
    encoder = await asyncio.to_thread(OnnxEncoder, cache_dir=RecommendSettings().cache_dir.expanduser())
    texts = [event.text for event in community("bench", TEXTS, 1) if isinstance(event, PostPublished)]
    try:
        await encoder.encode(texts[:10])
        started = time.process_time()
        await encoder.encode(texts)
        return (time.process_time() - started) * 1000 / TEXTS
    finally:
        await encoder.close()


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    for line in told.read_text(encoding="utf-8").splitlines() if told.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    FILE.write_text(json.dumps(asdict(measure()), indent=2) + "\n", encoding="utf-8")
    print(FILE.read_text(encoding="utf-8"))
