"""Store and log that kill or freeze their process at one step's n-th time: no exception, no finalizer."""

import os
import signal
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.log import Log, Outgoing, Subscription
from shared.service import TopicName
from shared.store import Store, Watermark, Write


class Step(StrEnum):
    """Between which steps of the loop a process is struck."""

    BEFORE_WRITE = "before-write"
    AFTER_WRITE = "after-write"
    WITHIN_PUBLISH = "within-publish"
    BEFORE_TRIM = "before-trim"
    BEFORE_WATERMARK = "before-watermark"
    BEFORE_COMMIT = "before-commit"


@dataclass
class Fuse:
    """Sends its own process `sign` when `step` comes for the `left`-th time from now."""

    step: Step
    left: int
    sign: signal.Signals

    def burns(self, step: Step) -> bool:
        if step is self.step:
            self.left -= 1
        return step is self.step and self.left == 0

    def strike(self) -> None:
        os.kill(os.getpid(), self.sign)

    def pass_by(self, step: Step) -> None:
        if self.burns(step):
            self.strike()


class CrashingStore:
    """A store whose user may be struck around its writes."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    async def write(self, writes: Sequence[Write]) -> list[bool]:
        self._fuse.pass_by(Step.BEFORE_WRITE)
        done = await self._store.write(writes)
        self._fuse.pass_by(Step.AFTER_WRITE)
        return done

    async def trim(self, published: Mapping[str, Sequence[int]]) -> None:
        self._fuse.pass_by(Step.BEFORE_TRIM)
        await self._store.trim(published)

    async def save_watermark(self, partition: int, watermark: Watermark, server: str) -> bool:
        self._fuse.pass_by(Step.BEFORE_WATERMARK)
        return await self._store.save_watermark(partition, watermark, server)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class CrashingLog:
    """A log whose user may be struck between two records of one publish, or before a commit."""

    def __init__(self, log: Log, fuse: Fuse, published: int) -> None:
        self._log = log
        self._fuse = fuse
        self._published = published

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if messages[0].topic is TopicName.MATCHES and self._fuse.burns(Step.WITHIN_PUBLISH):
            # Durable are the first few, more or less many of them.
            first = max(self._published % len(messages), 1)
            await self._log.publish(messages[:first])
            self._fuse.strike()
            messages = messages[first:]
        if messages:
            await self._log.publish(messages)

    def subscribe(self, topic: TopicName, group: str, reader: Any, writes: Collection[TopicName] = ()) -> Any:
        return CrashingSubscription(self._log.subscribe(topic, group, reader, writes), self._fuse)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class CrashingSubscription:
    def __init__(self, subscription: Subscription, fuse: Fuse) -> None:
        self._subscription = subscription
        self._fuse = fuse

    async def commit(self, offsets: Mapping[int, int]) -> None:
        self._fuse.pass_by(Step.BEFORE_COMMIT)
        await self._subscription.commit(offsets)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subscription, name)
