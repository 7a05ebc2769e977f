"""A partition's place in a service: where it reads, its clock, and which of its communities have something due."""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.log import Incoming
from shared.store import Watermark

# A replica or a disk may lose a second; what is read again costs little.
TRAIL_SECONDS = 2.0


def _later(clock: datetime | None, tick: datetime) -> datetime:
    return tick if clock is None else max(clock, tick)


@dataclass
class Place:
    """The working copy of a partition's progress, owned by the loop."""

    partition: int
    generation: str
    next_offset: int
    clock: datetime | None
    due: dict[str, datetime]
    # The running store that this was read from: what another one acknowledged may be lost.
    server: str = ""
    # When the batch under way was begun, in nanoseconds since 1970: said in traces, never decided with.
    began: int = 0
    monotonic: Callable[[], float] = time.monotonic
    # By community that a gap, a newer record or a lack has stopped: where reading must begin again once it may go on.
    stopped: dict[str, int] = field(default_factory=dict)
    # The partition's clock as such a community knows it, until it is where the others are: what it has still to
    # read may cancel what is due by later ticks.
    clocks: dict[str, datetime | None] = field(default_factory=dict)
    reread_from: int | None = None
    reread_to: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _heap: list[tuple[datetime, str]] = field(default_factory=list)
    _past: deque[tuple[float, int, datetime | None]] = field(default_factory=deque)
    _resume: tuple[int, datetime | None] = (0, None)
    _hole: tuple[int, int] | None = None
    # Communities whose gap was filled, until reading goes back to what they passed by.
    _filled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._heap = [(at, community) for community, at in self.due.items()]
        heapq.heapify(self._heap)
        self._resume = (self.next_offset, self.clock)

    def expected(self, batch: Sequence[Incoming]) -> list[Incoming] | None:
        """Give what of a batch comes next; None where it begins after a hole: it was read before a seek.

        Nothing is in a hole that is still there after another seek (Kafka's own records, or retention).
        """
        fresh = [record for record in batch if record.offset >= self.next_offset]
        if fresh and fresh[0].offset != self.next_offset:
            hole = (self.next_offset, fresh[0].offset)
            if hole != self._hole:
                self._hole = hole
                return None
        self._hole = None
        return fresh

    def advance(self, offset: int) -> None:
        """Note that all before `offset` is durable."""
        self.next_offset = offset
        if self.reread_from is None and offset >= self.reread_to:
            self.clocks = {community: clock for community, clock in self.clocks.items() if community in self.stopped}

    # Gaps

    def stop(self, community: str, offset: int) -> None:
        """Note that a community cannot apply the record at `offset`: one before it is missing."""
        self.stopped.setdefault(community, offset)
        self.clocks.setdefault(community, self.clock)

    def go_on(self, community: str, offset: int) -> bool:
        """Note that the record at `offset` is the missing one; says whether the community was stopped."""
        stopped = self.stopped.pop(community, None)
        if stopped is None:
            return False
        if stopped < offset:
            # Others skip what is read again as repeats.
            self.reread_from = stopped if self.reread_from is None else min(stopped, self.reread_from)
            self._filled.add(community)
        return True

    def passed_by(self, community: str, offset: int | None = None) -> bool:
        """Say whether a community must not read at `offset` (or further on) yet: it has not read what comes before."""
        stopped = self.stopped.get(community)
        return community in self._filled or (stopped is not None and (offset is None or stopped <= offset))

    def clock_of(self, community: str) -> datetime | None:
        """Give the latest tick before where a community reads."""
        return self.clocks.get(community, self.clock)

    def rewind(self) -> bool:
        """Go back to where a filled gap lets a community go on; says whether there is one."""
        if self.reread_from is None:
            return False
        self.reread_to = max(self.reread_to, self.next_offset)
        self.next_offset, self.reread_from = self.reread_from, None
        self._filled.clear()
        return True

    def held(self) -> int:
        """Give the first offset that some community has not handled."""
        waiting = [] if self.reread_from is None else [self.reread_from]
        return min([self.next_offset, *waiting, *self.stopped.values()])

    def hear(self, tick: datetime) -> None:
        self.clock = _later(self.clock, tick)
        for community, clock in self.clocks.items():
            if not self.passed_by(community):
                self.clocks[community] = _later(clock, tick)

    def watermark(self) -> Watermark:
        """Give the progress to store; the place to resume at trails, and a stopped community holds it back."""
        now = self.monotonic()
        if self.next_offset >= self.reread_to:
            # While reading again the clock is ahead of the place: resumed there, a community would miss its own.
            self._past.append((now, self.next_offset, self.clock))
        while self._past and self._past[0][0] <= now - TRAIL_SECONDS:
            _, offset, clock = self._past.popleft()
            if offset <= self.held():
                self._resume = (offset, clock)
        offset, clock = self._resume
        return Watermark(self.generation, self.next_offset, offset, clock)

    # What is due

    def earlier_due(self, community: str, due: datetime | None) -> bool:
        """Say whether `due` comes before what the index knows, so that the index must be written first."""
        return due is not None and (community not in self.due or due < self.due[community])

    def set_due(self, community: str, due: datetime | None) -> None:
        if due is None:
            self.due.pop(community, None)
        elif self.due.get(community) != due:
            self.due[community] = due
            heapq.heappush(self._heap, (due, community))

    def communities_due(self, clock: datetime) -> list[str]:
        """Give the communities with something due at `clock`; costs nothing for the others."""
        found: set[str] = set()
        while self._heap and self._heap[0][0] <= clock:
            at, community = heapq.heappop(self._heap)
            if self.due.get(community) == at:
                found.add(community)
        # They stay in the index until their timers have fired and what those emitted is published.
        for community in found:
            heapq.heappush(self._heap, (self.due[community], community))
        return sorted(found)
