"""Looking after a loop that may be idle: whether the servers are there, what they forgot, how far behind we are."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from shared import metrics
from shared.clock import Clock, wall_clock
from shared.finding import are_others
from shared.lag import Lag
from shared.log import Log
from shared.patience import Patience, Stopping
from shared.place import Place
from shared.service import ServiceName, TopicName
from shared.store import Store

PAUSE = 5.0

log = logging.getLogger(__name__)


class Watch:
    """Asks log and store every few seconds; without it an idle service would not know that they are away."""

    def __init__(
        self,
        service: ServiceName,
        reads: TopicName,
        broker: Log,
        store: Store,
        patience: Patience,
        places: Callable[[], Iterable[Place]],
        read_again: Callable[[Place], None],
        clock: Clock = wall_clock,
    ) -> None:
        self._service = service
        self._reads = reads
        self._log = broker
        self._store = store
        self._patience = patience
        self._places = places
        self._read_again = read_again
        self._clock = clock
        self._lags: dict[int, Lag] = {}

    async def run(self) -> None:
        """Look until the process stops."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(PAUSE)
        except Stopping:
            return

    async def look(self) -> None:
        """Measure the lag; have each place read again whose store restarted, or whose log cannot be what was read."""
        self._forget_moved()
        # Before the ends are asked for: what is read meanwhile may lie behind them.
        reached = [(place, place.next_offset) for place in self._places()]
        ends = await self._patience("log", lambda: self._log.ends(self._reads))
        topic = await self._patience("log", lambda: self._log.identity(self._reads))
        for place, offset in reached:
            partition = place.partition
            server = await self._patience("store", lambda p=partition: self._store.server(p))  # type: ignore[misc]
            end = ends.get(partition, offset)
            self._measure(place, end)
            if server != place.server or end < offset or are_others(place.topic, topic):
                self._read_again(place)
            elif await self._may_go_on(place):
                log.warning("partition %d: a gap was accepted; reading again", partition)
                self._read_again(place)

    def _measure(self, place: Place, end: int) -> None:
        labels = (self._service.value, str(place.partition))
        lag = self._lags.setdefault(place.partition, Lag())
        metrics.LAG.labels(*labels).set(max(end - place.held(), 0))
        metrics.LAG_SECONDS.labels(*labels).set(lag.seconds(place.held(), end, self._clock(), place.clock))

    def _forget_moved(self) -> None:
        """Say nothing more of partitions that another replica has: its figures are the true ones."""
        for partition in self._lags.keys() - {place.partition for place in self._places()}:
            del self._lags[partition]
            for metric in (metrics.LAG, metrics.LAG_SECONDS):
                metric.remove(self._service.value, str(partition))

    async def _may_go_on(self, place: Place) -> bool:
        """Say whether an operator has accepted a gap (`kindling topics accept-gap`): nothing is written meanwhile."""
        for community in list(place.stopped):
            missing = self._patience.status.stopped.get(community)
            read = await self._patience("store", lambda c=community: self._store.read(c))  # type: ignore[misc]
            if missing is not None and read >= missing:
                return True
        return False
