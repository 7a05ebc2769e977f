"""What comes next: repeats are skipped; a gap, or a record that a newer version wrote, stops its community.

A gap stops it until the missing record comes, a newer record until this process is another, upgraded one, and what
this process lacks until another one has the partition. The other communities of the partition go on, and what the
stopped one passes by is read again.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

from shared import metrics
from shared.arrivals import is_tick
from shared.failures import Lacking, Newer
from shared.patience import ENCODER, UPGRADE, Status
from shared.place import Place
from shared.working import Arrival, Working

_SENTENCE: Final = "this record was written by a newer version of Kindling; upgrade this service"

log = logging.getLogger(__name__)


class Gaps:
    """Knows what may be applied next, and tells `status` which communities are stopped.

    Without `waits`, a newer record is like any other that cannot be read: next in line, to become a dead letter.
    """

    def __init__(self, status: Status, *, waits: bool = True) -> None:
        self._status = status
        self._waits = waits
        self._measure()

    def next_in_line(self, place: Place, copy: Working[Any], arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Give what can be applied now, in order.

        What comes after a gap is passed by, and read again once the gap is filled; so are ticks until then: the
        missing record, or one that waits behind it, might cancel what is due. The same behind a newer record.
        """
        fresh: list[Arrival] = []
        read = copy.read
        for arrival in arrivals:
            if copy.repeats(arrival, place.generation) or (arrival.sequence is not None and arrival.sequence <= read):
                metrics.REPEATED.labels(self._status.service).inc()
            elif arrival.sequence is None and place.passed_by(copy.community, arrival.offset):
                continue
            elif arrival.sequence not in (None, read + 1):
                self._stop(place, copy.community, arrival, read + 1)
            elif self._waits and isinstance(arrival.failure, Newer):
                self._wait(place, copy.community, arrival.offset, arrival.failure)
            else:
                fresh.append(arrival)
                if arrival.sequence is not None:
                    read += 1
                    self._go_on(place, copy.community, arrival)
        return fresh

    def lack(self, place: Place, community: str, offset: int, lacking: Lacking) -> None:
        """Have a community wait, from the record at `offset` on, for a process that has what this one lacks."""
        if community not in self._status.lacking:
            log.error("partition %d, offset %d: %s", place.partition, offset, lacking)
        place.stop(community, offset)
        self._status.lacking[community] = str(lacking)
        self._measure()

    def lacks(self, place: Place, community: str) -> bool:
        """Say whether a community waits for another process: nothing of it is read, nor loaded, here."""
        return community in self._status.lacking and community in place.stopped

    def is_newer_tick(self, place: Place, arrival: Arrival) -> bool:
        """Say whether a newer version wrote this tick, which is passed by: time stands still until the upgrade.

        Nothing is lost with it, for there is another one every few seconds.
        """
        if not isinstance(arrival.failure, Newer) or not is_tick(arrival.failure.wire_type):
            return False
        self._say_newer(place.partition, place.partition, arrival.offset, arrival.failure)
        return True

    def hear(self, place: Place) -> None:
        """Note that a partition's ticks can be read."""
        if self._status.newer.pop(place.partition, None) is not None:
            self._measure()

    def forget(self, place: Place) -> None:
        """Say no more of a place that has moved away or is read anew."""
        self._status.newer.pop(place.partition, None)
        for community in place.stopped:
            self._status.stopped.pop(community, None)
            self._status.newer.pop(community, None)
            self._status.lacking.pop(community, None)
        self._measure()

    def _stop(self, place: Place, community: str, arrival: Arrival, missing: int) -> None:
        if community in self._status.newer:
            return  # it is not missing
        if community not in place.stopped:
            log.error("a community is stopped: record %d of its log is missing", missing)
        place.stop(community, arrival.offset)
        self._status.stopped[community] = missing
        self._measure()

    def _wait(self, place: Place, community: str, offset: int, newer: Newer) -> None:
        place.stop(community, offset)
        self._status.stopped.pop(community, None)
        self._say_newer(community, place.partition, offset, newer)

    def _say_newer(self, who: str | int, partition: int, offset: int, newer: Newer) -> None:
        if who not in self._status.newer:
            log.error("partition %d, offset %d, %s: %s", partition, offset, newer.wire_type, _SENTENCE)
        self._status.newer[who] = newer.wire_type
        self._measure()

    def _go_on(self, place: Place, community: str, arrival: Arrival) -> None:
        if place.go_on(community, arrival.offset):
            self._status.stopped.pop(community, None)
            self._status.newer.pop(community, None)
            self._measure()

    def _measure(self) -> None:
        status = self._status
        metrics.STOPPED.labels(status.service).set(len(status.stopped))
        metrics.WAITING.labels(status.service, UPGRADE).set(bool(status.newer))
        if status.newer:
            status.waiting[UPGRADE] = f"{min(status.newer.values())}: {_SENTENCE}"
        else:
            status.waiting.pop(UPGRADE, None)
        metrics.WAITING.labels(status.service, ENCODER).set(bool(status.lacking))
        if status.lacking:
            status.waiting[ENCODER] = min(status.lacking.values())
        else:
            status.waiting.pop(ENCODER, None)
