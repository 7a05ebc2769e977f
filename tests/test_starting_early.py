"""`kindling up` is started before its servers are."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx

from shared.embedded import free_port
from tests.loop.harness import until
from tests.servers import RedisServer
from tests.test_commands import COMMAND, ready


async def test_servers_that_come_later_are_waited_for(tmp_path: Path) -> None:
    """Health says what is missing while it is, and everything is at work once it is there, without a restart."""
    server, port = RedisServer(), free_port()
    environment = {**os.environ, "KINDLING_STORE": server.url, "KINDLING_DATA_DIR": str(tmp_path)}
    process = subprocess.Popen([*COMMAND, "up", "--port", str(port)], env=environment)  # noqa: ASYNC220 - at once
    address = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: waits(process, address), 60)
        await asyncio.to_thread(server.start)
        await until(lambda: ready(address), 60)
    finally:
        process.kill()
        process.wait()
        server.close()


async def waits(process: subprocess.Popen[Any], address: str) -> bool:
    assert process.poll() is None, "it has given up"
    async with httpx.AsyncClient() as http:
        try:
            told = (await http.get(f"{address}/health/ready")).json()
        except httpx.TransportError:
            return False
    return all("store" in service["waiting"] for service in told.values())
