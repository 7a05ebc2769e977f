import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.tick import keep_ticking, last_beat, ticks
from shared.clock import wall_clock
from shared.events import Tick
from shared.log import Outgoing
from shared.service import TopicName
from shared.wire import decode
from tests.event_strategies import moments
from tests.ingesting import NOW, Recorder


@dataclass
class Counting(Recorder):
    """A log that says when it has `enough` messages."""

    enough: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        await super().publish(messages)
        if len(self.messages) >= self.enough:
            self.full.set()


async def tick_into(log: Counting) -> None:
    """Tick until the log has enough."""
    task = asyncio.create_task(keep_ticking(log, wall_clock, 0.02))
    await asyncio.wait_for(log.full.wait(), 20)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_every_partition_gets_a_tick() -> None:
    """One tick each, in its own partition, that carries the time and nothing of any community."""
    messages = ticks(NOW, 3)
    assert [(m.topic, m.partition, m.key) for m in messages] == [(TopicName.ACTIVITY, n, str(n)) for n in range(3)]
    found = [decode(m.body).event for m in messages]
    assert found[2] == Tick(id=f"tick/2/{NOW.isoformat()}", source="kindling/ingest", at=NOW, partition=2)


@given(moments, st.sampled_from([1.0, 7.0, 10.0, 60.0]))
def test_replicas_beat_together(now: datetime, seconds: float) -> None:
    """Ticks lie on whole multiples, at most one back: so replicas write the same ticks, not more of them."""
    beat = last_beat(now, seconds)
    assert timedelta() <= now - beat < timedelta(seconds=seconds)
    assert last_beat(now.astimezone(UTC), seconds) == beat
    assert beat.timestamp() % seconds == 0


async def test_ticks_come_again_and_again() -> None:
    """The clock goes on as long as the process does, always forward."""
    log = Counting(partitions=2, enough=6)
    await tick_into(log)
    times = [event.at for event in log.events]
    assert times[::2] == times[1::2] == sorted(set(times))


async def test_ticks_survive_a_broker_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    """A tick that cannot be published is left out, said once, and the next ones come."""
    log = Counting(partitions=1, away=3, enough=2)
    with caplog.at_level(logging.WARNING):
        await tick_into(log)
    assert [record.message for record in caplog.records] == [
        "no ticks while the log is away: the broker is away",
        "ticks go on",
    ]
