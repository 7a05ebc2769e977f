"""These build images and start containers: only where they are asked for, by `make test-deploy`."""

import os

import pytest

collect_ignore_glob = [] if os.environ.get("KINDLING_TEST_DEPLOY") else ["test_*.py"]
_told: list[str] = []


@pytest.fixture(scope="session")
def told() -> list[str]:
    """Collect what is measured; it is printed at the end."""
    return _told


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was measured."""
    for line in _told:
        terminalreporter.write_line(f"deploy: {line}")
