"""What is kept of people: the page names all of it."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import services.ingest
import services.nudge
import services.recommend
import shared
from shared.service import ServiceName
from shared.state import Table

PAGE = Path(__file__).parent.parent / "docs" / "privacy.md"
PACKAGES = {
    ServiceName.INGEST: services.ingest,
    ServiceName.RECOMMEND: services.recommend,
    ServiceName.NUDGE: services.nudge,
}


def tables(*packages: object) -> set[str]:
    """Name the tables that the modules of packages make."""
    found = set()
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):  # type: ignore[attr-defined]
            loaded = importlib.import_module(module.name)
            found |= {one.name for one in vars(loaded).values() if isinstance(one, Table)}
    return found


def section(title: str) -> str:
    page = PAGE.read_text(encoding="utf-8")
    return re.split(r"^#{2,3} ", page.split(f"\n### {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("service", [ServiceName.RECOMMEND, ServiceName.NUDGE])
def test_every_table_is_named(service: ServiceName) -> None:
    """Whoever asks what is kept of them finds each document, what it holds, how long, and what forgetting does."""
    rows = re.findall(r"^\| (`.+?`) \| (.+) \| (.+) \| (.+) \|$", section(service.value.capitalize()), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(tables(PACKAGES[service], shared))
    assert all(cell.strip() for row in rows for cell in row)


def test_ingest_keeps_no_documents() -> None:
    """The page says so; what it has lies beside."""
    assert tables(PACKAGES[ServiceName.INGEST]) <= tables(shared)
