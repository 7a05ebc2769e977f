"""The README: what it says can be done, can be done."""

import json
import re
import shlex
from pathlib import Path

import pytest

from services.ingest.accept import Accepted, Door, Scope, accept
from shared.clock import wall_clock
from tests.test_commands import kindling

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> list[str]:
    """Give every `kindling …` command line of the README's code blocks."""
    blocks = "".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    return re.findall(r"(?:^|/| )kindling ([a-z][^\n#&\\]*)", blocks)


@pytest.mark.parametrize("command", sorted({" ".join(shlex.split(c)[:2]) for c in commands()}))
def test_every_command_of_the_readme_exists(command: str, tmp_path: Path) -> None:
    """A command that a newcomer copies is one that there is."""
    words = [word for word in shlex.split(command) if re.fullmatch(r"[a-z-]+", word)]
    if words[0] in ("topics", "keys", "dead-letters", "models"):
        kindling(tmp_path, *words[:2], "--help")
    else:
        kindling(tmp_path, words[0], "--help")


def test_the_example_event_is_accepted() -> None:
    """The event of the README's curl is one that the front door takes."""
    found = re.search(r"-d '(\{.*?\})'", README, re.DOTALL)
    assert found is not None
    body = json.dumps(json.loads(found[1])).encode()
    taken = accept(body, Door("mine", frozenset({Scope.ACTIVITY}), wall_clock()))
    assert isinstance(taken, Accepted)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_the_pages_point_to_is_there(page: Path) -> None:
    """Every file that a page names, and every page that it links to, exists."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:services|shared|kindling|tests|bench|docs)/[\w/.-]+)`", text)
    linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [link for link in linked if not (page.parent / link).exists()]
    assert missing == []
