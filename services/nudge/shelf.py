"""Documents of one community for a door: fetched a table at a time, then looked at as often as needed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from services.nudge.documents import (
    CHANNELS,
    MEMBERS,
    OPPORTUNITIES,
    READERS,
    WISHES,
    Member,
    Opportunity,
    Wishes,
    reader_key,
)
from services.nudge.may_read import may_read
from services.nudge.wishes import are_apart
from shared.reading import StateReader
from shared.state import Table

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str


class Shelf:
    """Documents of one community, each fetched once, as many at a time as are asked for."""

    def __init__(self, reader: StateReader, community: str) -> None:
        self._reader = reader
        self._community = community
        self._kept: dict[tuple[str, str], Any] = {}

    async def fetch(self, table: Table[T], keys: Iterable[str]) -> None:
        missing = sorted({key for key in keys if (table.name, key) not in self._kept})
        found = await self._reader.get_many(self._community, table, missing)
        self._kept |= {(table.name, key): document for key, document in zip(missing, found, strict=True)}

    def get(self, table: Table[T], key: str) -> T | None:
        """Give a document that was fetched."""
        return cast("T | None", self._kept[table.name, key])

    def member(self, member: str) -> Member | None:
        return self.get(MEMBERS, member)

    def opportunity(self, post: str) -> Opportunity | None:
        return self.get(OPPORTUNITIES, post)

    def reads(self, member: str, channel: str) -> bool:
        reader = self.get(READERS, reader_key(channel, member))
        return may_read(self.get(MEMBERS, member), self.get(CHANNELS, channel), reader)

    def person(self, member: str) -> Person:
        """Name a member; of who was forgotten there is nothing to say."""
        known = self.get(MEMBERS, member)
        return Person(member, known.name if known and known.name else member)

    def wishes(self, member: str) -> Wishes:
        return self.get(WISHES, member) or Wishes()

    def apart(self, one: str, other: str) -> bool:
        """Say whether two people are kept apart, of both of whom the wishes were fetched."""
        return are_apart(one, self.wishes(one), other, self.wishes(other))
