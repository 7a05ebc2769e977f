"""What doors may do with a service's state: read single documents that the handlers stored."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from shared.state import Documents, Table

T = TypeVar("T")


class StateReader(Protocol):
    """Reads one service's stored documents; raises Unavailable while the store is away."""

    async def get(self, community: str, table: Table[T], key: str) -> T | None: ...

    async def get_many(self, community: str, table: Table[T], keys: Sequence[str]) -> list[T | None]:
        """Read documents of a table in one go: as many as keys and in their order, None where there is none."""
        ...

    async def naming(self, community: str, words: Sequence[bytes]) -> dict[str, bytes]:
        """Give the stored documents, as they are stored, in whose name or body one of some words stands.

        Every document is looked at, piece by piece: for what is asked for rarely. What is changed meanwhile may be
        given as it was before or after.
        """
        ...

    async def known(self, community: str) -> bool:
        """Say whether this service has ever handled a record of the community."""
        ...


async def fetch(
    reader: StateReader, community: str, documents: Documents, table: Table[Any], keys: Iterable[str]
) -> None:
    """Read the documents of some keys that are not among those that were read before, and put them there."""
    missing = sorted(set(keys) - set(documents.keys(table)))
    for key, found in zip(missing, await reader.get_many(community, table, missing), strict=True):
        if found is not None:
            documents.put(table, key, found)
