"""What is held of one person, table by table: the shape that all services give it, so that it explains itself.

A service's rules say of each of its tables what of it is about a member and theirs to see; the tables that hold nothing
of one person are listed with the reason, so that a new one cannot be forgotten.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic_core import to_json

from shared.state import TIMERS, Documents, Table

# Said with every export: what of all that is held stands in none, and what is held elsewhere.
LEFT_OUT: Final = {
    "channels": "What is in channels that you may not read now, also what you wrote there yourself: those who run the "
    "community can look for it.",
    "others": "What other people said or decided about you: who does not want to be matched with you, whether somebody "
    "approved or refused that you are asked, what moderators have.",
    "lists": "In whose lists you stand, who else came into question where you did, and other people's words.",
}
ELSEWHERE: Final = {
    "log": "The log keeps every event as it was sent, the texts of your replies among it, for 30 days on Kafka, or as "
    "the last 20,000 handled records of a partition on the embedded server; then they are gone by themselves.",
    "vectors": "Of each post and interest above the numbers are kept that a model makes of its words, under a hash of "
    "the words.",
    "letters": "What could not be processed is kept as it was sent, until those who run the community delete it.",
    "backups": "Backups hold what they held, as long as those who run the community keep them.",
}

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


def away(service: str) -> Entry:
    """Say in the place of what a service holds that it did not answer."""
    return {"service": service, "away": True, "forgotten": None, "tables": []}


def document(community: str, member: str, made: datetime, services: Sequence[Entry], **more: Any) -> Entry:
    """Put what the services hold together, with what it is and what is not in it.

    `services` are as `Holding.as_json` and `away` give them; ingest keeps nothing of anybody, and is said to.
    """
    return {
        "what": "All that is held of one member, as far as they may see it; times are in UTC.",
        "community": community,
        "member": member,
        "made": made.isoformat(),
        "services": [*services, {"service": "ingest", "forgotten": None, "tables": []}],
        **more,
        "left_out": list(LEFT_OUT.values()),
        "elsewhere": list(ELSEWHERE.values()),
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


class OfMember(Protocol):
    """What a service's rules look at: all that may be about a member."""

    @property
    def documents(self) -> Documents: ...

    @property
    def member(self) -> str: ...


def own(table: Table[Any]) -> Callable[[OfMember], Iterable[Entry]]:
    """Make the rule of a table that is kept by member."""

    def entries(view: OfMember) -> Iterator[Entry]:
        if (known := view.documents.get(table, view.member)) is not None:
            yield plain(table, known)

    return entries


def timers(names: Collection[str]) -> Callable[[OfMember], Iterable[Entry]]:
    """Make the rule of timers: of those with these names the subject is a member."""

    def entries(view: OfMember) -> Iterator[Entry]:
        for _, timer in sorted(view.documents.table(TIMERS).items()):
            if timer.name in names and timer.subject == view.member:
                yield {"timer": timer.name, "due": timer.due.isoformat()}

    return entries


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
    """Give how a member's id stands in what is stored or sent: as it is in a key, and in both ways of JSON's.

    States are written with letters as they are, records of the log with what is not ASCII escaped.
    """
    return tuple(dict.fromkeys((member.encode(), to_json(member)[1:-1], json.dumps(member)[1:-1].encode())))
