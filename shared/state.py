"""A community's state in a service: documents in tables, the timers among them, and what has changed."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


class Table(Generic[T]):
    """A kind of document: its name in the store, and the (frozen dataclass) type of its documents."""

    def __init__(self, name: str, document: type[T]) -> None:
        self.name: Final = name
        self._adapter: TypeAdapter[T] = TypeAdapter(document)

    def dump(self, document: T) -> bytes:
        return self._adapter.dump_json(document)

    def load(self, body: bytes) -> T:
        return self._adapter.validate_json(body)


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to do at a time. (name, subject) is its identity: set again, it moves."""

    name: str
    subject: str
    due: datetime


TIMERS = Table("timer", Timer)


@dataclass(slots=True)
class Changes:
    """What a batch changed: stored fields to write and to delete; `clears` first deletes all that were stored."""

    puts: dict[str, bytes] = field(default_factory=dict)
    drops: set[str] = field(default_factory=set)
    clears: bool = False


class Documents:
    """The working copy of one community's documents.

    Documents are immutable: `put` replaces. Tables are decoded when first asked for. Nothing is written here:
    the processing loop takes the changes, and throws the whole copy away when a write is refused.
    """

    def __init__(self, stored: dict[str, bytes] | None = None) -> None:
        self._raw: dict[str, dict[str, bytes]] = {}
        for name, body in (stored or {}).items():
            table, _, key = name.partition("/")
            self._raw.setdefault(table, {})[key] = body
        self._tables: dict[str, dict[str, Any]] = {}
        self._changed: dict[tuple[str, str], Table[Any]] = {}
        self._cleared = False
        timers = self.table(TIMERS)
        self._due: list[tuple[datetime, str, str]] = [(t.due, t.name, t.subject) for t in timers.values()]
        heapq.heapify(self._due)

    def table(self, table: Table[T]) -> dict[str, T]:
        """Give all documents of a table by key; read it, never write to it. Its order means nothing: sort."""
        loaded = self._tables.get(table.name)
        if loaded is None:
            raw = self._raw.pop(table.name, {})
            loaded = self._tables[table.name] = {key: table.load(body) for key, body in raw.items()}
        return cast("dict[str, T]", loaded)

    def get(self, table: Table[T], key: str) -> T | None:
        return self.table(table).get(key)

    def put(self, table: Table[T], key: str, document: T) -> None:
        documents = self.table(table)
        if documents.get(key) != document:
            documents[key] = document
            self._changed[table.name, key] = table

    def drop(self, table: Table[Any], key: str) -> None:
        if self.table(table).pop(key, None) is not None:
            self._changed[table.name, key] = table

    def clear(self) -> None:
        """Drop all documents of all tables, timers too."""
        self._raw, self._tables, self._due = {}, {}, []
        self._changed.clear()
        self._cleared = True

    def keys(self, table: Table[Any]) -> Iterator[str]:
        return iter(self.table(table))

    # Timers

    def set_timer(self, name: str, subject: str, due: datetime) -> None:
        """Have the service's `fire` called at `due` of event time; a timer of that name and subject moves."""
        self.put(TIMERS, f"{name}/{subject}", Timer(name, subject, due))
        heapq.heappush(self._due, (due, name, subject))

    def cancel_timer(self, name: str, subject: str) -> None:
        self.drop(TIMERS, f"{name}/{subject}")

    def next_due(self) -> datetime | None:
        """Give the earliest due time, if there is any."""
        self._forget_moved()
        return self._due[0][0] if self._due else None

    def due(self, name: str, clock: datetime) -> list[str]:
        """Give the subjects of all timers of a name that are due at `clock`, in order."""
        timers = self.table(TIMERS)
        waiting = (subject for due, named, subject in self._due if named == name and due <= clock)
        return sorted({subject for subject in waiting if _is_due(timers.get(f"{name}/{subject}"), clock)})

    def take_due(self, clock: datetime) -> Timer | None:
        """Take out the earliest timer due at `clock`, ties by name and subject."""
        self._forget_moved()
        if not self._due or self._due[0][0] > clock:
            return None
        due, name, subject = heapq.heappop(self._due)
        self.cancel_timer(name, subject)
        return Timer(name, subject, due)

    def _forget_moved(self) -> None:
        timers = self.table(TIMERS)
        while self._due:
            due, name, subject = self._due[0]
            timer = timers.get(f"{name}/{subject}")
            if timer is not None and timer.due == due:
                return
            heapq.heappop(self._due)

    # What the processing loop writes

    def take_changes(self) -> Changes:
        """Give what has changed since the last call, encoded."""
        changes = Changes(clears=self._cleared)
        self._cleared = False
        for (name, key), table in self._changed.items():
            document = self._tables[name].get(key)
            if document is None:
                changes.drops.add(f"{name}/{key}")
            else:
                changes.puts[f"{name}/{key}"] = table.dump(document)
        self._changed.clear()
        return changes


def _is_due(timer: Timer | None, clock: datetime) -> bool:
    return timer is not None and timer.due <= clock
