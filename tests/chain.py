"""The three services at work on real servers, in this process, with vectors that need no model."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from services.ingest.handlers import Ingest
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from services.recommend.handlers import Recommend
from services.recommend.ports import Encoder
from services.recommend.settings import RecommendSettings
from services.recommend.stored_models import StoredModels
from services.recommend.stored_vectors import StoredVectors
from shared.service import Service, ServiceName
from tests.loop.harness import Place, Running, running
from tests.recommending import HashedVectors

ORDER = (ServiceName.RECOMMEND, ServiceName.NUDGE, ServiceName.INGEST)


class Hashed(HashedVectors):
    """The vectors of words as an encoder gives them."""

    async def encode(self, texts: Sequence[str]) -> Any:
        return await self.vectors("", texts)

    async def close(self) -> None:
        """Release nothing."""


@asynccontextmanager
async def chain(
    place: Place, *names: ServiceName, asks: NudgeSettings | None = None
) -> AsyncIterator[dict[ServiceName, Running]]:
    """Run the services named (default: all three), with vectors kept in Redis; nudge `asks` by these settings."""
    redis = place.redis()
    encoder: Encoder = Hashed()
    vectors = StoredVectors(redis, place.prefix, encoder)
    made: dict[ServiceName, Service[Any]] = {
        ServiceName.RECOMMEND: Recommend(RecommendSettings(), vectors, StoredModels(redis, place.prefix)),
        ServiceName.NUDGE: Nudge(asks or NudgeSettings()),
        ServiceName.INGEST: Ingest(),
    }
    try:
        async with AsyncExitStack() as stack:
            yield {name: await stack.enter_async_context(running(place, made[name])) for name in names or ORDER}
    finally:
        await redis.aclose()
