"""The demo as it runs: what visitors press in it, and how it ends."""

import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from kindling.demo.clock import EventClock
from kindling.demo.facts import COMMUNITY
from kindling.demo.generate import with_roles
from shared.embedded import free_port
from shared.events import MemberJoined
from shared.wire import CONTENT_TYPE, Envelope, encode
from tests.loop.harness import until
from tests.test_commands import COMMAND, ready

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@contextmanager
def demo(data: Path, port: int, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `kindling demo` while the block lasts."""
    environment = {**os.environ, "KINDLING_DATA_DIR": str(data)}
    command = [*COMMAND, "demo", "--port", str(port), *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def doors(data: Path, port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to the demo's doors as a program would, once they are open."""
    address = f"http://127.0.0.1:{port}"
    await until(lambda: ready(address), 120)
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


async def test_a_press_counts_and_the_demo_goes_on(tmp_path: Path) -> None:
    """Who presses pass in the demo sees their nudge withdrawn, and people are still asked about later posts.

    What would take the demo's clock weeks ahead, to the wall's, is refused.
    """
    port = free_port()
    with demo(tmp_path, port, "--speed", "1200") as process:
        async with doors(tmp_path, port) as http:
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


def test_the_demos_clock_follows_its_stream_and_never_stands_still() -> None:
    """Two presses between two beats of the stream have an order, and neither is ahead of the stream."""
    clock = EventClock(START)
    first, second = clock(), clock()
    assert START < first < second < START + timedelta(seconds=1)
    clock.reach(START + timedelta(minutes=5))
    assert clock() > START + timedelta(minutes=5)
    clock.reach(START)
    assert clock() > START + timedelta(minutes=5)
