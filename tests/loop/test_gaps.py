"""A record that comes late: whatever ticks and restarts come between, the community ends as if it had come in time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events import Event, Tick
from shared.gaps import Gaps
from shared.log import Incoming
from shared.patience import Status
from shared.place import TRAIL_SECONDS, Place
from shared.wire import Envelope
from shared.working import Arrival
from tests.loop.counting import Downstream
from tests.loop.harness import post, reply, tick
from tests.loop.pure import PurePartition

Record = tuple[int | None, Event]


@dataclass
class PureReader:
    """The loop's way through one partition of a log, in memory: batches, gaps, rewinding, retries and restarts."""

    log: list[Record]
    partition: PurePartition = field(default_factory=lambda: PurePartition(Downstream()))
    gaps: Gaps = field(default_factory=lambda: Gaps(Status("pure")))
    now: float = 0.0

    def __post_init__(self) -> None:
        self.partition.place = self._place_at(0)

    @property
    def place(self) -> Place:
        return self.partition.place

    def _place_at(self, offset: int, clock: datetime | None = None) -> Place:
        return Place(0, "log", offset, clock, {}, monotonic=lambda: self.now)

    def read(self, size: int, interrupt: Callable[[int], bool]) -> None:
        """Handle the next batch; where it is interrupted, again."""
        first = self.place.next_offset
        last = min(first + size, len(self.log))
        assert self.place.expected([Incoming(0, offset, b"") for offset in range(first, last)]) is not None
        clock, clocks = self.place.clock, dict(self.place.clocks)
        for offset in range(first, last):
            self._apply(offset)
            if interrupt(offset):
                # As the loop does when a server goes away: the batch is handled again, on fresh copies.
                self.partition.forget()
                self.place.clock, self.place.clocks = clock, clocks
                return
        self.place.advance(last)
        self.now += TRAIL_SECONDS
        self.mark = self.place.watermark()
        self.place.rewind()

    def _apply(self, offset: int) -> None:
        number, event = self.log[offset]
        communities = ["c"]
        if isinstance(event, Tick):
            self.place.hear(event.at)
            communities = self.place.communities_due(event.at)
        for community in communities:
            copy = self.partition.copy(community)
            arrival = self.arrival(offset, community, Envelope(event, number))
            for next_one in self.gaps.next_in_line(self.place, copy, [arrival]):
                self.partition.apply(next_one)

    def arrival(self, offset: int, community: str, envelope: Envelope) -> Arrival:
        return Arrival(offset, community, b"", envelope, envelope.sequence)

    def restart(self) -> None:
        """Begin again where the stored place says, with the due times that are stored."""
        due = dict(self.place.due)
        self.gaps.forget(self.place)
        self.partition.forget()
        self.partition.place = self._place_at(self.mark.resume, self.mark.clock)
        for community, at in due.items():
            self.place.set_due(community, at)

    def finish(self) -> None:
        while self.place.next_offset < len(self.log):
            self.read(len(self.log), lambda _: False)


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[Record], list[Record]]:
    """Give a log in which one record comes late, and the same with the record in its place."""
    count = draw(st.integers(2, 8))
    events = [
        reply("c", draw(st.integers(1, n)), minutes=n) if n > 1 and draw(st.booleans()) else post("c", n)
        for n in range(1, count + 1)
    ]
    right: list[Record] = []
    missing = draw(st.integers(1, count - 1))
    for number, event in enumerate(events, 1):
        right.append((number, event))
        # That it is missing shows at the record after it: what is due by a tick between them fires.
        if number != missing:
            right += [(None, tick(0, minutes)) for minutes in draw(st.lists(st.integers(0, 40), max_size=2))]
    right.append((None, tick(0, 100)))
    place = next(place for place, (number, _) in enumerate(right) if number == missing)
    late = [*right[:place], *right[place + 1 :]]
    late.insert(draw(st.integers(place + 1, len(late))), right[place])
    return late, right


@settings(deadline=None, max_examples=400)
@given(logs(), st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 40)), max_size=12))
def test_a_record_that_comes_late_changes_nothing(
    both: tuple[list[Record], list[Record]], steps: list[tuple[int, bool, int]]
) -> None:
    """However the log is cut into batches, and wherever a server or the process goes away meanwhile."""
    late, right = (PureReader(log) for log in both)
    right.finish()
    late.read(1, lambda _: False)
    for size, restart, interrupted in steps:
        if restart:
            late.restart()
        if late.place.next_offset < len(late.log):
            late.read(size, lambda offset, at=interrupted: offset == at)  # type: ignore[misc]
    late.finish()
    assert late.partition.emitted == right.partition.emitted
    documents = [{c: s.documents for c, s in reader.partition.stored.items()} for reader in (late, right)]
    assert documents[0] == documents[1]
    assert late.place.stopped == late.place.clocks == {}
