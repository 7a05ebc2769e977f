"""The compose files: what is open, what has rights, what starts; without an engine."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parent.parent / "deploy"
FILES = sorted(DEPLOY.glob("compose*.yaml"))
MAIN = DEPLOY / "compose.yaml"


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def services(file: Path) -> dict[str, Any]:
    """Give the services that a file has itself, and does not only add to."""
    return {name: one for name, one in read(file)["services"].items() if "image" in one}


ALL = [pytest.param(one, id=f"{file.stem}-{name}") for file in FILES for name, one in services(file).items()]


@pytest.mark.parametrize("one", ALL)
def test_nothing_has_more_rights_than_it_needs(one: dict[str, Any]) -> None:
    """A root file system that cannot be written to, no rights, a limit to its memory, a version that is named."""
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["deploy"]["resources"]["limits"]["memory"]
    assert one["logging"]["options"]["max-size"]
    assert re.search(r":(\$\{TAG:-latest\}|v?\d[\w.-]*)$", one["image"])


def test_only_the_proxy_is_open_to_the_world() -> None:
    """All other doors are open to this machine alone, unless PUBLISH says otherwise."""
    for file in FILES:
        for name, one in services(file).items():
            here = all(port.startswith(("127.0.0.1:", "${PUBLISH:-127.0.0.1}:")) for port in one.get("ports", ()))
            assert here is (name != "proxy"), name


def test_what_has_no_profile_is_the_core() -> None:
    """Who names no profile has a whole Kindling; who names one has something besides."""
    by_profile: dict[str, set[str]] = {}
    for name, one in services(MAIN).items():
        (profile,) = one.get("profiles", ["core"])
        by_profile.setdefault(profile, set()).add(name)
    assert by_profile == {
        "core": {"kafka", "redis", "topics", "ingest", "recommend", "nudge"},
        "monitoring": {"prometheus", "grafana"},
        "traces": {"jaeger"},
        "demo": {"demo"},
        "tools": {"kindling"},
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_files_go_together(file: Path) -> None:
    """Docker's own reading of a file, over the main one, finds nothing wrong; every variable has a default."""
    if shutil.which("docker") is None:
        pytest.skip("there is no docker")
    files = [word for one in dict.fromkeys((MAIN, file)) for word in ("-f", str(one))]
    command = ["docker", "compose", *files, "--env-file", "/dev/null", "--profile", "*", "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_secrets_are_made(tmp_path: Path) -> None:
    """Each secret of the main file is made, once, readable for the containers' users, in a folder for nobody else."""
    script = [DEPLOY / "make-secrets.sh", tmp_path / "secrets"]
    subprocess.run(script, check=True, capture_output=True)
    made = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(read(MAIN)["secrets"])
    assert all(re.fullmatch(r"[\w-]{43}", secret) for secret in made.values())
    assert len(set(made.values())) == len(made)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert subprocess.run(script, check=True, capture_output=True).stdout == b""
    assert made == {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}


def test_kafkas_secrets_are_made(tmp_path: Path) -> None:
    """A certificate for the name that services call Kafka by, which its own authority vouches for; made once."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    folder = tmp_path / "secrets"
    script = [DEPLOY / "make-kafka-secrets.sh", folder]
    subprocess.run(script, check=True, capture_output=True)
    made = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert set(made) == {*read(MAIN)["secrets"], *read(DEPLOY / "compose.secure.yaml")["secrets"], "kafka-ca.key"}
    assert (folder / "kafka-ca.key").stat().st_mode & 0o777 == 0o600
    check = ["openssl", "verify", "-CAfile", "kafka-ca.pem", "-verify_hostname", "kafka", "kafka.pem"]
    assert subprocess.run(check, cwd=folder, capture_output=True, check=False).returncode == 0
    assert subprocess.run(script, check=True, capture_output=True).stdout == b""
    assert made == {file.name: file.read_bytes() for file in folder.iterdir()}
