"""Drives a service's handlers as the processing loop does, without a store or a broker."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from shared.events import Event, Tick
from shared.service import Moment, Service
from shared.state import Documents

State = TypeVar("State")


@dataclass
class Driven(Generic[State]):
    """A service with one community's state and clock; `emitted` is all that it has emitted."""

    service: Service[State]
    state: State
    documents: Documents
    clock: datetime | None = None
    aids: Any = None
    emitted: list[Event] = field(default_factory=list)

    def step(self, event: Event) -> list[Event]:
        """Fire what is due by the event's time, each as of its due time; handle the event; give what came out."""
        before = self.clock or event.at
        clock = max(before, event.at)
        out = self._fire(clock, before)
        self.clock = clock
        if not isinstance(event, Tick):
            out += self.service.handle(self.state, event, Moment(clock, self.aids))
            out += self._fire(clock, clock)
        self.emitted += out
        return out

    def _fire(self, clock: datetime, now: datetime) -> list[Event]:
        out: list[Event] = []
        while (timer := self.documents.take_due(clock)) is not None:
            now = max(now, timer.due)
            out += self.service.fire(self.state, timer, Moment(now, self.aids))
        return out


def drive(service: Service[State], state: State, documents: Documents, events: Iterable[Event]) -> list[Event]:
    """Handle the events in order, with the timers that fall due; give everything emitted."""
    driven = Driven(service, state, documents)
    for event in events:
        driven.step(event)
    return driven.emitted
