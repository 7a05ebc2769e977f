"""Recommend and nudge in one process on the clock of an archive: the very steps of the processing loop, in memory.

What a step emits goes over the wire's own form, so that nudge reads what it would read of a topic.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from kindling.memory import Artefacts, Vectors
from kindling.stage import Stage
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from services.recommend.handlers import Recommend
from services.recommend.ports import Encoder
from services.recommend.settings import RecommendSettings
from services.recommend.state import State as RecommendState
from shared.events import Event, Tick
from shared.wire import Envelope, decode

COMMUNITY = "backtest"

# Shown an event.
See = Callable[[Event], None]


@dataclass
class Chain:
    """The chain of one backtest: activity goes in, decisions come out."""

    vectors: Vectors
    models: Artefacts
    service: Recommend
    recommend: Stage[RecommendState]
    nudge: Stage[NudgeCommunity]

    @classmethod
    async def open(cls, recommend: RecommendSettings, nudge: NudgeSettings, encoder: Encoder) -> Self:
        vectors, models = Vectors(encoder), Artefacts()
        service = Recommend(recommend, vectors, models)
        host = Nudge(nudge.posts_only())
        return cls(vectors, models, service, await Stage.open(service, COMMUNITY), await Stage.open(host, COMMUNITY))

    async def take(self, events: Sequence[Event], see: See = lambda _: None) -> None:
        """Hand events through both services, in order; `see` is shown what nudge reads and what it decides."""
        aids = await self.service.prepare(self.recommend.working.state, events)
        for event in events:
            self._step(event, aids, see)

    def _step(self, event: Event, aids: Any, see: See) -> None:
        passed = [decode(body) for body in self.recommend.step(Envelope(event), b"", None, aids)]
        # A tick comes to every service as it is.
        for envelope in [*passed, *([Envelope(event)] if isinstance(event, Tick) else [])]:
            decided = [decode(body) for body in self.nudge.step(envelope, b"", None, None)]
            for one in (envelope, *decided):
                see(one.event)
