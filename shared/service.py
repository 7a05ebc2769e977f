"""What a service is to the processing loop: a deterministic function (state, record) -> (state', records)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from shared.events import Event
from shared.state import Documents, Timer


class ServiceName(StrEnum):
    INGEST = "ingest"
    RECOMMEND = "recommend"
    NUDGE = "nudge"


class TopicName(StrEnum):
    ACTIVITY = "activity"
    MATCHES = "matches"
    NUDGES = "nudges"
    DEAD_LETTERS = "dead-letters"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a record is handled: the community's clock, in event time, and what `prepare` fetched for it.

    `trace` is the traceparent of the record: never decided with, only kept for `Service.trace_of`.
    """

    clock: datetime
    aids: Any = None
    trace: str | None = None


State = TypeVar("State")


class Service(Protocol[State]):
    """One of the three services, as the processing loop drives it.

    `handle` and `fire` run in a worker thread, one community at a time, in order. They are pure but for the
    state that they are given: no I/O, no wall clock, no chance. Both may run again on a fresh copy of the
    state (after a crash or a refused write) and must then do the same.
    """

    name: ServiceName
    reads: TopicName
    writes: TopicName
    passes_ticks: bool

    async def open(self, community: str, documents: Documents) -> State:
        """Build the working state of a community from its documents (indexes and so on); may do I/O."""
        ...

    async def prepare(self, state: State, events: Sequence[Event]) -> Any:
        """Fetch what handling these events needs from outside (vectors); raises Unavailable to be called later."""
        ...

    def handle(self, state: State, event: Event, moment: Moment) -> Iterable[Event]:
        """Handle one event; give what to emit, in order."""
        ...

    def fire(self, state: State, timer: Timer, moment: Moment) -> Iterable[Event]:
        """Do what a timer was set for, as of its own due time (`moment.clock`)."""
        ...

    def trace_of(self, state: State, event: Event) -> str | None:
        """Give the traceparent of what an event that was just emitted is about.

        None: it belongs to the trace of the record that was handled, if to any.
        """
        ...


Handler = Callable[[State, Any, Moment], Iterable[Event]]
Handlers = Mapping[type[Event], Handler[State]]
