"""What is stored, looked through for a person, and every table that a service keeps."""

import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import shared
from shared.state import Table


def naming(stored: Mapping[str, bytes], words: Sequence[bytes]) -> dict[str, bytes]:
    """Do as the store does: give what has one of some words in its name or body."""
    return {name: body for name, body in stored.items() if any(word in name.encode() + b"\0" + body for word in words)}


def left_of(stored: Mapping[str, bytes], member: str) -> list[str]:
    """Name what is stored that still names a member: as a text of its own, or as a part of its key."""
    return sorted(name for name, body in stored.items() if member in _parts(name) | words(json.loads(body)))


def words(value: Any) -> set[str]:
    """Collect every text of a value."""
    if isinstance(value, dict):
        return set[str]().union(value, *map(words, value.values()))
    if isinstance(value, list | tuple):
        return set[str]().union(*map(words, value))
    return {value} if isinstance(value, str) else set()


def _parts(name: str) -> set[str]:
    _, _, key = name.partition("/")
    return {key, *key.split("/"), *(words(json.loads(key)) if key.startswith("[") else ())}


def tables_of(service: ModuleType) -> dict[str, Table[Any]]:
    """Find every table that a service keeps, wherever in it: those of `shared` are everybody's."""
    found: dict[str, Table[Any]] = {}
    for module in (*_modules(service), *_modules(shared)):
        for value in vars(module).values():
            if isinstance(value, Table):
                assert found.setdefault(value.name, value) is value, f"two tables are called {value.name}"
    return found


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        try:
            yield importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            # What only an extra brings that is not installed keeps nothing.
            if (error.name or "").partition(".")[0] in ("services", "shared"):
                raise
