"""Training by itself: each community's models anew as often as is set, beside the stream, one after the other.

    look -> due, open, read up to now, and trained by nobody -> a process of its own, niced -> see how it ended -> look

The process is `kindling models train`, so that nothing here blocks the event loop and its memory is given back.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from kindling.training import BEING_TRAINED
from services.recommend.documents import COMMUNITY, COMMUNITY_KEY
from services.recommend.stored_tries import StoredTries
from services.recommend.tries import Ending, Try, due_at
from shared.clock import wall_clock
from shared.connections import Connections
from shared.failures import Unavailable
from shared.log import Log
from shared.redis_store import RedisStore
from shared.service import ServiceName, TopicName
from shared.topics import partition_of

LOOK_SECONDS = 10.0
# Who has more than this to read is still taking a history in: it would be learnt from by half.
READ_UP_TO = 100
NICE = 10
# From SIGTERM to SIGKILL; less than a service has to stop.
STOP_SECONDS = 2.0

log = logging.getLogger(__name__)


class Retraining:
    """What runs beside recommend; any of its replicas may train any community, and one alone does."""

    def __init__(self, every: timedelta, connections: Connections, redis: Any, broker: Log) -> None:
        self._every = every
        self._connections = connections
        self._store: RedisStore = connections.store(redis, ServiceName.RECOMMEND)
        self._tries = StoredTries(redis, connections.prefix)
        self._log = broker

    async def run(self) -> None:
        """Train whatever is due until cancelled; whatever goes wrong with that, the service goes on."""
        failing = False
        while True:
            try:
                while (community := await self.next_due(wall_clock())) is not None:
                    await self.train(community)
            except Exception as error:
                if not failing:
                    # Without its stack, which could quote what people wrote.
                    why = str(error) if isinstance(error, Unavailable) else type(error).__name__
                    log.warning("no models are trained until this is mended: %s", why)
                failing = True
            else:
                failing = False
            await asyncio.sleep(LOOK_SECONDS)

    async def next_due(self, now: datetime) -> str | None:
        """Give the community whose training has been due for longest, if there is any."""
        due = []
        for community in await self._store.communities():
            at = due_at(await self._tries.last(community), self._every)
            if at <= now:
                due.append((at, community))
        if not due:
            return None
        ends = await self._log.ends(TopicName.ACTIVITY)
        for _, community in sorted(due):
            if await self._may_be_trained(community, ends):
                return community
        return None

    async def _may_be_trained(self, community: str, ends: dict[int, int]) -> bool:
        known = await self._store.get(community, COMMUNITY, COMMUNITY_KEY)
        if known is not None and not known.open:
            return False
        partition = partition_of(community, self._log.partitions)
        mark = await self._store.watermark(partition)
        if mark is None or mark.generation != self._log.generation or ends[partition] - mark.handled > READ_UP_TO:
            return False
        return not await self._tries.under_way(community)

    async def train(self, community: str) -> None:
        """Have a community trained by a process of its own, and say how that ended."""
        begun = wall_clock()
        # Before there is a process: whatever becomes of it, the next one is due later.
        await self._tries.note(community, Try(begun, Ending.UNDER_WAY))
        process = await self._start(community)
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)
        if code == BEING_TRAINED:
            return
        tried = await self._tries.last(community)
        if tried is None or tried.ending is Ending.UNDER_WAY:
            tried = Try(begun, Ending.FAILED, f"its process ended with {_told(code)}")
            await self._tries.note(community, tried)
        _say(community, tried)

    async def _start(self, community: str) -> Process:
        # Told where the servers are, and not left to look for them: it never starts one itself.
        servers = {
            "KINDLING_LOG": self._connections.log_url,
            "KINDLING_STORE": self._connections.store_url,
            "KINDLING_PREFIX": self._connections.prefix,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kindling.main", "models", "train", "--keep-chosen", "--", community,
            stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,  # a stack could quote what people wrote
            env={**os.environ, **servers},
            start_new_session=True,  # Ctrl-C is for the service, which ends it
        )  # fmt: skip
        with suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        return process


async def _end(process: Process) -> None:
    """End a process for sure, within two seconds: it notes that it was stopped, where it can."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


def _told(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _say(community: str, tried: Try) -> None:
    if tried.ending is Ending.FAILED:
        log.warning(
            "the models of %s could not be trained (%s) and stay as they are: `kindling models train %s` shows more",
            community, tried.said, community,
        )  # fmt: skip
    else:
        log.info("the models of %s were trained: %s, %s", community, tried.ending.value, tried.said)
