"""The example of a deployment's settings: complete, and right as it stands."""

import re
from pathlib import Path

import pytest

from deploy.env_example import example
from kindling.settings import described, load

DEPLOY = Path(__file__).parent.parent / "deploy"
FILE = DEPLOY / ".env.example"
LINE = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)


def test_the_example_is_made_from_the_settings() -> None:
    """A new setting is in the file, explained, or this says how to make it again."""
    assert FILE.read_text() == example(), "python -m deploy.env_example > deploy/.env.example"


def test_every_setting_is_in_the_example() -> None:
    """Nobody has to read code to know what can be set."""
    named = [name for name, _ in LINE.findall(FILE.read_text())]
    assert [name for name in named if name.startswith("KINDLING_")] == [name for name, _, _ in described()]


def test_every_variable_of_the_compose_files_is_in_the_example() -> None:
    """What any of them takes is explained, with the default that it has there."""
    files = "".join(file.read_text() for file in DEPLOY.glob("compose*.yaml"))
    used = re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", files)
    said = {(name, value) for name, value in LINE.findall(FILE.read_text())}
    assert set(used) <= said
    assert {pair for pair in said if not pair[0].startswith("KINDLING_")} <= set(used)


def test_whoever_takes_the_comments_away_has_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The values are written as they are read: a list is one, an hour is one."""
    monkeypatch.chdir(tmp_path)
    before = load()
    for name, value in LINE.findall(FILE.read_text()):
        if name.startswith("KINDLING_") and value:
            monkeypatch.setenv(name, value)
    assert load() == before
