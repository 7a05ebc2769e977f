"""The working copy of one community: pure steps on it, to be written as one, or thrown away."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from shared.events import Event, Tick
from shared.failures import Unprocessable
from shared.service import Moment, Service
from shared.state import Documents, Timer
from shared.store import Position, Write, dump_position
from shared.wire import RECORD_BYTES, Envelope, encode

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record of a community as the loop hands it on: decoded, or with the failure of that.

    `key` is whose it is by what its writer said beside it; only deleting goes by that.
    """

    offset: int
    community: str
    body: bytes
    envelope: Envelope | None
    sequence: int | None
    failure: Unprocessable | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """What was emitted in another trace than that of the record that was handled, `of`; both are traceparents."""

    kind: str
    trace: str
    of: str | None


class TimerFailed(Exception):
    """A timer's rule raised; the timer itself is to blame, not the record that made it due."""

    def __init__(self, timer: Timer) -> None:
        super().__init__(f"timer {timer.name}")
        self.timer = timer


@dataclass
class Working(Generic[State]):
    """One community's state in memory, with its position as stored and as it will be.

    `sequenced` says whether what is emitted carries the community's next sequence number: all but ingest,
    whose output has many writers.
    """

    service: Service[State]
    community: str
    documents: Documents
    state: State
    stored: bytes
    position: Position | None
    sequenced: bool
    emitted: list[tuple[int, bytes]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)

    def repeats(self, arrival: Arrival, generation: str) -> bool:
        """Say whether the record was applied before."""
        if self.position is None:
            return False
        if arrival.sequence is not None:
            return arrival.sequence <= self.position.read
        return self.position.generation == generation and arrival.offset <= self.position.offset

    def awaits(self, arrival: Arrival, generation: str) -> bool:
        """Say whether the record is the next to apply: no repeat, and none is missing before it."""
        return not self.repeats(arrival, generation) and arrival.sequence in (None, self.read + 1)

    @property
    def read(self) -> int:
        return self.position.read if self.position else 0

    def step(
        self,
        arrival: Arrival,
        generation: str,
        tick: datetime | None,
        aids: Any,
        *,
        dead: bool = False,
        buried: Collection[Timer] = (),
    ) -> None:
        """Apply one record at the community's clock: what is due first, then the record, then what fell due.

        A `dead` record is passed by: it moves the position and the clock, and has what was due before it fired.
        `buried` timers have become dead letters: they end without firing.
        """
        cause = arrival.envelope
        event = cause.event if cause is not None else None
        times = [at for at in (self.clock, tick, event.at if event is not None else None) if at is not None]
        clock = max(times, default=None)
        if clock is not None:
            self._fire(clock, self.clock or clock, cause, aids, buried)
        self._move(arrival, generation, clock)
        if cause is not None and clock is not None and not dead and not isinstance(event, Tick):
            moment = Moment(clock, aids, cause.traceparent)
            self._emit(self.service.handle(self.state, cause.event, moment), cause, cause.traceparent)
            self._fire(clock, clock, cause, aids, buried)

    @property
    def clock(self) -> datetime | None:
        return self.position.clock if self.position else None

    def _fire(
        self, clock: datetime, now: datetime, cause: Envelope | None, aids: Any, buried: Collection[Timer]
    ) -> None:
        while (timer := self.documents.take_due(clock)) is not None:
            if timer in buried:
                continue
            now = max(now, timer.due)
            try:
                self._emit(self.service.fire(self.state, timer, Moment(now, aids)), cause)
            except Exception as error:
                raise TimerFailed(timer) from error

    def _move(self, arrival: Arrival, generation: str, clock: datetime | None) -> None:
        was = self.position or Position(generation, -1, 0, 0, clock)
        read = arrival.sequence if arrival.sequence is not None else was.read
        self.position = replace(was, generation=generation, offset=arrival.offset, read=read, clock=clock)

    def _emit(self, events: Iterable[Event], cause: Envelope | None, own: str | None = None) -> None:
        # What a timer brings about is not the record's doing: `own` is the trace of what is handled alone.
        for event in events:
            # The position is there: a timer comes from an earlier record, and a record moves it first.
            assert self.position is not None
            self.position = replace(self.position, emitted=self.position.emitted + 1)
            number = self.position.emitted
            recorded = cause.recorded if cause is not None else None
            replay_of = cause.replay_of if cause is not None and event is cause.event else None
            trace = self.service.trace_of(self.state, event) or own
            envelope = Envelope(event, number if self.sequenced else None, recorded, replay_of)
            body = encode(envelope)
            # Measured without the trace: what is emitted is not to depend on whether it is followed.
            if len(body) > RECORD_BYTES:
                # Written, it could never be published, and the community would stand still for ever.
                name = type(event).__name__
                raise Unprocessable(f"{name} would have {len(body)} bytes; the log takes at most {RECORD_BYTES}")
            self.emitted.append((number, body if trace is None else encode(replace(envelope, traceparent=trace))))
            self.events.append(event)
            if trace is not None and trace != own:
                self.asides.append(Aside(type(event).__name__, trace, own))

    def write(self) -> Write | None:
        """Give what is to be written as one; None where nothing has moved."""
        if self.position is None:
            return None
        raw = dump_position(self.position)
        if raw == self.stored:
            return None
        return Write(self.community, self.stored, raw, self.documents.take_changes(), tuple(self.emitted))

    def written(self, write: Write) -> Sequence[tuple[int, bytes]]:
        """Note that the write is durable; give the records to publish now."""
        self.stored = write.position
        self.emitted, self.events, self.asides = [], [], []
        return write.outbox
