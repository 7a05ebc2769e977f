"""Waiting for what is away: back-off with jitter, said in logs, health and metrics."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from shared import metrics
from shared.failures import Unavailable

T = TypeVar("T")

FIRST_WAIT = 0.1
LONGEST_WAIT = 10.0

log = logging.getLogger(__name__)


# What health and metrics call it that is waited for at a record which a newer version wrote.
UPGRADE: Final = "upgrade"
# And where communities wait for a process that has their encoder.
ENCODER: Final = "encoder"


class Stopping(Exception):
    """The process is asked to stop: what was begun is given up, nothing of it is lost."""


@dataclass
class Status:
    """What a service's health says of itself; written by the loop, read by the doors."""

    service: str
    waiting: dict[str, str] = field(default_factory=dict)
    partitions: set[int] = field(default_factory=set)
    # By community: the sequence number that it waits for.
    stopped: dict[str, int] = field(default_factory=dict)
    # By community, or by partition where it is its ticks: the type of the newer record at which it waits.
    newer: dict[str | int, str] = field(default_factory=dict)
    # By community: what this process lacks for it, and what to do.
    lacking: dict[str, str] = field(default_factory=dict)
    # Records that retention deleted before this service had read them.
    lost: int = 0

    @property
    def ready(self) -> bool:
        """Say whether the doors may be sent people and platforms; one that cannot go on for some serves all others."""
        return bool(self.partitions) and not self.waiting.keys() - {UPGRADE, ENCODER}


@dataclass
class Patience:
    """Calls something until it is no longer unavailable, or the process stops."""

    status: Status
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """Await `call()`; `what` names the dependency. Raises Stopping when asked to stop while waiting."""
        wait = FIRST_WAIT
        while True:
            try:
                result = await call()
            except Unavailable as error:
                self._say_away(what, error)
                await self._pause(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                self._say_back(what)
                return result

    async def _pause(self, seconds: float) -> None:
        # Jitter, so that many replicas do not come back in one moment; chance here decides nothing.
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds * random.uniform(0.5, 1.0))  # noqa: S311
        if self.stopping.is_set():
            raise Stopping

    def _say_away(self, what: str, error: Unavailable) -> None:
        if what not in self.status.waiting:
            log.warning("waiting for %s: %s", what, error)
        self.status.waiting[what] = str(error)
        metrics.WAITING.labels(self.status.service, what).set(1)

    def _say_back(self, what: str) -> None:
        if self.status.waiting.pop(what, None) is not None:
            log.warning("%s is back", what)
            metrics.WAITING.labels(self.status.service, what).set(0)
