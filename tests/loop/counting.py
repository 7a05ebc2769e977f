"""A service of a few lines, to prove the loop with: it counts what it reads, and a timer reports each post."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from shared.events import Event, MessageRemoved, NudgeExpired, PostPublished, ReplyPublished
from shared.events import Kind as NudgeKind
from shared.failures import Unprocessable
from shared.service import Moment, ServiceName, TopicName
from shared.state import Documents, Table, Timer


@dataclass(frozen=True, slots=True)
class Count:
    posts: int = 0
    replies: int = 0
    clocks: tuple[str, ...] = ()


COUNTS = Table("count", Count)
DELAY = timedelta(minutes=7)


@dataclass(frozen=True, slots=True)
class Ledger:
    community: str
    documents: Documents


class Counting:
    """Reads activity, writes matches: passes events on, and says `NudgeExpired` seven minutes after a post."""

    name = ServiceName.RECOMMEND
    reads = TopicName.ACTIVITY
    writes = TopicName.MATCHES
    passes_ticks = True

    async def open(self, community: str, documents: Documents) -> Ledger:
        return Ledger(community, documents)

    async def prepare(self, state: Ledger, events: Sequence[Event]) -> Any:
        return None

    def handle(self, state: Ledger, event: Event, moment: Moment) -> Iterable[Event]:
        if isinstance(event, ReplyPublished) and event.text == "poison":
            raise Unprocessable("a reply that says so")
        if isinstance(event, ReplyPublished) and event.text == "bug":
            raise ZeroDivisionError
        yield event
        if isinstance(event, PostPublished | ReplyPublished) and self._first_time(state, event.message):
            count = state.documents.get(COUNTS, "all") or Count()
            if isinstance(event, PostPublished):
                count = replace(count, posts=count.posts + 1)
                state.documents.set_timer("report", event.message, event.at + DELAY)
            else:
                count = replace(count, replies=count.replies + 1)
            state.documents.put(COUNTS, "all", count)
        if isinstance(event, MessageRemoved):
            state.documents.set_timer("broken", event.message, moment.clock)

    def _first_time(self, state: Ledger, message: str) -> bool:
        known = state.documents.get(COUNTS, f"message/{message}") is None
        state.documents.put(COUNTS, f"message/{message}", Count(1))
        return known

    def trace_of(self, state: Ledger, event: Event) -> str | None:
        return None

    def fire(self, state: Ledger, timer: Timer, moment: Moment) -> Iterable[Event]:
        if timer.name == "broken":
            raise KeyError(timer.subject)
        count = state.documents.get(COUNTS, "all") or Count()
        state.documents.put(COUNTS, "all", replace(count, clocks=(*count.clocks, moment.clock.isoformat())))
        yield NudgeExpired(
            id=f"report/{timer.subject}", source="counting", at=moment.clock, community=state.community,
            member="m", nudge=timer.subject, kind=NudgeKind.REPLY, post=timer.subject,
        )  # fmt: skip


class Downstream(Counting):
    """The same behind recommend: what it reads carries sequence numbers; and no post is reported that has a reply."""

    name = ServiceName.NUDGE
    reads = TopicName.MATCHES
    writes = TopicName.NUDGES
    passes_ticks = False

    def handle(self, state: Ledger, event: Event, moment: Moment) -> Iterable[Event]:
        yield from super().handle(state, event, moment)
        if isinstance(event, ReplyPublished):
            state.documents.cancel_timer("report", event.post)
