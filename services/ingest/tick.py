"""The clock of every partition: what is due happens also while nobody writes."""

import asyncio
import logging
from datetime import UTC, datetime

from services.ingest.ports import Publisher
from shared.clock import Clock
from shared.events import Tick
from shared.failures import Unavailable
from shared.log import Outgoing
from shared.service import TopicName
from shared.wire import Envelope, encode

SOURCE = "kindling/ingest"

log = logging.getLogger(__name__)


def ticks(at: datetime, partitions: int) -> list[Outgoing]:
    """Make the tick of each partition at a time. Replicas that tick at the same time write the same ticks."""
    return [_tick(at, partition) for partition in range(partitions)]


def _tick(at: datetime, partition: int) -> Outgoing:
    tick = Tick(id=f"tick/{partition}/{at.isoformat()}", source=SOURCE, at=at, partition=partition)
    return Outgoing(TopicName.ACTIVITY, partition, str(partition), encode(Envelope(tick, recorded=at)))


def last_beat(now: datetime, seconds: float) -> datetime:
    """Give the latest whole multiple of `seconds` (of the epoch) that is not after `now`."""
    beats = int(now.timestamp() / seconds)
    return datetime.fromtimestamp(beats * seconds, UTC)


async def keep_ticking(publisher: Publisher, clock: Clock, seconds: float) -> None:
    """Publish ticks on every multiple of `seconds` until cancelled; one that cannot be published is left out."""
    away = False
    while True:
        beat = last_beat(clock(), seconds)
        try:
            await publisher.publish(ticks(beat, publisher.partitions))
        except Unavailable as error:
            if not away:
                log.warning("no ticks while the log is away: %s", error)
            away = True
        else:
            if away:
                log.warning("ticks go on")
            away = False
        passed = (clock() - beat).total_seconds()
        await asyncio.sleep(max(seconds - passed, seconds / 10))
