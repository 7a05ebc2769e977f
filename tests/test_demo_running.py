"""The demo as it runs: what visitors press in it, and how it ends."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from kindling.commands.demo import start_over
from kindling.demo.clock import EventClock
from kindling.demo.facts import COMMUNITY
from kindling.demo.generate import with_roles
from kindling.demo.live import LiveTraffic
from kindling.demo.run import Progressed
from kindling.settings import Settings
from shared.embedded import EmbeddedServer, free_port, running_server
from shared.events import MemberJoined, PostPublished
from shared.wire import CONTENT_TYPE, Envelope, encode
from tests.loop.harness import until
from tests.test_commands import COMMAND, kindling, ready

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a demo that has its history behind it."""
    data = tmp_path_factory.mktemp("past")
    kindling(data, "demo", "--for", "1s", "--port", "0")
    return data


@pytest.fixture
def data(past: Path, tmp_path: Path) -> Path:
    """The same, for one test."""
    return Path(shutil.copytree(past, tmp_path / "data"))


@contextmanager
def demo(data: Path, port: int, *arguments: str, out: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """Run `kindling demo` while the block lasts."""
    environment = {**os.environ, "KINDLING_DATA_DIR": str(data), "TERM": "xterm"}
    command = [*COMMAND, "demo", "--port", str(port), *arguments]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def doors(process: subprocess.Popen[bytes], data: Path, port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to the demo's doors as a program would, once they are open."""
    address = f"http://127.0.0.1:{port}"

    async def at_work() -> bool:
        assert process.poll() is None
        return await ready(address)

    await until(at_work, 120)
    key = json.loads((data / "demo" / "secrets.json").read_text())["service_key"]
    where = f"{address}/v1/communities/{COMMUNITY}/members/"
    async with httpx.AsyncClient(base_url=where, headers={"Authorization": f"Bearer {key}"}, timeout=30) as http:
        yield http


async def asked(http: httpx.AsyncClient, *, everything: bool = False) -> list[tuple[str, dict[str, Any]]]:
    """Give the nudges in the inboxes of champions and leaders, each with whose it is."""
    found = []
    for person in with_roles(1, START):
        answer = await http.get(f"{person.id}/nudges", params={"all": everything})
        found += [(person.id, nudge) for nudge in answer.json()["nudges"]]
    return found


async def pass_on(http: httpx.AsyncClient) -> datetime | None:
    """Press pass on a nudge, if there is one; give when it had been issued once it is withdrawn."""
    for member, nudge in await asked(http):
        said = await http.post(f"{member}/nudges/{nudge['nudge']}/answers", json={"answer": "pass"})
        if said.status_code == 200 and said.json()["state"] == "withdrawn":
            (after,) = [n for _, n in await asked(http, everything=True) if n["nudge"] == nudge["nudge"]]
            # Somebody of the demo's own may have been faster.
            if after["withdrawn"] == "passed":
                return datetime.fromisoformat(nudge["issued"])
    return None


async def joins_now(http: httpx.AsyncClient) -> httpx.Response:
    """Send an event that happens by the wall clock."""
    event = MemberJoined(id="j", source="test", at=datetime.now(UTC), community=COMMUNITY, member="visitor")
    where, kind = http.base_url.join("../activities"), {"Content-Type": CONTENT_TYPE}
    return await http.post(where, content=encode(Envelope(event)), headers=kind)


async def test_a_press_counts_and_the_demo_goes_on(data: Path) -> None:
    """Who presses pass in the demo sees their nudge withdrawn, and people are still asked about later posts.

    What would take the demo's clock weeks ahead, to the wall's, is refused.
    """
    port = free_port()
    with demo(data, port, "--speed", "1200") as process:
        async with doors(process, data, port) as http:
            refused = await joins_now(http)
            assert (refused.status_code, refused.json()["pointer"]) == (422, "/time")
            issued: datetime | None = None

            async def passed() -> bool:
                nonlocal issued
                issued = await pass_on(http)
                return issued is not None

            async def asked_later() -> bool:
                assert issued is not None
                later = issued + timedelta(hours=1)
                nudges = await asked(http, everything=True)
                return any(datetime.fromisoformat(nudge["post"]["published"]) > later for _, nudge in nudges)

            await until(passed, 120)
            await until(asked_later, 120)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def read(screen: int, until: bytes | None = None, seconds: float = 120) -> bytes:
    """Read what a terminal is sent, `until` something is in it or nobody is there any more who writes to it."""
    seen, end = b"", time.monotonic() + seconds
    while until is None or until not in seen:
        assert select.select([screen], [], [], max(0.0, end - time.monotonic()))[0], seen
        try:
            seen += os.read(screen, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
    return seen


def test_ctrl_c_leaves_the_numbers_and_the_addresses_on_the_screen(data: Path) -> None:
    """The view's screen is gone after Ctrl-C: what came of it all stays, and where the inboxes are."""
    screen, terminal = pty.openpty()
    with demo(data, free_port(), out=terminal) as process:
        os.close(terminal)
        read(screen, until=b"\x1b[?1049h")
        process.send_signal(signal.SIGINT)
        left = read(screen).rsplit(b"\x1b[?1049l", 1)[-1].decode()
        assert process.wait(60) == 0
    os.close(screen)
    for words in ("The demo in numbers", "nudges", "inbox of", "/health/ready"):
        assert words in left, left
    assert "Traceback" not in left


def test_the_summary_waits_for_what_is_on_its_way(data: Path) -> None:
    """At any speed, all posts that happened are in the numbers, ranked, and every nudge is explained."""
    numbers = data / "numbers.json"
    begin = Progressed.load(settings_of(data), 1)
    kindling(data, "demo", "--for", "3s", "--speed", "100000", "--port", "0", "--json", str(numbers))
    ended = Progressed.load(settings_of(data), 1)
    assert begin.now is not None
    assert ended.now is not None
    traffic = LiveTraffic(1, begin.start)
    traffic.advance(begin.now)
    posts = sum(isinstance(event, PostPublished) for event in traffic.advance(ended.now))
    made = json.loads(numbers.read_text())
    assert made["posts"] == made["matches"] == posts > 20
    assert sum(made["became"].values()) == sum(made["nudges"].values()) > 0


def settings_of(data: Path) -> Settings:
    return Settings(data_dir=data / "demo")


def test_fresh_is_refused_while_another_demo_runs(tmp_path: Path) -> None:
    """Nobody deletes a demo that somebody looks at; and nobody is left thinking that they had."""
    kept = tmp_path / "demo" / "demo.json"
    with EmbeddedServer(tmp_path / "demo" / "store"):
        kept.write_text("{}")
        said = kindling(tmp_path, "demo", "--fresh", "--for", "1s", code=2)
        assert "--fresh" in said
        assert "already served by process" in said
        assert kept.exists()


def test_fresh_deletes_what_a_killed_demo_left_with_its_server(tmp_path: Path) -> None:
    """A demo that was killed leaves its server behind; starting over ends it."""
    left = "import sys, os, signal; from pathlib import Path; from shared.embedded import EmbeddedServer"
    killed = f"{left}; EmbeddedServer(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", killed, str(tmp_path / "demo" / "store")], check=False)
    orphan = running_server(tmp_path / "demo" / "store")
    assert orphan is not None
    start_over(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()
    assert not psutil.pid_exists(orphan.pid)


def test_the_demos_clock_follows_its_stream_and_never_stands_still() -> None:
    """Two presses between two beats of the stream have an order, and neither is ahead of the stream."""
    clock = EventClock(START)
    first, second = clock(), clock()
    assert START < first < second < START + timedelta(seconds=1)
    clock.reach(START + timedelta(minutes=5))
    assert clock() > START + timedelta(minutes=5)
    clock.reach(START)
    assert clock() > START + timedelta(minutes=5)
