"""What is counted of recommend: when models were last taken into use, also before this process began."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from services.recommend.count import count, note_models
from services.recommend.documents import ACTIVE, MODELS, Model
from shared import metrics
from shared.events import ModelPromoted
from shared.redis_store import RedisStore
from shared.service import ServiceName
from shared.stamps import Stamp
from shared.state import Changes
from shared.store import Position, Write, dump_position

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
HASH = "0" * 64


@pytest.fixture(autouse=True)
def anew() -> None:
    """The gauge as a new process has it."""
    metrics.PROMOTED.set(0)


def told() -> float | None:
    return REGISTRY.get_sample_value("kindling_model_promoted_timestamp_seconds")


def promoted(at: datetime) -> ModelPromoted:
    named: dict[str, Any] = {"id": "m", "source": "test", "at": at, "community": "c"}
    return ModelPromoted(**named, model="m", artefact="learned-1", sha256=HASH)


def test_a_promotion_is_noted_in_event_time() -> None:
    """The age of models is the time of their community since then."""
    count([promoted(AT)], {})
    assert told() == AT.timestamp()


async def test_after_a_restart_the_stored_models_say_since_when_they_are_in_use(redis_url: str, prefix: str) -> None:
    """The latest of all communities; and what was promoted since stays."""
    redis = Redis.from_url(redis_url)
    store = RedisStore(redis, prefix, ServiceName.RECOMMEND)
    await note_models(store)
    assert told() == 0
    for days, community in enumerate(("new", "older", "without")):
        at = AT - timedelta(days=days)
        model = MODELS.dump(Model("learned-1", "{}", Stamp(at, "m")))
        changes = Changes({} if community == "without" else {f"{MODELS.name}/{ACTIVE}": model}, set())
        position = dump_position(Position("log", 1, 0, 0, at))
        assert await store.write([Write(community, b"", position, changes, ())]) == [True]
    await note_models(store)
    assert told() == AT.timestamp()
    count([promoted(AT + timedelta(days=1))], {})
    await note_models(store)
    assert told() == (AT + timedelta(days=1)).timestamp()
    await redis.aclose()
