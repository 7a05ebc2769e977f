"""`kindling up` is asked to stop while its Redis hangs."""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from shared.embedded import free_port, running_server
from tests.loop.harness import until
from tests.servers import RedisServer
from tests.test_commands import COMMAND, ready

SECONDS = 10.0


async def hang(address: str, key: str) -> None:
    """Ask a door that needs Redis, which does not answer."""
    async with httpx.AsyncClient(timeout=60) as http:
        await http.get(f"{address}/v1/communities/c/members/m/nudges", headers={"Authorization": f"Bearer {key}"})


async def is_alive(http: httpx.AsyncClient, address: str) -> bool:
    return (await http.get(f"{address}/health/live")).status_code == 200


async def stop_with(pause: Callable[[], object], environment: dict[str, str], data: Path) -> float:
    """Start `up`, freeze its Redis, ask a door, send SIGTERM; gives the seconds until the process has ended."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        [*COMMAND, "up", "--port", str(port)], env={**os.environ, **environment, "KINDLING_DATA_DIR": str(data)}
    )
    address = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: ready(address), 120)
        pause()
        key = json.loads((data / "secrets.json").read_text())["service_key"]
        asking = asyncio.create_task(hang(address, key))
        async with httpx.AsyncClient() as http:
            await until(lambda: is_alive(http, address))  # so the other request has come in as well
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 60) == 0
        took = time.monotonic() - started
        await asyncio.gather(asking, return_exceptions=True)
        return took
    finally:
        process.kill()
        process.wait()


async def test_a_redis_that_hangs_keeps_nobody_from_stopping(tmp_path: Path) -> None:
    """SIGTERM ends all three services within ten seconds, although none can give its lease back."""
    with RedisServer() as server:
        assert await stop_with(server.pause, {"KINDLING_STORE": server.url}, tmp_path) < SECONDS


async def test_an_embedded_server_that_hangs_keeps_nobody_from_stopping(tmp_path: Path) -> None:
    """The embedded server is ended with its owner, within the same ten seconds, whatever it is doing."""

    def pause() -> None:
        server = running_server(tmp_path / "store")
        assert server is not None
        os.kill(server.pid, signal.SIGSTOP)

    assert await stop_with(pause, {}, tmp_path) < SECONDS
    assert running_server(tmp_path / "store") is None
