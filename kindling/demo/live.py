"""Live traffic: the invented community goes on after its history, and its people answer nudges."""

import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

from kindling.demo.answer import answers_to
from kindling.demo.generate import Timeline
from kindling.demo.people import HISTORY
from shared.events import Event, NudgeDecision, NudgeExpired, NudgeIssued, NudgeWithdrawn

_MOMENT = timedelta(seconds=1)


class LiveTraffic:
    """What happens in the community from `start` (aware) on, continuing `history(seed, start)`.

    The traffic itself is the same for the same seed and start, however `advance` cuts it. To go on after a
    restart, make it anew with the same arguments and drop what `advance` gives up to where it had come.
    """

    def __init__(self, seed: int, start: datetime) -> None:
        self._seed = seed
        self._timeline = Timeline(seed, start - HISTORY)
        self._events = iter(self._timeline)
        self._next = next(event for event in self._events if event.at >= start)
        self._answers: list[tuple[datetime, int, str, Event]] = []
        self._order = count()
        self._heard: set[str] = set()
        self.now = start.astimezone(UTC)

    def advance(self, until: datetime) -> list[Event]:
        """Give what happened since the last call and before `until`, in order of time."""
        events: list[Event] = []
        while self._next.at < until:
            events += self._answered_before(self._next.at)
            events.append(self._next)
            self._next = next(self._events)
        events += self._answered_before(until)
        self.now = max(self.now, until.astimezone(UTC))
        return events

    def on_event(self, event: Event) -> None:
        """Hear what Kindling decided; everything else is passed over."""
        if isinstance(event, NudgeIssued):
            self.respond(event)
        elif isinstance(event, NudgeWithdrawn | NudgeExpired):
            self.take_back(event)

    def respond(self, nudge: NudgeIssued) -> list[Event]:
        """Have the nudge's member answer, or not, in their own time; give what `advance` will bring.

        What they would have done before `now` they do at once. Hearing a nudge again changes nothing.
        """
        thread = self._timeline.threads.get(nudge.post)
        person = self._timeline.people.get(nudge.member)
        if nudge.nudge in self._heard or thread is None or person is None or nudge.expires <= self.now:
            return []
        self._heard.add(nudge.nudge)
        events = answers_to(self._seed, nudge, thread, person, list(self._timeline.people.values()))
        earliest = self.now
        planned: list[Event] = []
        for event in events:
            late = event.at < earliest
            planned.append(event.model_copy(update={"at": earliest}) if late else event)
            earliest = max(earliest, event.at) + _MOMENT
        for event in planned:
            heapq.heappush(self._answers, (event.at, next(self._order), nudge.nudge, event))
        return planned

    def take_back(self, nudge: NudgeDecision) -> None:
        """Have nobody answer a nudge any more: somebody was faster, or its time is over."""
        self._answers = [answer for answer in self._answers if answer[2] != nudge.nudge]
        heapq.heapify(self._answers)

    def _answered_before(self, until: datetime) -> list[Event]:
        found: list[Event] = []
        while self._answers and self._answers[0][0] < until:
            found.append(heapq.heappop(self._answers)[3])
        return found
