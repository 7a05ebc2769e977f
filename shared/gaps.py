"""Sequence numbers: repeats are skipped, and a gap stops its community until the missing record comes."""

import logging
from collections.abc import Sequence
from typing import Any

from shared import metrics
from shared.patience import Status
from shared.place import Place
from shared.working import Arrival, Working

log = logging.getLogger(__name__)


class Gaps:
    """Knows what may be applied next, and tells `status` which communities are stopped."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def next_in_line(self, place: Place, copy: Working[Any], arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Give what can be applied now, in order.

        What comes after a gap is passed by, and read again once the gap is filled; so are ticks until then: the
        missing record, or one that waits behind it, might cancel what is due.
        """
        fresh: list[Arrival] = []
        read = copy.read
        for arrival in arrivals:
            if copy.repeats(arrival, place.generation) or (arrival.sequence is not None and arrival.sequence <= read):
                metrics.REPEATED.labels(self._status.service).inc()
            elif arrival.sequence is None:
                if not place.passed_by(copy.community):
                    fresh.append(arrival)
            elif arrival.sequence == read + 1:
                fresh.append(arrival)
                read += 1
                self._go_on(place, copy.community, arrival)
            else:
                self._stop(place, copy.community, arrival, read + 1)
        return fresh

    def forget(self, place: Place) -> None:
        """Say no more of a place that has moved away or is read anew."""
        for community in place.stopped:
            self._status.stopped.pop(community, None)
        self._measure()

    def _stop(self, place: Place, community: str, arrival: Arrival, missing: int) -> None:
        if community not in place.stopped:
            log.error("a community is stopped: record %d of its log is missing", missing)
        place.stop(community, arrival.offset)
        self._status.stopped[community] = missing
        self._measure()

    def _go_on(self, place: Place, community: str, arrival: Arrival) -> None:
        if place.go_on(community, arrival.offset):
            self._status.stopped.pop(community, None)
            self._measure()

    def _measure(self) -> None:
        metrics.STOPPED.labels(self._status.service).set(len(self._status.stopped))
