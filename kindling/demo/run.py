"""Running the demo: the real services in this process, and the invented community that writes to their log."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from kindling.commands.serve import make_topics
from kindling.demo.addresses import Addresses
from kindling.demo.clock import EventClock
from kindling.demo.facts import COMMUNITY
from kindling.demo.generate import history, live_start
from kindling.demo.live import LiveTraffic
from kindling.demo.people import HISTORY
from kindling.demo.services import build_services
from kindling.demo.view import DemoView
from kindling.replay.catching_up import caught_up
from kindling.settings import Settings
from shared.app import ServiceApp, serve
from shared.clock import wall_clock
from shared.connections import Connections
from shared.ending import end
from shared.events import CommunityEvent, Event, Tick
from shared.log import Log, Outgoing
from shared.service import ServiceName, TopicName
from shared.topics import partition_of
from shared.wire import Envelope, decode, encode

STATE_FILE = "demo.json"
BATCH = 200
FRAME_SECONDS = 0.25
SETTLE_SECONDS = 20


@dataclass
class Progressed:
    """How far the demo has come, kept beside its data: `start` of live traffic and `now`, in event time."""

    seed: int
    start: datetime
    now: datetime | None = None

    def save(self, settings: Settings) -> None:
        now = self.now.isoformat() if self.now else None
        file = settings.folder / STATE_FILE
        new = file.with_suffix(".new")
        new.write_text(json.dumps({"seed": self.seed, "start": self.start.isoformat(), "now": now}), encoding="utf-8")
        new.replace(file)

    @classmethod
    def load(cls, settings: Settings, seed: int) -> "Progressed":
        """Go on where the data is; a new demo begins on a Monday morning of the past."""
        try:
            kept = json.loads((settings.folder / STATE_FILE).read_text(encoding="utf-8"))
            now = datetime.fromisoformat(kept["now"]) if kept["now"] else None
            return cls(kept["seed"], datetime.fromisoformat(kept["start"]), now)
        except (OSError, ValueError, KeyError, TypeError):
            return cls(seed, live_start(datetime.now(UTC)))


@dataclass
class Demo:
    """One run of the demo, until Ctrl-C or for `seconds`."""

    settings: Settings
    connections: Connections
    console: Console
    seed: int
    speed: float
    seconds: float | None
    view: DemoView | None = None
    _progressed: Progressed = field(init=False)
    _clock: EventClock = field(init=False)
    _followed: dict[TopicName, dict[int, int]] = field(
        default_factory=lambda: {TopicName.MATCHES: {}, TopicName.NUDGES: {}}
    )

    def __post_init__(self) -> None:
        self._progressed = Progressed.load(self.settings, self.seed)
        self._clock = EventClock(self._progressed.now or self._progressed.start - HISTORY)

    async def run(self) -> None:
        await make_topics(self.settings, self.connections)
        self.console.print("Loading the embedding model (the first time it is exported: half a minute)")
        apps = await build_services(self.settings, self.connections, self._clock)
        serving = asyncio.create_task(serve(apps, self.settings.host, self.settings.port))
        living = asyncio.create_task(self._live(apps))
        try:
            await asyncio.wait({serving, living}, return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                living.result()
        finally:
            await end([living])
            for app in apps:
                app.end()
            await serving

    async def _live(self, apps: Sequence[ServiceApp]) -> None:
        while not all(app.processor.status.ready for app in apps):
            await asyncio.sleep(0.05)
        log = self.connections.log()
        await log.start()
        progressed = self._progressed
        try:
            past = list(history(progressed.seed, progressed.start))
            if progressed.now is None:
                await self._history(log, past)
                progressed.now = progressed.start
            await self._traffic(log, progressed, past)
        except asyncio.CancelledError:
            if progressed.now is None:
                self.console.print("Stopped before the history was in: called again, the demo goes on with it")
            raise
        finally:
            progressed.save(self.settings)
            await log.stop()

    async def _history(self, log: Log, events: list[Event]) -> None:
        """Have the services live through eight weeks; waits for them, so that the live view begins in the present."""
        columns = (
            TextColumn("Eight weeks of history"),
            BarColumn(),
            TextColumn("{task.completed:,} of {task.total:,} events"),
        )
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task("", total=len(events))
            for start in range(0, len(events), BATCH):
                batch = events[start : start + BATCH]
                await self._publish(log, batch, batch[-1].at)
                await self._caught_up(log)
                progress.update(task, completed=start + len(batch))

    async def _traffic(self, log: Log, progressed: Progressed, past: list[Event]) -> None:
        traffic = LiveTraffic(progressed.seed, progressed.start)
        begin = progressed.now or progressed.start
        past += traffic.advance(begin)
        addresses = Addresses(self.settings, past)
        self.view = view = DemoView(self.console, live_from=begin)
        # What the log has of earlier runs is history, too: nudges of theirs may still be open.
        for event in [*past, *await self._new(log)]:
            view.on_event(event)
        view.lead_to(addresses.now(view.tally.open_by_member()))
        started = time.monotonic()
        try:
            with view:
                while (passed := time.monotonic() - started) < (self.seconds or float("inf")):
                    now = begin + timedelta(seconds=passed * self.speed)
                    await self._publish(log, traffic.advance(now), now)
                    progressed.now = now
                    for event in await self._new(log):
                        traffic.on_event(event)
                        addresses.hear(event)
                        view.on_event(event)
                    view.lead_to(addresses.now(view.tally.open_by_member()))
                    await asyncio.sleep(FRAME_SECONDS)
            await self._settle(log, view)
            view.lead_to(addresses.now(view.tally.open_by_member()))
        finally:
            # Ctrl-C is the usual end. The view's screen is gone by then, and with it all that was on it.
            view.summary()

    async def _settle(self, log: Log, view: DemoView) -> None:
        """Wait until the services have handled what was published, so that the numbers are of all of it."""
        self.console.print("Waiting for what is on its way")
        until = time.monotonic() + SETTLE_SECONDS

        def check() -> None:
            if time.monotonic() > until:
                raise TimeoutError

        try:
            await self._caught_up(log, check)
        except TimeoutError:
            self.console.print(f"Not all of it has come within {SETTLE_SECONDS} s: the numbers are without the rest")
        for event in await self._new(log):
            view.on_event(event)

    async def _caught_up(self, log: Log, check: Callable[[], None] = lambda: None) -> None:
        redis = self.connections.redis()
        stores = {name: self.connections.store(redis, name) for name in ServiceName}
        try:
            await caught_up(log, stores, partition_of(COMMUNITY, log.partitions), check)
        finally:
            await redis.aclose()

    async def _new(self, log: Log) -> list[Event]:
        """Read what the services have published since the last call."""
        events: list[Event] = []
        for topic, places in self._followed.items():
            async for record in log.scan(topic, places):
                places[record.partition] = record.offset + 1
                events.append(decode(record.body).event)
        return events

    async def _publish(self, log: Log, events: Iterable[Event], now: datetime) -> None:
        partition = partition_of(COMMUNITY, log.partitions)
        tick = Tick(id=f"tick/{partition}/{now.isoformat()}", source="kindling/demo", at=now, partition=partition)
        messages = [
            Outgoing(TopicName.ACTIVITY, partition, COMMUNITY, encode(Envelope(event, recorded=wall_clock())))
            for event in (*events, tick)
            if isinstance(event, CommunityEvent | Tick)
        ]
        await log.publish(messages)
        self._clock.reach(now)
