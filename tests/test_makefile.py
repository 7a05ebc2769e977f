"""`make` and its environment: made once, repaired where it is broken, and with the Python that was named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STAMP = ".venv/.ready-to-use"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a folder with the Makefile and what its environment is made from."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make(tree: Path, *arguments: str, code: int = 0) -> str:
    # Without what an outer make hands on; installing is left out.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTHON"))}
    done = subprocess.run(
        ["make", "-C", str(tree), "PIP=true", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def has_pip(tree: Path) -> bool:
    return subprocess.run([tree / ".venv/bin/python", "-m", "pip", "--version"], check=False).returncode == 0


def pretend(tree: Path, version: str) -> Path:
    """Have a ready environment whose Python says that it is another version."""
    python = tree / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho {version}\n")
    python.chmod(0o755)
    (tree / STAMP).touch()
    return python


def test_a_half_made_environment_is_made_again(tree: Path) -> None:
    """Whoever interrupted the first make, or whose disk was full, only calls it again; the second time is quick."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tree / ".venv"], check=True)
    assert not has_pip(tree)
    assert "Making the environment" in make(tree, STAMP, f"PYTHON={sys.executable}")
    assert has_pip(tree)
    assert "Making" not in make(tree, STAMP)
    assert "Making" not in make(tree, STAMP, f"PYTHON={sys.executable}")


def test_the_python_that_is_named_is_used(tree: Path) -> None:
    """`make PYTHON=...` does not go on with the environment of another version; without it, that one is kept."""
    other = "3.13" if sys.version_info[:2] != (3, 13) else "3.12"
    python = pretend(tree, other)
    assert "Making" not in make(tree, STAMP)
    make(tree, STAMP, f"PYTHON={sys.executable}")
    found = subprocess.run([python, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == sys.version


def test_an_environment_that_no_longer_runs_is_made_again(tree: Path) -> None:
    """After its Python went away with an upgrade of the system, the environment is made with the one there is now."""
    pretend(tree, "3.12").unlink()
    make(tree, STAMP, f"PYTHON={sys.executable}")
    assert has_pip(tree)


def test_a_python_that_cannot_be_used_is_said(tree: Path) -> None:
    """A Python that is too old, or not there, is named in a sentence."""
    old = pretend(tree, "3.8")
    old.write_text("#!/bin/sh\nif test x$2 = x; then echo Python 3.8; fi\nexit 1\n")
    assert f'"{old}" is not one: Python 3.8. Name another' in make(tree, STAMP, f"PYTHON={old}", code=2)


def test_the_demo_takes_arguments(tree: Path) -> None:
    """`make demo DEMO_ARGS=...` hands them on, and `make help` tells of it."""
    assert "kindling demo --fresh" in make(tree, "-n", "demo", "DEMO_ARGS=--fresh")
    assert "DEMO_ARGS" in make(tree, "help")
