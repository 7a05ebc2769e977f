"""The commands of the documentation do what is said of them, or are at least commands that there are."""

import gzip
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kindling.settings import described
from tests.archives import write
from tests.doc_commands import PAGES, ROOT, Command, inline_commands, is_ours, shell_commands, targets, wrong_with
from tests.loop.harness import until
from tests.test_commands import kindling, ready, up

SHOWN = [command for page in PAGES for command in shell_commands(page)]
NAMED = [command for page in PAGES for command in inline_commands(page)]
# What is not run and not held against anything here, and why.
LEFT_OUT = {
    "docker": "needs an engine: tests/deploy runs the same with one; its files and services are looked up below",
    "deploy/backup.sh": "needs the containers: tests/deploy saves and restores with it",
    "curl": "needs a server and a key: its event is held against the front door in tests/test_readme.py",
    "export": "sets what the next lines need; the names of settings are looked up below",
    "alias": "shortens the lines that follow",
    "cp": "copies a file that is looked up below",
    "echo": "writes a line of settings",
    "kubectl": "needs a cluster: the manifests are held against its schema elsewhere; that they are there, below",
    "deploy/make-kafka-secrets.sh": "needs the containers: tests/deploy runs a Kafka with a login",
    **dict.fromkeys(("for", "do", "done"), "says how often the lines between are run"),
}
DEPLOYMENTS = {
    one["metadata"]["name"]
    for file in (ROOT / "deploy/kubernetes/base").glob("*.yaml")
    for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    if one["kind"] == "Deployment"
}
# Pages whose blocks are run in their order, as they are typed, and what of them is not.
RUN = {"start.md": frozenset({"make demo", ".venv/bin/kindling up"})}
# Variables that are not settings of the services.
ALSO = frozenset({"KINDLING_CONFIG", "KINDLING_SECRETS"})


@pytest.mark.parametrize("command", [one for one in SHOWN if is_ours(one)], ids=str)
def test_a_command_that_is_shown_would_begin(command: Command) -> None:
    """Whoever copies it is not told that a command, an option or a value does not exist, or that one is missing."""
    assert wrong_with(command) == ""


@pytest.mark.parametrize("command", NAMED, ids=str)
def test_a_command_that_is_named_exists(command: Command) -> None:
    """A command in the text has the name and the options that the command line has."""
    assert wrong_with(command) == ""


WRONG = ["kindling nonsense", "kindling up --nonsense", "kindling link mine", "kindling run x", "kindling up --port x"]


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_command_would_be_found(words: str) -> None:
    """What guards the pages sees an unknown command, option or value, and a missing word."""
    assert wrong_with(Command("", 0, tuple(words.split()))) != ""


def test_nothing_else_is_shown_without_a_check() -> None:
    """Each other command is a target of make, a module, or left out for a reason; the files that it names exist."""
    for command in (one for one in SHOWN if not is_ours(one)):
        first, *rest = command.words
        if first == "make":
            assert {word for word in rest if "=" not in word} <= targets(), command
        elif first == "python":
            assert importlib.util.find_spec(rest[rest.index("-m") + 1]) is not None, command
        else:
            assert first in LEFT_OUT, f"{command}: run it, or say why not"
        files = [word for word in command.words if word.startswith(("deploy/", "examples/"))]
        if first == "kubectl":  # its deploy/NAME is a Deployment
            files = [word for word in files if word.removeprefix("deploy/") not in DEPLOYMENTS]
        assert [word for word in files if not (ROOT / word).exists() and word != "deploy/.env"] == [], command


def test_services_of_the_compose_file_are_there() -> None:
    """What `docker compose` is told to run, scale or start is a service of the compose file."""
    services = set(yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"])
    for command in (one for one in SHOWN if one.words[0] == "docker" and "run" in one.words):
        assert services & set(command.words), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_settings_that_pages_name_are_settings(page: Path) -> None:
    """A setting that was renamed is renamed in the text, too."""
    known = {name for name, *_ in described()} | ALSO
    named = set(re.findall(r"KINDLING_[A-Z_]+[A-Z]\b", page.read_text(encoding="utf-8")))
    assert named - known == set()


async def test_the_five_minute_start_goes_as_it_is_written(tmp_path: Path) -> None:
    """Every line of the page, in its order, with the services at work, in a folder with an environment."""
    lines = [" ".join(one.words) for one in shell_commands(ROOT / "docs" / "start.md")]
    assert set(lines) >= RUN["start.md"]
    write(tmp_path / "history.jsonl", 40)
    packed = gzip.compress((tmp_path / "history.jsonl").read_bytes())
    (tmp_path / "history.jsonl.gz").write_bytes(packed)
    binary = tmp_path / ".venv" / "bin" / "kindling"
    binary.parent.mkdir(parents=True)
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} -m kindling.main "$@"\n')
    binary.chmod(0o755)
    data = tmp_path / "data"
    environment = {**os.environ, "KINDLING_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
    with up(data) as address:
        await until(lambda: ready(address), 120)
        environment["KINDLING_PORT"] = address.rsplit(":", 1)[1]
        for command in shell_commands(ROOT / "docs" / "start.md"):
            if " ".join(command.words) in RUN["start.md"]:
                continue
            if "delete" in command.words:  # the services have to have read that it is closed
                await until(lambda: _is_closed(data), 60)
            _type(command, tmp_path, environment)


def _type(command: Command, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command.words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


async def _is_closed(data: Path) -> bool:
    return "closed" in kindling(data, "community", "status", "mine")
