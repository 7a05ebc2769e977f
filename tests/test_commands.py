"""The `kindling` command, as it is typed."""

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.embedded import free_port, running_server
from tests.loop.harness import until

COMMAND = [sys.executable, "-m", "kindling.main"]


def kindling(data: Path, *arguments: str, code: int = 0, columns: int = 200) -> str:
    """Run a command to its end; gives what it printed."""
    environment = {**os.environ, "KINDLING_DATA_DIR": str(data), "COLUMNS": str(columns)}
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def up(data: Path, train_every_hours: float = 0) -> Iterator[str]:
    """Run `kindling up` while the block lasts; gives its address. It trains nothing unless told to.

    Its rounds follow each other closely: a nudge comes when its post is due, not up to a quarter of an hour later.
    And who was asked for something may be asked again at once: which of two things comes first is chance.
    """
    port = free_port()
    set_here = {
        "KINDLING_RECOMMEND__TRAIN_EVERY_HOURS": str(train_every_hours),
        "KINDLING_NUDGE__ROUND_MINUTES": "0.05",
        "KINDLING_NUDGE__GAP_HOURS": "0",
        "KINDLING_DATA_DIR": str(data),
    }
    environment = {**os.environ, **set_here}
    process = subprocess.Popen(
        [*COMMAND, "up", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


async def ready(address: str) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            return (await http.get(f"{address}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False


def archive(path: Path, now: datetime) -> Path:
    """Write an archive of two threads of the last hours: one is answered, one is not."""
    said = [
        ("1", "ada", 400, None, "How do I join two tables of people and orders?"),
        ("2", "ben", 390, "1", "With merge, on the key that both have."),
        ("3", "cem", 380, None, "Which plot shows how two numbers go together?"),
        ("4", "ben", 370, "3", "A scatter plot."),
        ("5", "ada", 300, None, "How do I join three tables of people, orders and places?"),
    ]
    with gzip.open(path, "wt") as file:
        for number, author, minutes, reply_to, text in said:
            at = (now - timedelta(minutes=minutes)).isoformat()
            line = {"id": number, "channel": "help", "topic": "", "author": author, "at": at, "text": text}
            file.write(json.dumps({**line, "reply_to": reply_to}) + "\n")
        file.write("not a message\n")
    return path


def test_a_newcomer_is_told_what_there_is(tmp_path: Path) -> None:
    """`kindling --help` names every command with a sentence."""
    said = kindling(tmp_path, "--help")
    for command in (
        "demo",
        "up",
        "run",
        "import",
        "replay",
        "schema",
        "dead-letters",
        "doctor",
        "topics",
        "link",
        "version",
    ):
        assert re.search(rf"^\W*{command}\s+\S", said, re.MULTILINE), command
    assert kindling(tmp_path, "version").startswith("kindling ")


def test_a_wrong_setting_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack is shown where a person only has to mend a setting."""
    monkeypatch.setenv("KINDLING_PORTT", "1")
    said = kindling(tmp_path, "up", code=2)
    assert "KINDLING_PORTT is no setting" in said
    assert "Traceback" not in said


def test_separate_services_say_which_servers_they_need(tmp_path: Path) -> None:
    """`kindling run` without servers says what to set, and that `up` needs none."""
    assert "KINDLING_SERVICE_KEY" in kindling(tmp_path, "run", "recommend", code=2)


def test_schemas_are_printed(tmp_path: Path) -> None:
    """Other systems can learn the vocabulary from the command alone."""
    assert "kindling.PostPublished.v1" in json.loads(kindling(tmp_path, "schema"))
    assert json.loads(kindling(tmp_path, "schema", "--asyncapi"))["asyncapi"].startswith("3.")


async def _is_told_what_is_held(http: httpx.AsyncClient, link: str) -> None:
    """What the one service holds, the other asks it for at its door."""
    held = {one["service"]: one["tables"] for one in (await http.get(f"{link}/held.json")).json()["services"]}
    assert [one["entries"] for one in held["nudge"] if one["table"] == "nudge"]
    (replied,) = [one["entries"] for one in held["recommend"] if one["table"] == "reply"]
    assert [one["reply"] for one in replied] == ["2", "4"]


async def test_from_an_archive_to_an_inbox(tmp_path: Path) -> None:
    """An operator's first hour: import history, see whom it would ask, let it, and find a nudge in an inbox."""
    now = datetime.now(UTC)
    data = tmp_path / "data"
    file = archive(tmp_path / "history.jsonl.gz", now)
    mapping = tmp_path / "people.toml"
    mapping.write_text('[members.ben]\nroles = ["champion"]\n[channels.help]\nprivacy = "public"\n')
    with up(data) as address:
        await until(lambda: ready(address), 120)
        report = tmp_path / "report.json"
        kindling(data, "import", str(file), "--community", "mine", "--mapping", str(mapping), "--json", str(report))
        made = json.loads(report.read_text())
        assert (made["rejected"], made["lines"]) == (1, 6)
        again = kindling(data, "import", str(file), "--community", "new", "--mapping", str(mapping))
        assert "new is new and begins with a dry run: nobody is asked" in again
        key = json.loads((data / "secrets.json").read_text())["service_key"]
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=address, headers=headers) as http:
            where = "/v1/communities/mine/members/ben"

            async def replies() -> list[dict[str, Any]]:
                answer = await http.get(f"{where}/nudges")
                # Ben, a champion, may be asked to connect people, too.
                return [one for one in answer.json().get("nudges", []) if one["kind"] == "reply"]

            async def nudged() -> bool:
                return bool(await replies())

            async def would_ask() -> bool:
                shown = (await http.get("/v1/communities/mine/proposals")).json()
                return any(one["member"]["id"] == "ben" for one in shown["proposals"])

            await until(would_ask, 60)
            assert await replies() == []
            kindling(data, "community", "mode", "mine", "autopilot", "--consent-given")
            await until(nudged, 60)
            (nudge,) = await replies()
            assert "dry run" not in kindling(
                data, "import", str(file), "--community", "mine", "--mapping", str(mapping)
            )
            assert nudge["post"]["id"] == "5"
            matches = (await http.get("/v1/communities/mine/posts/5/responders")).json()
            assert "ben" in json.dumps(matches)
            link = (await http.get(f"{where}/link")).json()["link"]
            printed = kindling(data, "link", "mine", "ben", "--port", address.rsplit(":", 1)[1]).splitlines()[0]
            assert printed.startswith(f"{address}/inbox/")
            await _is_told_what_is_held(http, link)
            assert "three tables" in (await http.get(printed)).text
            page = await http.get(link)
            assert page.status_code == 200
            assert "three tables" in page.text
            answered = await http.post(f"{where}/nudges/{nudge['nudge']}/answers", json={"answer": "claim"})
            assert answered.status_code in (200, 202)
        assert "no dead letters" in kindling(data, "dead-letters", "list", "--json", str(report))
        assert json.loads(report.read_text()) == []
        assert "activity" in kindling(data, "topics", "describe", "--json", str(report))
        assert json.loads(report.read_text())["records"]["activity"] > made["events"]
        assert "✗" not in kindling(data, "doctor", "--json", str(report))
        assert {"what": "dead letters", "found": "0", "todo": "", "fatal": False} in json.loads(report.read_text())
    kept = json.loads((tmp_path / "history.jsonl.gz.rejected.jsonl").read_text())
    assert kept["line_number"] == 6


def test_keys_are_shown_once_and_can_be_revoked(tmp_path: Path) -> None:
    """A key's secret is printed when it is made and never again."""
    said = kindling(tmp_path, "keys", "create", "mine", "--note", "the forum")
    (token,) = [line for line in said.splitlines() if line.startswith("kndl_")]
    assert "mine is new and begins with a dry run" in said
    listed = kindling(tmp_path, "keys", "list", "--json", str(tmp_path / "keys.json"))
    assert "the forum" in listed
    assert token not in listed
    identity = token.split("_")[1]
    (key,) = json.loads((tmp_path / "keys.json").read_text())
    assert (key["id"], key["community"], key["note"], key["scopes"]) == (identity, "mine", "the forum", ["activity"])
    assert "sha256" not in key
    assert "revoked" in kindling(tmp_path, "keys", "revoke", identity)
    kindling(tmp_path, "keys", "revoke", "nobody", code=1)


def test_the_demo_ends_by_itself_with_a_summary(tmp_path: Path) -> None:
    """`kindling demo --for` shows posts, matches and nudges, sums up, and goes on from there when called again."""
    numbers = tmp_path / "numbers.json"
    said = kindling(tmp_path, "demo", "--for", "12s", "--port", "0", "--speed", "1200", "--json", str(numbers))
    assert json.loads(numbers.read_text())["posts"] > 0
    for word in ("Matches", "Nudges", "posts", "nudges", "inbox of"):
        assert word in said
    again = kindling(tmp_path, "demo", "--for", "3s", "--port", "0")
    assert "history" not in again


def test_a_port_that_is_taken_is_said_and_nothing_stays(tmp_path: Path) -> None:
    """`kindling up` on a port that something else has ends with a sentence, and leaves no server behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = kindling(tmp_path, "up", "--port", str(taken.getsockname()[1]), code=2)
    assert "cannot listen on" in said
    assert running_server(tmp_path / "store") is None


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 257])
def test_a_community_that_no_address_can_name_is_refused(tmp_path: Path, name: str) -> None:
    """A key is made only for a community whose doors can be reached."""
    said = kindling(tmp_path, "keys", "create", name, code=2)
    assert "Traceback" not in said
