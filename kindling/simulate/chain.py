"""The three services on one community, in one process and in memory: the same steps as over a log and a store.

What comes in goes through the front door's rule, then recommend, then nudge; what nudge decides comes in again at
ingest, as activity. Event time is the only clock.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kindling.simulate.protocol import WorldError, shown
from kindling.stage import Stage
from services.ingest.accept import Door, Refused, Scope, accept
from services.ingest.handlers import on_decision
from services.nudge.handlers import Nudge
from services.recommend.handlers import Recommend
from shared.events import DECISIONS, CommunityEvent, Event, Tick
from shared.service import Service
from shared.state import Documents
from shared.store import Position
from shared.wire import Envelope, decode, encode
from shared.working import Working

_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a step brought: activity in the order of the log, and what was decided on it."""

    activity: Sequence[CommunityEvent] = ()
    decisions: Sequence[CommunityEvent] = ()


class Chain:
    """One community's working copies."""

    def __init__(self, community: str, recommend: "_Stage", nudge: "_Stage") -> None:
        self._community = community
        self._recommend = recommend
        self._nudge = nudge

    @classmethod
    async def open(cls, community: str, recommend: Recommend, nudge: Nudge) -> "Chain":
        """Begin with a community that nothing is known of."""
        return cls(community, await _Stage.open(recommend, community), await _Stage.open(nudge, community))

    @property
    def known(self) -> Documents:
        """What recommend knows of the community."""
        return self._recommend.working.documents

    def next_due(self) -> datetime | None:
        """Give when nudge has something to do next, if nothing happens before."""
        return self._nudge.working.documents.next_due()

    async def take(self, bodies: Sequence[bytes], now: datetime) -> Heard:
        """Take in activity (CloudEvents) as of `now`, beyond which none of it may lie.

        Raises:
            WorldError: ingest's rule refuses an event, or it lies ahead.
        """
        return await self.hear([self._accepted(body, now) for body in bodies])

    async def hear(self, events: Sequence[CommunityEvent]) -> Heard:
        """Take in events of Kindling's own, or that have been accepted."""
        await self._recommend.prepare(events)
        return Heard(events, [decision for event in events for decision in self._pass(event)])

    async def take_history(self, bodies: Sequence[bytes], now: datetime, remembered: "Remembered") -> Heard:
        """Take in what was before anybody is asked; the same history is ranked once for all who remember it.

        What recommend makes of it depends on no decision: nudge hears it as a whole afterwards.
        """
        events = [self._accepted(body, now) for body in bodies]
        key = hashlib.sha256(b"".join([*self._recommend.heard, *bodies])).hexdigest()
        if key not in remembered:
            await self._recommend.prepare(events)
            passed = [passed for event in events for passed in self._recommend.hear(encode(Envelope(event)))]
            remembered[key] = self._recommend.kept(passed)
        kept = remembered[key]
        await self._recommend.restore(Documents(dict(kept.documents)), kept.position)
        return Heard(events, [decision for body in kept.passed for decision in self._decided(body)])

    def tick(self, at: datetime) -> Heard:
        """Move the clock to a time: whatever is due by then is done, each at its own time."""
        tick = Tick(id=f"tick/{at.isoformat()}", source="kindling/simulate", at=at, partition=0)
        decisions: list[CommunityEvent] = []
        for body in self._recommend.tick(tick):
            decisions += self._decided(body)
        for body in self._nudge.tick(tick):
            decisions += self._again(body)
        return Heard((), decisions)

    def _accepted(self, body: bytes, now: datetime) -> CommunityEvent:
        found = accept(body, Door(self._community, _SCOPES, now))
        if isinstance(found, Refused):
            why = "; ".join(f"{problem.pointer or 'the event'} {problem.detail}" for problem in found.problems)
            raise WorldError(f"the world sent activity that ingest refuses: {why}. It sent {shown(body)}")
        if found.event.at > now:
            raise WorldError(
                f"the world was advanced to {now.isoformat()}, and sent activity of {found.event.at.isoformat()}: "
                f"{shown(body)}"
            )
        return found.event

    def _pass(self, event: Event) -> Iterable[CommunityEvent]:
        for body in self._recommend.hear(encode(Envelope(event))):
            yield from self._decided(body)

    def _decided(self, body: bytes) -> Iterable[CommunityEvent]:
        """Let nudge hear what recommend passes on, and give what it decides."""
        for decision in self._nudge.hear(body):
            yield from self._again(decision)

    def _again(self, body: bytes) -> Iterable[CommunityEvent]:
        """Let a decision enter again as activity."""
        event = decode(body).event
        assert isinstance(event, DECISIONS)
        assert isinstance(event, CommunityEvent)
        yield event
        for again in on_decision(event):
            yield from self._pass(again)


@dataclass(frozen=True, slots=True)
class Kept:
    """A service's state after a history, and what it passed on of it."""

    documents: dict[str, bytes]
    position: Position | None
    passed: Sequence[bytes]


Remembered = dict[str, Kept]


class _Stage(Stage[Any]):
    """One service's working copy with what it heard, and the clock of its partition."""

    def __init__(self, service: Service[Any], working: Working[Any]) -> None:
        super().__init__(service, working)
        self._clock: datetime | None = None
        self._aids: Any = None
        self.heard: list[bytes] = []

    def kept(self, passed: Sequence[bytes]) -> Kept:
        """Give what has been stored so far; asked once, before anything was restored."""
        return Kept(self.working.documents.take_changes().puts, self.working.position, passed)

    async def prepare(self, events: Sequence[Event]) -> None:
        self._aids = await self.service.prepare(self.working.state, events)

    def hear(self, body: bytes) -> list[bytes]:
        """Handle one record; gives what is emitted."""
        self.heard.append(body)
        return self.step(decode(body), body, self._clock, self._aids)

    def tick(self, tick: Tick) -> list[bytes]:
        """Hear of a later time; only what is due makes a step of it."""
        self._clock = tick.at
        due = self.working.documents.next_due()
        if due is None or due > tick.at:
            return []
        return self.step(Envelope(tick), b"", self._clock, self._aids)
