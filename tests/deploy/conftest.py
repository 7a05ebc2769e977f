"""These build images and start containers: only where they are asked for, by `make test-deploy`."""

import os
import subprocess
import time

import pytest

from tests.deploy.stack import ROOT, stand_ins

collect_ignore_glob = [] if os.environ.get("KINDLING_TEST_DEPLOY") else ["test_*.py"]
_told: list[str] = []


@pytest.fixture(scope="session")
def told() -> list[str]:
    """Collect what is measured; it is printed at the end."""
    return _told


@pytest.fixture(scope="session")
def images(told: list[str]) -> str:
    """Build the images as `make images` does, and give the model's hash."""
    began = time.monotonic()
    subprocess.run(["make", "images"], cwd=ROOT, check=True, capture_output=True)
    if stands := stand_ins():
        told.append(f"with stand-ins, so that what upstream's images contain is not proved: {', '.join(stands)}")
    told.append(f"images built in {time.monotonic() - began:.0f} s")
    return (ROOT / "dist" / "models" / "current").read_text().strip()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was measured."""
    for line in _told:
        terminalreporter.write_line(f"deploy: {line}")
