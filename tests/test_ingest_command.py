"""`kindling import`, as it is typed."""

import asyncio
import json
import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.loop.harness import until
from tests.test_commands import COMMAND, kindling

START = datetime(2025, 1, 1, 12, tzinfo=UTC)


def archive(path: Path, count: int) -> Path:
    """Write so many posts, one a minute."""
    with path.open("w") as file:
        for number in range(count):
            at = (START + timedelta(minutes=number)).isoformat()
            said = {"id": f"S{number}", "channel": "forum", "topic": "", "author": "ada", "at": at, "text": "x" * 300}
            file.write(json.dumps({**said, "reply_to": None}) + "\n")
    return path


async def test_an_interrupted_import_says_how_it_goes_on(tmp_path: Path) -> None:
    """Ctrl-C leaves a sentence and the numbers, and the same command goes on from the line that it named."""
    file, data, numbers = archive(tmp_path / "a.jsonl", 60_000), tmp_path / "data", tmp_path / "numbers.json"
    arguments = ["import", str(file), "--community", "mine", "--json", str(numbers)]
    environment = {**os.environ, "KINDLING_DATA_DIR": str(data), "COLUMNS": "200"}
    kindling(data, "topics", "create")
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        # Who runs the tests in the background has them ignore Ctrl-C, and what they start with them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip

    async def begun() -> bool:
        return any((data / "imports").glob("*/*.json"))

    try:
        await until(begun, 60)
        process.send_signal(signal.SIGINT)
        printed, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 130
    made: dict[str, Any] = json.loads(numbers.read_text())
    assert 0 < made["lines"] < 60_000
    assert made["interrupted"]
    assert f"interrupted after line {made['lines']:,}: the same command goes on from there" in printed.decode()
    assert f"resumed after line {made['lines']:,}" in kindling(data, *arguments)
    assert json.loads(numbers.read_text())["lines"] == 60_000


def test_a_file_without_a_right_line_is_a_failure(tmp_path: Path) -> None:
    """A script that imports the wrong file learns it by the exit code, a person by a sentence."""
    file = tmp_path / "[a].txt"
    file.write_text("nonsense\n")
    kindling(tmp_path / "data", "topics", "create")
    said = kindling(tmp_path / "data", "import", str(file), "--community", "mine", code=1)
    assert "nothing is imported: no line of [a].txt is a message" in said
    file.write_text("")
    assert "nothing is imported" in kindling(tmp_path / "data", "import", str(file), "--community", "mine", code=1)


def test_a_result_does_not_overwrite_what_is_read(tmp_path: Path) -> None:
    """`--json` naming the archive is refused before anything is written."""
    file = archive(tmp_path / "a.jsonl", 1)
    before = file.read_text()
    kindling(tmp_path / "data", "import", str(file), "--community", "mine", "--json", str(file), code=2)
    assert file.read_text() == before
