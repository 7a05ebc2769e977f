"""Recommend and nudge in one process on the clock of an archive: the very steps of the processing loop, in memory.

What a step emits goes over the wire's own form, so that nudge reads what it would read of a topic.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from kindling.memory import Artefacts, Vectors
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from services.recommend.handlers import Recommend
from services.recommend.ports import Encoder
from services.recommend.settings import RecommendSettings
from services.recommend.state import State as RecommendState
from shared.events import Event, Tick
from shared.service import Service
from shared.state import Documents
from shared.wire import Envelope, decode
from shared.working import Arrival, Working

COMMUNITY = "backtest"
_GENERATION = "backtest"

State = TypeVar("State")

# Shown an event.
See = Callable[[Event], None]


@dataclass
class Link(Generic[State]):
    """One service with its state of the one community."""

    working: Working[State]
    _steps: int = 0

    @classmethod
    async def open(cls, service: Service[State]) -> Self:
        """Open the community, of which nothing is known yet."""
        documents = Documents()
        state = await service.open(COMMUNITY, documents)
        return cls(Working(service, COMMUNITY, documents, state, b"", None, sequenced=True))

    def step(self, envelope: Envelope, aids: Any = None) -> list[Envelope]:
        """Take one record in, with what is due by its time; gives what is emitted."""
        self._steps += 1
        arrival = Arrival(self._steps, COMMUNITY, b"", envelope, envelope.sequence)
        self.working.step(arrival, _GENERATION, None, aids)
        made = [decode(body) for _, body in self.working.emitted]
        self.working.emitted.clear()
        self.working.events.clear()
        return made


@dataclass
class Chain:
    """The chain of one backtest: activity goes in, decisions come out."""

    vectors: Vectors
    models: Artefacts
    service: Recommend
    recommend: Link[RecommendState]
    nudge: Link[NudgeCommunity]

    @classmethod
    async def open(cls, recommend: RecommendSettings, nudge: NudgeSettings, encoder: Encoder) -> Self:
        vectors, models = Vectors(encoder), Artefacts()
        service = Recommend(recommend, vectors, models)
        return cls(vectors, models, service, await Link.open(service), await Link.open(Nudge(nudge.posts_only())))

    async def take(self, events: Sequence[Event], see: See = lambda _: None) -> None:
        """Hand events through both services, in order; `see` is shown what nudge reads and what it decides."""
        aids = await self.service.prepare(self.recommend.working.state, events)
        for event in events:
            self._step(event, aids, see)

    def _step(self, event: Event, aids: Any, see: See) -> None:
        passed = self.recommend.step(Envelope(event), aids)
        # A tick comes to every service as it is.
        for envelope in [*passed, *([Envelope(event)] if isinstance(event, Tick) else [])]:
            decided = self.nudge.step(envelope)
            for one in (envelope, *decided):
                see(one.event)
