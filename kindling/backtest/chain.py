"""Recommend and nudge in one process on the clock of an archive: the very steps of the processing loop, in memory.

What a step emits goes over the wire's own form, so that nudge reads what it would read of a topic.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

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
        self.working.types.clear()
        return made


class KeptVectors:
    """Vectors by text: recommend's store of them, in memory."""

    def __init__(self, encoder: Encoder) -> None:
        self.of: dict[str, NDArray[np.int16]] = {}
        self._encoder = encoder

    @property
    def version(self) -> str:
        return self._encoder.version

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    async def vectors(self, _community: str, texts: Sequence[str]) -> NDArray[np.int16]:
        new = [text for text in dict.fromkeys(texts) if text not in self.of]
        if new:
            self.of |= zip(new, await self._encoder.encode(new), strict=True)
        return np.stack([self.of[text] for text in texts])

    async def discard(self, _community: str, texts: Sequence[str]) -> None:
        """Keep them: training still learns from what the index has."""


@dataclass
class KeptModels:
    """Artefacts of models by id, in memory."""

    of: dict[str, bytes] = field(default_factory=dict)

    async def get(self, _community: str, artefact: str) -> bytes | None:
        return self.of.get(artefact)


@dataclass
class Chain:
    """The chain of one backtest: activity goes in, decisions come out."""

    vectors: KeptVectors
    models: KeptModels
    service: Recommend
    recommend: Link[RecommendState]
    nudge: Link[NudgeCommunity]

    @classmethod
    async def open(cls, recommend: RecommendSettings, nudge: NudgeSettings, encoder: Encoder) -> Self:
        vectors, models = KeptVectors(encoder), KeptModels()
        service = Recommend(recommend, vectors, models)
        return cls(vectors, models, service, await Link.open(service), await Link.open(Nudge(nudge)))

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
