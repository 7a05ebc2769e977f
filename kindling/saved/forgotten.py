"""Who was forgotten since a community was saved: nobody comes back by a restoration, and it stays known.

The state that is replaced names them by hashes alone, for good. Whoever the file names is hashed and compared; of
these, the services are told again. Any text in a document or record may name somebody, so all of it is looked at.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from kindling.saved.file import Field
from kindling.saved.keys import STATE, Keys, Name
from services.nudge import documents as nudge
from services.nudge.naming import short_hash
from services.recommend import documents as recommend
from shared.service import ServiceName
from shared.state import Table

Hashes = Mapping[ServiceName, Mapping[str, datetime]]
_TABLES: Final[dict[ServiceName, Table[Any]]] = {
    ServiceName.RECOMMEND: recommend.FORGOTTEN,
    ServiceName.NUDGE: nudge.FORGOTTEN,
}
_LONGEST_ID: Final = 1000


async def forgotten_there(keys: Keys) -> Hashes:
    """Give whom the state that is there says to be forgotten: their hashes in each service, with when it was."""
    found: dict[ServiceName, dict[str, datetime]] = {}
    for service, table in _TABLES.items():
        bodies = await keys.matching(Name(service.value, STATE), f"{table.name}/")
        found[service] = {key: table.load(body).at for key, body in bodies.items()}
    return found


class ForgottenSince:
    """Compares whom a file names with whom the state that is replaced says to be forgotten."""

    def __init__(self, community: str, there: Hashes) -> None:
        self._community = community
        self._there = there
        self._file: dict[tuple[ServiceName, str], datetime] = {}
        self._seen: set[str] = set()
        self._looks = any(there.values())

    def see_field(self, name: Name, field: Field) -> None:
        """Look at a document."""
        if not self._looks:
            return
        if name.rest == STATE:
            service = ServiceName(name.service)
            table, _, key = field.name.decode(errors="replace").partition("/")
            if service in _TABLES and table == _TABLES[service].name:
                self._file[service, key] = _TABLES[service].load(field.value).at
                return
            self._see(_parts(key))
        self.see_record(field.value)

    def see_record(self, body: bytes) -> None:
        """Look at a record, or at any other text."""
        if not self._looks or body[:1] not in (b"{", b"[", b'"'):
            return
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            return  # vectors and models name nobody
        self._see(_strings(said))

    def _see(self, strings: Iterator[str]) -> None:
        self._seen.update(text for text in strings if len(text) <= _LONGEST_ID)

    def carried(self) -> Iterator[tuple[ServiceName, bytes, bytes]]:
        """Give the documents that say who was forgotten, as the state is to have them: service, name and body."""
        for service, hashes in self._there.items():
            table = _TABLES[service]
            for key, at in sorted(hashes.items()):
                if self._is_news(service, key, at):
                    document = recommend.Forgotten(at) if service is ServiceName.RECOMMEND else nudge.Forgotten(at)
                    yield service, f"{table.name}/{key}".encode(), table.dump(document)

    def members(self) -> Iterator[tuple[str, datetime]]:
        """Give who is in the file and was forgotten since, with a time that is after what is carried of it."""
        for text in sorted(self._seen):
            at = [
                self._there[service][key]
                for service, key in self._keys(text)
                if key in self._there[service] and self._is_news(service, key, self._there[service][key])
            ]
            if at:
                # The same moment would be taken for the news that they know already.
                yield text, max(at) + timedelta(microseconds=1)

    def _is_news(self, service: ServiceName, key: str, at: datetime) -> bool:
        saved = self._file.get((service, key))
        return saved is None or saved < at

    def _keys(self, member: str) -> tuple[tuple[ServiceName, str], ...]:
        return (
            (ServiceName.RECOMMEND, recommend.forgotten_key(self._community, member)),
            (ServiceName.NUDGE, short_hash(member)),
        )


def _parts(key: str) -> Iterator[str]:
    """Give what a document's key may name: all of it, what is before and after each slash, and what a list holds."""
    yield key
    for place, sign in enumerate(key):
        if sign == "/":
            yield key[:place]
            yield key[place + 1 :]
        elif sign == "[":
            try:
                yield from _strings(json.loads(key[place:]))
            except (ValueError, RecursionError):
                continue


def _strings(said: Any) -> Iterator[str]:
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
