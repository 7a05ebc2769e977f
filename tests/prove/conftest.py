"""Sizes: a share of every `make test`, and all of it with --prove."""

import pytest

from tests.conftest import Kafka
from tests.loop.harness import Place


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--prove"))


@pytest.fixture
def kafka_place(kafka: Kafka, redis_url: str, prefix: str) -> Place:
    """Kafka with its state in Valkey; a killed member is missed soon where the broker is ours."""
    return Place(f"kafka://{kafka.address}", redis_url, prefix, 2000 if kafka.server else 6000)


@pytest.fixture(params=["redis", pytest.param("kafka", marks=pytest.mark.kafka)])
def place(request: pytest.FixtureRequest, redis_url: str, prefix: str) -> Place:
    """Both transports."""
    if request.param == "redis":
        return Place(redis_url, redis_url, prefix)
    found: Place = request.getfixturevalue("kafka_place")
    return found
