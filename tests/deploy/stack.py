"""The compose file at work under a name of its own, beside whatever else the engine runs."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

from shared.embedded import free_port

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "deploy" / "compose.yaml"
SECURE = ROOT / "deploy" / "compose.secure.yaml"
IMAGES = ("kindling-ingest", "kindling-recommend", "kindling-nudge")
BASES = ("apache/kafka:4.1.1", "redis:7-bookworm", "python:3.11-slim-bookworm")


def missing_engine() -> str:
    """Say what is missing to run containers, or nothing."""
    if shutil.which("docker") is None:
        return "no engine: there is no docker on the PATH"
    for command in (["info"], ["compose", "version"]):
        if subprocess.run(["docker", *command], capture_output=True, check=False).returncode:
            return f"no engine: `docker {' '.join(command)}` fails"
    return ""


def stand_ins() -> list[str]:
    """Name the upstream images that are stand-ins here: what these contain is not proved by a run with them."""
    look = ["image", "inspect", "--format", '{{.RepoTags}} {{index .Config.Labels "kindling.stand-in"}}', *BASES]
    return [line.split("]")[0].lstrip("[") for line in docker(*look).splitlines() if line.endswith("true")]


def docker(*arguments: str, env: dict[str, str] | None = None) -> str:
    """Run docker, and give what it prints.

    Raises:
        AssertionError: it failed; with all that it said.
    """
    done = subprocess.run(
        ["docker", *arguments], env=env, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wait_for(condition: Callable[[], bool], what: str, seconds: float) -> float:
    """Wait until something is so, and give the seconds that it took.

    Raises:
        AssertionError: it never was.
    """
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.25)
    return time.monotonic() - began


class Stack:
    """A whole Kindling in containers; `secrets` is a folder that has its secrets."""

    def __init__(self, project: str, secrets: Path, *files: Path, **settings: str) -> None:
        self.project = project
        self._files = files or (FILE,)
        ports = free_port(), free_port()
        self.ingest, self.nudge = (f"http://127.0.0.1:{port}" for port in ports)
        self.key = (secrets / "KINDLING_SERVICE_KEY").read_text()
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KINDLING_")},
            "SECRETS": str(secrets), "INGEST_PORT": str(ports[0]), "NUDGE_PORT": str(ports[1]), **settings,
        }  # fmt: skip

    def with_settings(self, **settings: str) -> "Stack":
        """Give the same stack with other variables of the compose file."""
        other = copy(self)
        other._env = {**self._env, **settings}
        return other

    def of_version(self, file: Path, tag: str) -> "Stack":
        """Give the same stack by another version's compose file and images."""
        other = self.with_settings(TAG=tag)
        other._files = (file,)
        return other

    def compose(self, *arguments: str) -> str:
        """Run `docker compose`, and give what it prints."""
        files = [word for file in self._files for word in ("-f", str(file))]
        return docker("compose", "-p", self.project, *files, *arguments, env=self._env)

    def up(self) -> None:
        """Start all of it, and wait until it is ready."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "240")

    def replace(self, service: str) -> None:
        """Put what this stack has in the place of one service's containers, and wait until it is ready."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "120", "--no-deps", service)

    def down(self) -> None:
        """Stop all of it, and delete its data."""
        self.compose("down", "--volumes", "--timeout", "10", "--remove-orphans")

    def backup(self, action: str, file: Path) -> float:
        """Save or restore all state with the operator's script, and give the seconds that it took."""
        began = time.monotonic()
        command = [str(ROOT / "deploy" / "backup.sh"), action, str(file), self.project]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return time.monotonic() - began

    def kindling(self, *arguments: str) -> str:
        """Run the command line in a container beside the services."""
        return self.compose("run", "--rm", "--no-deps", "-T", "kindling", *arguments)

    def ask(self, service: str, code: str, *arguments: str, index: int = 1) -> str:
        """Run Python in a container of a service, and give what it prints."""
        return self.compose("exec", "-T", "--index", str(index), service, "python", "-c", code, *arguments)

    def address(self, service: str) -> str:
        """Give the address of a service's container inside the engine, which this machine reaches too."""
        networks = self.state(service)["NetworkSettings"]["Networks"]
        return str(networks[f"{self.project}_servers"]["IPAddress"])

    def state(self, service: str) -> dict[str, Any]:
        """Give what the engine knows of a service's container."""
        found: dict[str, Any] = json.loads(docker("inspect", f"{self.project}-{service}-1"))[0]
        return found

    def revision(self, service: str) -> str:
        """Name the commit that the image of a running service was built from."""
        return str(self.state(service)["Config"]["Labels"]["org.opencontainers.image.revision"])

    def crash(self, service: str) -> dict[str, Any]:
        """Kill a service's process as a crash would, and give what the engine knew of it before."""
        before = self.state(service)
        os.kill(before["State"]["Pid"], signal.SIGKILL)
        return before

    def wait_back(self, service: str, before: dict[str, Any]) -> None:
        """Wait until a service that crashed is back and ready."""
        wait_for(lambda: self._is_back(service, before), f"{service} is back after a crash", 120)

    def _is_back(self, service: str, before: dict[str, Any]) -> bool:
        now = self.state(service)
        again: bool = now["State"]["StartedAt"] != before["State"]["StartedAt"]
        return again and now["State"]["Running"] and now["State"]["Health"]["Status"] == "healthy"
