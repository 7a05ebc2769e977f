"""The loop's own steps in memory, without servers: one partition, its clock, its communities."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.events import CommunityEvent, Event, Tick
from shared.place import Place
from shared.state import Documents
from shared.store import load_position
from shared.wire import Envelope, decode
from shared.working import Arrival, Working
from tests.loop.counting import Counting, Ledger


@dataclass
class Stored:
    raw: bytes = b""
    documents: dict[str, bytes] = field(default_factory=dict)


@dataclass
class PurePartition:
    """Applies records one by one; `forget` drops all working copies, as a restart does."""

    service: Counting = field(default_factory=Counting)
    place: Place = field(default_factory=lambda: Place(0, "log", 0, None, {}))
    stored: dict[str, Stored] = field(default_factory=dict)
    copies: dict[str, Working[Ledger]] = field(default_factory=dict)
    emitted: dict[str, list[Event]] = field(default_factory=dict)

    def feed(self, events: Iterable[Event]) -> None:
        for event in events:
            offset = self.place.next_offset
            if isinstance(event, Tick):
                self.place.hear(event.at)
                communities = self.place.communities_due(event.at)
            else:
                assert isinstance(event, CommunityEvent)
                communities = [event.community]
            for community in communities:
                self.apply(Arrival(offset, community, b"", Envelope(event), None))
            self.place.advance(offset + 1)

    def forget(self) -> None:
        self.copies.clear()

    def apply(self, arrival: Arrival) -> None:
        copy = self.copy(arrival.community)
        copy.step(arrival, "log", self.place.clock_of(copy.community), None)
        self._write(copy)
        self.place.set_due(copy.community, copy.documents.next_due())

    def copy(self, community: str) -> Working[Ledger]:
        if community not in self.copies:
            self.copies[community] = self._load(community)
        return self.copies[community]

    def _load(self, community: str) -> Working[Ledger]:
        stored = self.stored.setdefault(community, Stored())
        documents = Documents(stored.documents)
        position = load_position(stored.raw) if stored.raw else None
        ledger = Ledger(community, documents)
        return Working(self.service, community, documents, ledger, stored.raw, position, sequenced=True)

    def _write(self, copy: Working[Ledger]) -> None:
        write = copy.write()
        assert write is not None
        stored = self.stored[copy.community]
        stored.raw = write.position
        stored.documents = {**({} if write.changes.clears else stored.documents), **write.changes.puts}
        for name in write.changes.drops:
            stored.documents.pop(name, None)
        for number, body in copy.written(write):
            envelope = decode(body)
            assert envelope.sequence == number
            self.emitted.setdefault(copy.community, []).append(envelope.event)
