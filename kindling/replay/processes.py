"""The service processes of a replay: real ones, started as an operator would, killed where that is asked for."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from shared.embedded import free_port

START_SECONDS = 180


class ProcessEnded(Exception):
    """A service process of a replay ended or never became ready; the message names its log."""


@dataclass
class ServiceProcess:
    """One process: `kindling up` or `kindling run SERVICE`, with its log in a file."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    port: int = field(default_factory=free_port)
    restarts: int = 0
    peak_bytes: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "kindling.main", *self.arguments, "--port", str(self.port)]
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, our own module
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.environment}
            )

    def wait_ready(self) -> None:
        """Wait until its health says ready.

        Raises:
            ProcessEnded: it ended, or was not ready in time; the sentence names its log.
        """
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise ProcessEnded(
                    f"{self.name} ended with {self._process.returncode}: see {self.folder / self.name}.log"
                )
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise ProcessEnded(f"{self.name} was not ready after {START_SECONDS} s: see {self.folder / self.name}.log")

    def measure(self) -> None:
        """Note the memory that it has now, if that is more than ever before, restarts included."""
        if self._process is not None and self._process.poll() is None:
            self.peak_bytes = max(self.peak_bytes, resident(self._process.pid))

    def metrics(self) -> str:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=30).text
        except httpx.TransportError:
            return ""

    def kill(self) -> None:
        """End it as a power cut would, and start it again."""
        assert self._process is not None
        self.measure()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.restarts += 1
        self.start()

    @property
    def ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@dataclass
class StoreProcess:
    """The embedded store's process, which nobody kills: looked at only."""

    pid: int
    name: str = "store"
    peak_bytes: int = 0

    def measure(self) -> None:
        """Note the memory that it has now, if that is more than ever before."""
        self.peak_bytes = max(self.peak_bytes, resident(self.pid))


def resident(pid: int) -> int:
    """Give the bytes that a process and those that it started hold in memory now; 0 where it has ended."""
    try:
        process = psutil.Process(pid)
        return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


@dataclass
class Chaos:
    """Kills each process `times` times, at moments drawn by `seed`: so many events apart."""

    processes: Sequence[ServiceProcess]
    times: int
    events: int
    seed: int
    _moments: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)  # noqa: S311 - moments to kill at, not secrets
        for index in range(len(self.processes)):
            self._moments += [(draw.randrange(max(self.events, 1)), index) for _ in range(self.times)]
        self._moments.sort(reverse=True)

    def after(self, events: int) -> None:
        """Kill whose moment has come, once so many events are in; blocks where it has not started up yet."""
        while self._moments and self._moments[-1][0] <= events:
            _, index = self._moments.pop()
            # Killed while it starts it would be killed doing nothing.
            self.processes[index].wait_ready()
            self.processes[index].kill()
