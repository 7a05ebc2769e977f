"""What is held of one person, table by table: the shape that all services give it, so that it explains itself.

A service's rules say of each of its tables what of it is about a member and theirs to see; the tables that hold nothing
of one person are listed with the reason, so that a new one cannot be forgotten.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic_core import to_json

from shared.state import Table

T = TypeVar("T")
View = TypeVar("View")
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """What one table holds of a member: its name, what it is for in a sentence, and the entries, ready for JSON."""

    table: str
    about: str
    entries: tuple[Entry, ...]

    def as_json(self) -> dict[str, Any]:
        return {"table": self.table, "about": self.about, "entries": list(self.entries)}


@dataclass(frozen=True, slots=True)
class Holding:
    """What one service holds of a member. `forgotten`: when they were, if so; that is kept under a hash of their id."""

    service: str
    sections: tuple[Section, ...]
    forgotten: datetime | None = None

    @property
    def entries(self) -> int:
        return sum(len(section.entries) for section in self.sections)

    def as_json(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "forgotten": self.forgotten.isoformat() if self.forgotten else None,
            "tables": [section.as_json() for section in self.sections],
        }


@dataclass(frozen=True, slots=True)
class Rule(Generic[View]):
    """A table that holds something of people: what it is for, and what of it a member may be shown as theirs."""

    table: Table[Any]
    about: str
    of: Callable[[View], Iterable[Entry]]


def sections_of(rules: Sequence[Rule[View]], view: View) -> tuple[Section, ...]:
    """Go through the rules in their order."""
    return tuple(Section(rule.table.name, rule.about, tuple(rule.of(view))) for rule in rules)


def plain(table: Table[T], document: T, *without: str) -> Entry:
    """Give a document as it is stored, but for some fields; of when something was said the time alone."""
    found: Entry = json.loads(table.dump(document))
    return {name: _timed(value) for name, value in found.items() if name not in without}


def _timed(value: Any) -> Any:
    # A stamp names the event that said it, too: that id is the platform's, and may name others.
    if isinstance(value, dict):
        return value["at"] if value.keys() == {"at", "id"} else {name: _timed(one) for name, one in value.items()}
    return [_timed(one) for one in value] if isinstance(value, list) else value


def words_of(member: str) -> tuple[bytes, ...]:
    """Give how a member's id stands in what is stored: as it is in a key, and as JSON writes it."""
    return tuple(dict.fromkeys((member.encode(), to_json(member)[1:-1])))
