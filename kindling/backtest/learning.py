"""Models learnt on the way, from what had happened by then: as often as the history has grown by so much."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kindling.backtest.chain import COMMUNITY, Chain
from services.recommend.documents import POSTS
from services.recommend.models import Models, sha256
from services.recommend.settings import RecommendSettings
from services.recommend.train import FEWEST, TooYoung, train
from services.recommend.walk import History
from shared.events import ModelPromoted

# A community trains every day; here whenever there are half as many posts more, or it would take days.
GROWTH = 1.5

Progress = Callable[[int, int], None]


@dataclass
class Learning:
    """Trains the chain's models; `trained` counts the models that were taken into use."""

    settings: RecommendSettings
    chain: Chain
    progress: Progress = lambda _done, _total: None
    trained: int = 0
    _next: int = FEWEST

    async def learn(self, at: datetime) -> None:
        """Train, if it is time to, on what is known at `at`; what does no worse than what is in use takes over."""
        documents = self.chain.recommend.working.documents
        if len(documents.table(POSTS)) < self._next:
            return
        self._next = int(len(documents.table(POSTS)) * GROWTH)
        state = self.chain.recommend.working.state
        try:
            made = await asyncio.to_thread(self._train, History.of(documents), state.models)
        except TooYoung:
            return
        found = made.card["held_out"]["mrr"]
        if found["this"] >= found["in_use"]:
            await self._promote(made, at)

    def _train(self, history: History, in_use: Models) -> Models:
        vectors = self.chain.vectors
        return train(self.settings, vectors.version, vectors.dimension, history, vectors.of, in_use, self.progress)

    async def _promote(self, made: Models, at: datetime) -> None:
        artefact = made.artefact()
        self.chain.models[made.id] = artefact
        event = ModelPromoted(
            id=f"model/{made.id}", source="kindling/backtest", at=at, community=COMMUNITY,
            model=made.id, artefact=made.id, sha256=sha256(artefact),
        )  # fmt: skip
        await self.chain.take([event])
        self.trained += 1
