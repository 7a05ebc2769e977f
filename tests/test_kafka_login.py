"""A Kafka that asks for TLS and a login, for real: who has both is let in, and who has not hears why."""

import asyncio
import subprocess
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from shared.embedded import free_port
from shared.events import Tick
from shared.failures import Unavailable, UnsafeSettings
from shared.kafka_log import KafkaLog
from shared.kafka_security import IN_THE_CLEAR, KafkaSecurity
from shared.log import Incoming, Outgoing
from shared.patience import Patience, Status
from shared.service import TopicName
from shared.wire import Envelope, encode
from tests.conftest import own_kafka_or_skip
from tests.servers import HOST, KafkaServer

# A connection with TLS is closed a moment after it was told to be: the tests share a loop, which outlives that.
pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "correct horse"
TOPIC, GROUP = 2, 3
READ, WRITE, DESCRIBE = 3, 4, 8
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

    async def allow(self, user: str, operation: int, name: str, *, of: int = TOPIC, prefixed: bool = False) -> None:
        """Give one right, by Kafka's numbers."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        try:
            pattern = 4 if prefixed else 3
            right = CreateAclsRequest(of, name, pattern, f"User:{user}", "*", operation, 3)
            await admin._send_to_controller(right)
        finally:
            await admin.close()


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
        for name in ("ada", "eve", "ivy"):
            server.add_user(name)
        yield server


def login(authority: Path | None, user: str = "ada", password: str = PASSWORD) -> KafkaSecurity:
    return KafkaSecurity.model_validate(
        {"protocol": "SASL_SSL", "user": user, "password": password, "ca_file": authority}
    )


class Nobody:
    """Reads, and does nothing with it."""

    async def assigned(self, partitions: Collection[int]) -> None: ...

    async def revoked(self, partitions: Collection[int]) -> None: ...

    async def received(self, records: Sequence[Incoming]) -> None: ...

    def failed(self, error: BaseException) -> None:
        raise error


async def start(kafka: LockedKafka, prefix: str, security: KafkaSecurity, *, reads: bool = False) -> None:
    """Do what a service does first; one that `reads` nudges and writes activity, as ingest, where that is said."""
    log = KafkaLog([kafka.locked], prefix, security=security)
    try:
        if reads:
            log.subscribe(TopicName.NUDGES, "ingest", Nobody(), (TopicName.ACTIVITY,))
            # The first group of all is waited for: Kafka makes what it keeps of groups then.
            await Patience(Status("ingest"))("log", log.start)
        else:
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


async def test_each_right_that_is_missing_is_named(kafka: LockedKafka, authority: Path, prefix: str) -> None:
    """Before anything starts: who reads without the right to would wait for ever, and hear nothing of it.

    A right that is taken back from who is at work loses nothing: it is waited for, with a sentence that names it.
    """
    log, ivys = (KafkaLog([kafka.locked], prefix, security=login(authority, user)) for user in ("ada", "ivy"))
    ivy = login(authority, "ivy")
    now = datetime.now(UTC)
    body = encode(Envelope(Tick(id="tick", source="test", at=now, partition=0), recorded=now))
    record = Outgoing(TopicName.ACTIVITY, 0, "0", body)
    try:
        assert await log.create(1)
        await log.start()
        await log.publish([record])
        await kafka.allow("ivy", DESCRIBE, f"{prefix}.", prefixed=True)
        with pytest.raises(UnsafeSettings) as missing:
            await start(kafka, prefix, ivy, reads=True)
        assert str(missing.value) == (
            f"Kafka lets KINDLING_KAFKA__USER 'ivy' in, but these rights are missing: READ {prefix}.log, "
            f"READ {prefix}.nudges, WRITE {prefix}.activity, READ group {prefix}.ingest; "
            "docs/operate.md lists the rights"
        )
        # A tool that subscribes to nothing writes nothing for sure, and reads the name of the log.
        with pytest.raises(UnsafeSettings, match=f"missing: READ {prefix}.log;"):
            await start(kafka, prefix, ivy)
        for name in ("log", "nudges"):
            await kafka.allow("ivy", READ, f"{prefix}.{name}")
        await kafka.allow("ivy", READ, f"{prefix}.ingest", of=GROUP)
        with pytest.raises(UnsafeSettings, match=f"missing: WRITE {prefix}.activity;"):
            await start(kafka, prefix, ivy, reads=True)
        await ivys.start()
        with pytest.raises(Unavailable, match=f"does not let this login read {prefix}.activity; docs/operate"):
            assert [found.body async for found in ivys.scan(TopicName.ACTIVITY)] == [body]
        with pytest.raises(Unavailable, match="does not let this login write to any topic"):
            await ivys.publish([record])
        await kafka.allow("ivy", WRITE, f"{prefix}.dead-letters")
        with pytest.raises(Unavailable, match=f"does not let this login write to {prefix}.activity; docs/operate"):
            await ivys.publish([record])
        await kafka.allow("ivy", WRITE, f"{prefix}.activity")
        await ivys.publish([record])
        await start(kafka, prefix, ivy, reads=True)
        refused = KafkaLog([kafka.locked], f"{prefix}2", security=ivy)
        with pytest.raises(UnsafeSettings, match=f"the right CREATE is missing for {prefix}2.activity, {prefix}2.dead"):
            await refused.create(1)
    finally:
        await log.stop()
        await ivys.stop()


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
