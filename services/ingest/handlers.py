"""Decisions re-enter as activity, so that everybody learns from the one log."""

from collections.abc import Iterable, Sequence

from shared.events import DECISIONS, Event
from shared.service import Moment, ServiceName, TopicName
from shared.state import Documents, Timer


class Ingest:
    """Implements shared.service.Service: reads what nudge decided, keeps nothing."""

    name = ServiceName.INGEST
    reads = TopicName.NUDGES
    writes = TopicName.ACTIVITY
    passes_ticks = False

    async def open(self, community: str, documents: Documents) -> None:
        """Keep nothing: what re-enters needs no state."""

    async def prepare(self, state: None, events: Sequence[Event]) -> None:
        """Fetch nothing."""

    def handle(self, state: None, event: Event, moment: Moment) -> Iterable[Event]:
        return on_decision(event) if isinstance(event, DECISIONS) else ()

    def fire(self, state: None, timer: Timer, moment: Moment) -> Iterable[Event]:
        return ()

    def trace_of(self, state: None, event: Event) -> None:
        """Leave a decision in the trace that it came in."""


def on_decision(event: Event) -> Iterable[Event]:
    """Pass a decision on exactly as it is, under its own id: who has it already changes nothing."""
    return (event,)
