"""A tool that is asked to end stops what it has started."""

import gzip
import json
import os
import signal
import subprocess
from pathlib import Path

import psutil

from tests.loop.harness import until
from tests.test_commands import COMMAND


async def test_a_replay_that_is_ended_leaves_nothing_running(tmp_path: Path) -> None:
    """SIGTERM ends the services of a replay and its server with it: nobody has to look for them."""
    process = _endless_replay(tmp_path)
    started: list[psutil.Process] = []

    async def has_started() -> bool:
        started[:] = psutil.Process(process.pid).children(recursive=True)
        return any("up" in child.cmdline() for child in started)

    try:
        await until(has_started)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
        _, alive = psutil.wait_procs(started, timeout=30)
        assert not alive
        assert _left_behind(tmp_path) == []
    finally:
        process.kill()
        for child in started:
            if child.is_running():
                child.kill()


def _endless_replay(folder: Path) -> subprocess.Popen[bytes]:
    line = {"id": "1", "channel": "c", "topic": "", "author": "a", "at": "2025-01-01T12:00:00Z", "text": "x"}
    archive = folder / "archive.jsonl.gz"
    archive.write_bytes(gzip.compress((json.dumps({**line, "reply_to": None}) + "\n").encode()))
    environment = {**os.environ, "KINDLING_DATA_DIR": str(folder), "TMPDIR": str(folder)}
    return subprocess.Popen(
        [*COMMAND, "replay", str(archive)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("kindling-replay-*")]
