"""A garden's weeks as the three services see them on real servers: for what must survive a move."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from kindling.saved.restore import Restored, Restoring
from kindling.saved.save import Saved
from kindling.saved.save import save as save_into
from services.nudge.settings import NudgeSettings
from shared.connections import Connections
from shared.events import (
    ChannelOpened,
    CommunityEvent,
    CommunityOpened,
    MemberJoined,
    Mode,
    PostPublished,
    Privacy,
    ReplyPublished,
    Role,
    RolesChanged,
    Tick,
)
from shared.service import ServiceName
from tests.archives import START, SUBJECTS, messages
from tests.chain import ORDER
from tests.chain import chain as any_chain
from tests.loop.harness import Place, Running

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
STEP = 24 * HOUR
NUDGE = NudgeSettings(gap_hours=0, round_minutes=1, holdout_share=0.2)
Piece = list[CommunityEvent]


def garden(threads: int, community: str) -> list[CommunityEvent]:
    """Give what happens: it is opened, people join, and threads eight hours apart, mostly answered."""
    begin = START - HOUR
    helpers = [f"{subject}{n}" for subject in SUBJECTS for n in range(3)]
    facts: list[CommunityEvent] = [
        made(CommunityOpened, begin, community, "open", mode=Mode.AUTOPILOT, asks_consent=False),
        made(ChannelOpened, begin, community, "garden", channel="garden", privacy=Privacy.PUBLIC),
        *(made(MemberJoined, begin, community, h, member=h) for h in helpers),
        *(made(RolesChanged, begin, community, h, member=h, roles=(Role.CHAMPION,)) for h in helpers),
    ]
    return facts + sorted((_said(m, community) for m in messages(threads)), key=lambda e: (e.at, e.id))


def made(kind: type[CommunityEvent], at: datetime, community: str, name: str, **more: Any) -> Any:
    return kind(id=f"{kind.__name__}/{name}/{at.isoformat()}", source="test", at=at, community=community, **more)


def _said(message: dict[str, str | None], community: str) -> CommunityEvent:
    at, post = datetime.fromisoformat(str(message["at"])), message["reply_to"]
    fields = {"author": message["author"], "channel": "garden", "text": message["text"], "message": message["id"]}
    kind = PostPublished if post is None else ReplyPublished
    event: CommunityEvent = made(kind, at, community, str(message["id"]), **fields, **({"post": post} if post else {}))
    return event


chain = partial(any_chain, asks=NUDGE)


def steps(events: Iterable[CommunityEvent]) -> list[Piece]:
    """Give events in pieces of a day. What was decided comes in again after each, so that all of it has an order."""
    pieces: list[Piece] = []
    for event in events:
        if not pieces or event.at - pieces[-1][0].at >= STEP:
            pieces.append([])
        pieces[-1].append(event)
    return pieces


async def live(services: dict[ServiceName, Running], pieces: Iterable[Piece]) -> None:
    """Let events happen, each piece with the ticks after it, and wait until all has come through."""
    for piece in pieces:
        await happen(services[ServiceName.RECOMMEND], piece)
        await settle(services)


async def happen(run: Running, piece: Piece) -> None:
    """Have ingest's topic hold events, and a tick of each partition after them."""
    await run.feed([*piece, *ticks(piece[-1].at, run.log.partitions)])


def ticks(at: datetime, partitions: int) -> list[Tick]:
    return [Tick(id=f"tick/{p}/{at.isoformat()}", source="test", at=at, partition=p) for p in range(partitions)]


async def settle(services: dict[ServiceName, Running]) -> None:
    """Wait until what was decided has come in again and been read by all."""
    for name in (*ORDER, *ORDER[:2]):
        if name in services:
            await services[name].settle()


async def kept(place: Place, community: str) -> dict[str, dict[str, bytes]]:
    """Give the documents of recommend and nudge."""
    redis = place.redis()
    connections = Connections(place.log_url, place.redis_url, place.prefix)
    try:
        return {
            name.value: (await connections.store(redis, name).load(community)).documents
            for name in (ServiceName.RECOMMEND, ServiceName.NUDGE)
        }
    finally:
        await redis.aclose()


async def save(place: Place, community: str, path: Path, now: datetime) -> Saved:
    redis, log = place.redis(), place.log()
    try:
        await log.start()
        return await save_into(_connections(place), redis, log, community, path, now)
    finally:
        await log.stop()
        await redis.aclose()


async def restore(place: Place, path: Path, now: datetime, *, as_saved: bool = False, over: bool = False) -> Restored:
    redis, log = place.redis(), place.log()
    try:
        await log.start()
        restoring = Restoring(_connections(place), redis, log, NUDGE, path, now)
        return await restoring.restore(as_saved=as_saved, over=over)
    finally:
        await log.stop()
        await redis.aclose()


def _connections(place: Place) -> Connections:
    return Connections(place.log_url, place.redis_url, place.prefix)


async def make_topics(place: Place, partitions: int) -> None:
    log = place.log()
    try:
        await log.create(partitions)
    finally:
        await log.stop()
