"""The two transports: every test that asks for `place` runs on both."""

import pytest

from tests.conftest import Kafka
from tests.loop.harness import Place


@pytest.fixture(params=["redis", pytest.param("kafka", marks=pytest.mark.kafka)])
def place(request: pytest.FixtureRequest, redis_url: str, prefix: str) -> Place:
    """A fresh prefix on real servers: Redis streams on Valkey, then Kafka with its state in Valkey."""
    if request.param == "redis":
        return Place(redis_url, redis_url, prefix)
    kafka: Kafka = request.getfixturevalue("kafka")
    return Place(f"kafka://{kafka.address}", redis_url, prefix)
