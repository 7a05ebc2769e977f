"""The working copies in memory: loaded when first needed, dropped when a partition moves or memory runs short."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.failures import Replaced
from shared.place import Place
from shared.service import Service, TopicName
from shared.state import Documents
from shared.store import Move, Store
from shared.working import Working

State = TypeVar("State")

Publish = Callable[[int, Sequence[tuple[str, Sequence[tuple[int, bytes]]]]], Awaitable[None]]


class Copies(Generic[State]):
    """Never the only copy of anything: what is not written is made again from the log."""

    def __init__(self, service: Service[State], store: Store, publish: Publish, most: int) -> None:
        self._service = service
        self._store = store
        self._publish = publish
        self._most = most
        self._copies: OrderedDict[str, tuple[Place, Working[State]]] = OrderedDict()

    async def get(self, place: Place, community: str) -> Working[State]:
        """Give a community's copy; a new one first publishes what the last owner left in the outbox."""
        owner, copy = self._copies.get(community, (None, None))
        # A batch of an earlier place may still be under way: two must never step on one copy.
        if owner is not place or copy is None:
            copy = await self._load(place, community)
            self._copies[community] = (place, copy)
        self._copies.move_to_end(community)
        return copy

    async def _load(self, place: Place, community: str) -> Working[State]:
        stored = await self._store.load(community)
        if stored.server != place.server:
            # It may have forgotten records that this place is past already.
            raise Replaced("the store has restarted")
        if stored.outbox:
            await self._publish(place.partition, [(community, stored.outbox)])
        documents = await asyncio.to_thread(Documents, stored.documents)
        state = await self._service.open(community, documents)
        sequenced = self._service.writes is not TopicName.ACTIVITY
        copy = Working(self._service, community, documents, state, stored.raw, stored.position, sequenced)
        await self._repair_due(place, copy)
        return copy

    async def _repair_due(self, place: Place, copy: Working[State]) -> None:
        # The index is not written with the state: they may be apart, in a crash and once it lives on another node.
        due, known = copy.documents.next_due(), place.due.get(copy.community)
        if due is None or due == known:
            return
        if known is None or due < known:
            await self._store.save_due(place.partition, [(copy.community, due)])
        else:
            await self._store.move_due(place.partition, [Move(copy.community, known, due)])
        place.set_due(copy.community, due)

    async def reload(self, place: Place, community: str) -> Working[State]:
        """Throw a copy away and load it again."""
        self._copies.pop(community, None)
        return await self.get(place, community)

    def drop(self, place: Place) -> None:
        """Forget a place's copies."""
        for community in [name for name, (owner, _) in self._copies.items() if owner is place]:
            del self._copies[community]

    def shrink(self) -> None:
        """Forget the copies that were used least lately, beyond the most that are kept."""
        while len(self._copies) > self._most:
            self._copies.popitem(last=False)
