"""Wrappers of store and log that count what is asked of them, refuse it, or let another process be faster."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

from shared.events import Event
from shared.failures import Unavailable
from shared.log import Log, Outgoing
from shared.service import TopicName
from shared.state import Documents
from shared.store import Store, Stored, Write
from shared.wire import Envelope
from shared.working import Arrival, Working
from tests.loop.counting import Counting, Ledger


class Counted:
    """A store: how often each of its methods was called, and which communities were loaded or written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()
        self.touched: list[str] = []

    async def load(self, community: str) -> Stored:
        self.calls["load"] += 1
        self.touched.append(community)
        return await self._store.load(community)

    async def write(self, writes: Sequence[Write]) -> list[bool]:
        self.calls["write"] += 1
        self.touched += [write.community for write in writes]
        return await self._store.write(writes)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        self.calls[name] += 1
        return cast("Callable[..., Any]", getattr(self._store, name))


class Mute:
    """A log that takes no records for a topic while `mute`; all else works."""

    def __init__(self, log: Log, topic: TopicName) -> None:
        self._log = log
        self._topic = topic
        self.mute = True

    async def publish(self, messages: list[Outgoing]) -> None:
        if self.mute and any(message.topic is self._topic for message in messages):
            raise Unavailable("mute")
        await self._log.publish(messages)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class Overtaken:
    """A store in which another replica handles `events` of community `c` just before they are loaded a second time."""

    def __init__(self, store: Store, events: Sequence[Event]) -> None:
        self._store = store
        self._events = events
        self._loads = 0
        self.log: Log | None = None

    async def load(self, community: str) -> Stored:
        self._loads += 1
        if self._loads == 2:
            await self._handle()
        return await self._store.load(community)

    async def _handle(self) -> None:
        """Do as a replica that had the same records, of which `poison` became a letter."""
        assert self.log is not None
        stored = await self._store.load("c")
        documents = Documents(stored.documents)
        ledger = Ledger("c", documents)
        copy = Working(Counting(), "c", documents, ledger, stored.raw, stored.position, sequenced=True)
        for offset, event in enumerate(self._events, self.log.first):
            arrival = Arrival(offset, "c", b"", Envelope(event), None)
            if copy.awaits(arrival, self.log.generation):
                dead = getattr(event, "text", "") == "poison"
                copy.step(arrival, self.log.generation, None, None, dead=dead)
        write = copy.write()
        assert write is not None
        assert await self._store.write([write]) == [True]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
