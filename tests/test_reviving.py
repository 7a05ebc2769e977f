"""The embedded server dies under `kindling up`."""

import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import httpx

from shared.embedded import running_server
from tests.loop.harness import until
from tests.test_commands import ready, up


async def test_up_starts_a_killed_server_again(tmp_path: Path) -> None:
    """Killed by whatever, the embedded server comes back on its address and data, and all that was accepted with it."""
    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        key = json.loads((tmp_path / "secrets.json").read_text())["service_key"]
        async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {key}"}) as http:
            await accept(http, "before")
            first = running_server(tmp_path / "store")
            assert first is not None
            os.kill(first.pid, signal.SIGKILL)
            await until(lambda: ready_with_another(address, tmp_path, first.pid), 60)
            await accept(http, "after")
            for post in ("before", "after"):
                await until(lambda post=post: is_known(http, post), 60)  # type: ignore[misc]


async def ready_with_another(address: str, data: Path, pid: int) -> bool:
    now = running_server(data / "store")
    return now is not None and now.pid != pid and await ready(address)


async def accept(http: httpx.AsyncClient, post: str) -> None:
    event = {
        "specversion": "1.0",
        "id": f"post/{post}",
        "source": "forum",
        "type": "kindling.PostPublished.v1",
        "time": datetime.now(UTC).isoformat(),
        "partitionkey": "mine",
        "data": {"message": post, "channel": "general", "author": "ada", "title": "", "mentions": [], "text": post},
    }
    headers = {"Content-Type": "application/cloudevents+json"}
    answer = await http.post("/v1/communities/mine/activities", json=event, headers=headers)
    assert answer.status_code == 202, answer.text


async def is_known(http: httpx.AsyncClient, post: str) -> bool:
    return (await http.get(f"/v1/communities/mine/posts/{post}/responders")).status_code == 200
