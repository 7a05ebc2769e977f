"""Count what recommend has passed on, once it is durable; nothing is decided by these figures."""

from collections.abc import Mapping, Sequence

from services.recommend.documents import ACTIVE, MODELS
from shared import metrics
from shared.events import Event, ModelPromoted
from shared.redis_store import RedisStore


def count(emitted: Sequence[Event], _written: Mapping[str, bytes]) -> None:
    """Note when models were taken into use."""
    for event in emitted:
        if isinstance(event, ModelPromoted):
            metrics.PROMOTED.set(event.at.timestamp())


async def note_models(store: RedisStore) -> None:
    """Say of models that were in use before this process began since when they are; raises Unavailable."""
    latest = 0.0
    for community in await store.communities():
        active = await store.get(community, MODELS, ACTIVE)
        latest = max(latest, active.promoted.at.timestamp() if active is not None else 0.0)
    # One that was taken into use meanwhile is the later one.
    (told,) = metrics.PROMOTED.collect()
    if latest > told.samples[0].value:
        metrics.PROMOTED.set(latest)
