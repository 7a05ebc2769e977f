"""A Kafka that asks for TLS and a login, for real: who has both is let in, and who has not hears why."""

import asyncio
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.embedded import free_port
from shared.events import Tick
from shared.failures import Unavailable, UnsafeSettings
from shared.kafka_log import KafkaLog
from shared.kafka_security import IN_THE_CLEAR, KafkaSecurity
from shared.log import Outgoing
from shared.service import TopicName
from shared.wire import Envelope, encode
from tests.conftest import own_kafka_or_skip
from tests.servers import HOST, KafkaServer

# A connection with TLS is closed a moment after it was told to be: the tests share a loop, which outlives that.
pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "correct horse"
LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class LockedKafka(KafkaServer):
    """Has a second door, `locked`, where TLS and a login of `ada` are asked for; `eve` has a login and no rights."""

    def __init__(self, certificate: Path) -> None:
        super().__init__()
        port = free_port()
        self.locked = f"{HOST}:{port}"
        self._config |= {
            "listeners": f"{self._config['listeners']},CLIENTS://{self.locked}",
            "advertised.listeners": f"{self._config['advertised.listeners']},CLIENTS://{self.locked}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENTS:SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.clients.scram-sha-512.sasl.jaas.config": LOGIN,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificate),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:ada",
        }

    def add_user(self, name: str) -> None:
        add = ["--alter", "--entity-type", "users", "--entity-name", name]
        command = [*add, "--add-config", f"SCRAM-SHA-512=[password={PASSWORD}]"]
        tool = self._java("kafka.admin.ConfigCommand", "--bootstrap-server", self.address, *command)
        subprocess.run(tool, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this address that vouches for itself; beside it what Kafka shows, with its key."""
    folder = tmp_path_factory.mktemp("certificate")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=kafka"]
    files = ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", "key.pem", "-out", "ca.pem"]
    subprocess.run([*make, *files], cwd=folder, check=True, capture_output=True)
    (folder / "kafka.pem").write_text((folder / "key.pem").read_text() + (folder / "ca.pem").read_text())
    return folder / "ca.pem"


@pytest.fixture(scope="module")
def kafka(authority: Path) -> Iterator[LockedKafka]:
    with own_kafka_or_skip(lambda: LockedKafka(authority.with_name("kafka.pem"))) as server:
        for name in ("ada", "eve"):
            server.add_user(name)
        yield server


def login(authority: Path | None, user: str = "ada", password: str = PASSWORD) -> KafkaSecurity:
    return KafkaSecurity.model_validate(
        {"protocol": "SASL_SSL", "user": user, "password": password, "ca_file": authority}
    )


async def start(kafka: LockedKafka, prefix: str, security: KafkaSecurity) -> None:
    """Do what a service does first."""
    log = KafkaLog([kafka.locked], prefix, security=security)
    try:
        await log.start()
    finally:
        await log.stop()


async def test_who_has_the_login_makes_writes_and_reads(kafka: LockedKafka, authority: Path, prefix: str) -> None:
    """Every client of the log shows it: the one that makes topics, the producer, and those that read."""
    log = KafkaLog([kafka.locked], prefix, security=login(authority))
    try:
        await log.create(2)
        await log.start()
        now = datetime.now(UTC)
        body = encode(Envelope(Tick(id="tick", source="test", at=now, partition=1), recorded=now))
        await log.publish([Outgoing(TopicName.ACTIVITY, 1, "1", body)])
        assert await log.ends(TopicName.ACTIVITY) == {0: 0, 1: 1}
        assert [record.body async for record in log.scan(TopicName.ACTIVITY)] == [body]
    finally:
        await log.stop()
    with pytest.raises(UnsafeSettings, match="does not let KINDLING_KAFKA__USER 'eve' see the topics"):
        await start(kafka, prefix, login(authority, "eve"))


@pytest.mark.parametrize("user", ["ada", "nobody"])
async def test_a_wrong_login_is_named(kafka: LockedKafka, authority: Path, prefix: str, user: str) -> None:
    """It is a setting that is wrong: the service ends with a sentence, and waits for nothing."""
    with pytest.raises(
        UnsafeSettings, match=f"KINDLING_KAFKA__USER '{user}' by SCRAM-SHA-512: its KINDLING_KAFKA"
    ) as e:
        await start(kafka, prefix, login(authority, user, "wrong"))
    assert "wrong" not in str(e.value)


async def test_a_stranger_is_not_trusted(kafka: LockedKafka, prefix: str) -> None:
    """A server that nobody vouches for gets no password."""
    with pytest.raises(UnsafeSettings, match=r"is not trusted .*: KINDLING_KAFKA__CA_FILE"):
        await start(kafka, prefix, login(None))


async def test_without_tls_nobody_is_let_in(kafka: LockedKafka, prefix: str) -> None:
    """Kafka hangs up on who speaks in the clear; that looks as if it were away, and is waited for."""
    with pytest.raises((Unavailable, TimeoutError)):
        async with asyncio.timeout(10):
            await start(kafka, prefix, IN_THE_CLEAR)


async def test_who_is_away_is_waited_for(authority: Path, prefix: str) -> None:
    """A server that is not there refuses nobody."""
    log = KafkaLog([f"{HOST}:{free_port()}"], prefix, security=login(authority))
    with pytest.raises(Unavailable):
        await log.start()
    await log.stop()
