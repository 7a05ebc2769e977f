"""Finding a partition's place: what the store holds leads, the broker's own offset is a hint."""

import logging
from typing import NoReturn

from shared import metrics
from shared.failures import Unavailable
from shared.log import Log, Subscription
from shared.patience import Status
from shared.place import Place
from shared.service import TopicName
from shared.store import Store, Watermark

log = logging.getLogger(__name__)


def are_others(read: str, now: str) -> bool:
    """Say whether two ids are of different topics; where one is not known, nobody can."""
    return bool(read and now) and read != now


class Finder:
    """Reads places from the store, and says what retention took before it was read."""

    def __init__(self, broker: Log, store: Store, reads: TopicName, subscription: Subscription, status: Status) -> None:
        self._log = broker
        self._store = store
        self._reads = reads
        self._subscription = subscription
        self._status = status
        self._wrong: dict[int, str] = {}

    async def find(self, partition: int) -> Place:
        """Give the place to read on from; raises Unavailable while store or log are away, or the log too short."""
        if partition in self._wrong:
            raise Unavailable(self._wrong[partition])
        # Asked first: a restart from here on is noticed when the place is saved.
        server = await self._store.server(partition)
        found = await self._store.watermark(partition)
        first = await self._subscription.first_offset(partition)
        due = await self._store.due(partition)
        topic = await self._log.identity(self._reads)
        if found is None or found.generation != self._log.generation:
            found = Watermark(self._log.generation, first, first, found.clock if found else None)
        else:
            self._check_topic(partition, found.topic, topic)
            await self._check_length(partition, found.handled, server)
        place = Place(partition, found.generation, found.resume, found.clock, due, server, topic or found.topic)
        self._pass_by_lost(place, first)
        return place

    async def is_another(self, place: Place) -> bool:
        """Say whether the topic is another one than the place is in, whatever its name."""
        return are_others(place.topic, await self._log.identity(self._reads))

    def _check_topic(self, partition: int, read: str, now: str) -> None:
        """Refuse a topic that was made again: its records have the offsets of others that were read."""
        if are_others(read, now):
            self._refuse(
                partition, f"the topic of {self._reads.value} was deleted and made again since it was read: what is in "
                "it has the places of other records"
            )  # fmt: skip

    def _refuse(self, partition: int, why: str) -> NoReturn:
        """Refuse a log until the process is started again with one that can be right."""
        self._wrong[partition] = f"{why}; a new generation is needed (remove the topics and make them again)"
        log.error("%s", self._wrong[partition])
        raise Unavailable(self._wrong[partition])

    async def _check_length(self, partition: int, handled: int, server: str) -> None:
        """Refuse a log that has lost records.

        New records take the places of the lost ones: read on, and some would be taken for ones already handled.
        """
        end = (await self._log.ends(self._reads))[partition]
        if end >= handled:
            return
        if await self._store.server(partition) != server:
            raise Unavailable("the store has restarted")  # and with it the log, where they are one
        self._refuse(
            partition, f"the log is shorter than what was read: partition {partition} of {self._reads.value} ends at "
            f"{end}, and {handled} had been reached"
        )  # fmt: skip

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
