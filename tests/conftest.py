"""What all tests share: real servers, names that no other test uses, and what was skipped in the last lines."""

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

import hypothesis
import pytest

from tests.servers import KafkaServer, RedisServer, ServerMissing

if TYPE_CHECKING:
    from tests.loop.harness import Place

# Speed is measured in benchmarks: on a busy machine a deadline would fail what is right.
hypothesis.settings.register_profile("kindling", deadline=None)
hypothesis.settings.load_profile("kindling")

OneKafka = TypeVar("OneKafka", bound=KafkaServer)
EXTERNAL_KAFKA = "KINDLING_TEST_KAFKA"


@dataclass(frozen=True, slots=True)
class Kafka:
    """The Kafka that tests share: `server` is None when it is somebody else's, which nobody kills."""

    address: str
    server: KafkaServer | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="run the tests marked `prove` at full size: an hour or more")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "prove: has a small size for every day and a full size for --prove")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m kafka` and `-m "not kafka"` follow the fixtures, so that nobody has to remember the mark."""
    for item in items:
        if {"kafka", "own_kafka"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("kafka")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Nobody takes a skipped proof for a passed one: say what was skipped and why, just above the closing line."""
    reasons = Counter(_reason(report) for report in terminalreporter.getreports("skipped"))
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"skipped {count} {'test' if count == 1 else 'tests'}: {reason}", yellow=True)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A Kafka for the whole run, or the one that KINDLING_TEST_KAFKA names. Not to be killed: see `own_kafka`."""
    external = os.environ.get(EXTERNAL_KAFKA)
    if external:
        yield Kafka(external)
        return
    with own_kafka_or_skip(KafkaServer) as server:
        yield Kafka(server.address, server)


@pytest.fixture
def own_kafka() -> Iterator[KafkaServer]:
    """A Kafka for one test, which may kill and freeze it."""
    with own_kafka_or_skip(KafkaServer) as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Valkey for the whole run. Not to be killed: a test that kills starts its own `RedisServer`."""
    with RedisServer("valkey") as server:
        yield server.url


@pytest.fixture(scope="session")
def real_redis() -> Iterator[RedisServer]:
    """The Redis of the distribution, for the whole run."""
    try:
        server = RedisServer("redis")
    except ServerMissing as missing:
        _skip_or_fail(f"real Redis: {missing}")
    with server:
        yield server


@pytest.fixture
def prefix() -> str:
    """For the keys and topics of one test, which shares its servers with the others."""
    return f"t{uuid.uuid4().hex[:10]}"


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def own_kafka_or_skip(make: Callable[[], OneKafka]) -> OneKafka:
    """Make a Kafka that is not started; where that cannot be, the test is skipped, or in CI fails."""
    try:
        return make()
    except ServerMissing as missing:
        _skip_or_fail(f"real Kafka: {missing}")


def _skip_or_fail(reason: str) -> NoReturn:
    if in_ci():
        pytest.fail(f"{reason}; in CI these tests must run")
    pytest.skip(reason)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)


@pytest.fixture(params=["redis", pytest.param("kafka", marks=pytest.mark.kafka)])
def place(request: pytest.FixtureRequest, redis_url: str, prefix: str) -> "Place":
    """A fresh prefix on real servers: Redis streams on Valkey, then Kafka with its state in Valkey."""
    from tests.loop.harness import Place  # noqa: PLC0415  # the services, which most tests do not need

    if request.param == "redis":
        return Place(redis_url, redis_url, prefix)
    kafka: Kafka = request.getfixturevalue("kafka")
    return Place(f"kafka://{kafka.address}", redis_url, prefix)
