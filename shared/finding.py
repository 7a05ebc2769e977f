"""Finding a partition's place: what the store holds leads, the broker's own offset is a hint."""

import logging

from shared import metrics
from shared.failures import Unavailable
from shared.log import Log, Subscription
from shared.patience import Status
from shared.place import Place
from shared.service import TopicName
from shared.store import Store, Watermark

log = logging.getLogger(__name__)


class Finder:
    """Reads places from the store, and says what retention took before it was read."""

    def __init__(self, broker: Log, store: Store, reads: TopicName, subscription: Subscription, status: Status) -> None:
        self._log = broker
        self._store = store
        self._reads = reads
        self._subscription = subscription
        self._status = status
        self._shorter: dict[int, str] = {}

    async def find(self, partition: int) -> Place:
        """Give the place to read on from; raises Unavailable while store or log are away, or the log too short."""
        if partition in self._shorter:
            raise Unavailable(self._shorter[partition])
        # Asked first: a restart from here on is noticed when the place is saved.
        server = await self._store.server(partition)
        found = await self._store.watermark(partition)
        first = await self._subscription.first_offset(partition)
        due = await self._store.due(partition)
        if found is None or found.generation != self._log.generation:
            found = Watermark(self._log.generation, first, first, found.clock if found else None)
        else:
            await self._check_length(partition, found.handled, server)
        place = Place(partition, found.generation, found.resume, found.clock, due, server)
        self._pass_by_lost(place, first)
        return place

    async def _check_length(self, partition: int, handled: int, server: str) -> None:
        """Refuse a log that has lost records, until the process is started again with a log that can be right.

        New records take the places of the lost ones: read on, and some would be taken for ones already handled.
        """
        end = (await self._log.ends(self._reads))[partition]
        if end >= handled:
            return
        if await self._store.server(partition) != server:
            raise Unavailable("the store has restarted")  # and with it the log, where they are one
        self._shorter[partition] = (
            f"the log is shorter than what was read: partition {partition} of {self._reads.value} ends at {end}, and "
            f"{handled} had been reached; a new generation is needed (remove the topics and make them again)"
        )
        log.error("%s", self._shorter[partition])
        raise Unavailable(self._shorter[partition])

    async def close_hole(self, place: Place) -> None:
        """Seek again: the records were fetched before the last seek, or retention took what lay between."""
        self._pass_by_lost(place, await self._subscription.first_offset(place.partition))
        self._subscription.seek(place.partition, place.next_offset)

    def _pass_by_lost(self, place: Place, first: int) -> None:
        if (lost := first - place.next_offset) <= 0:
            return
        log.error("partition %d: %d records were deleted by retention before they were read", place.partition, lost)
        metrics.LOST.labels(self._status.service).inc(lost)
        self._status.lost += lost
        place.advance(first)
