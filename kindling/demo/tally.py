"""Count what happens in the demo, and measure how long posts wait for their first reply."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from shared.events import (
    Answer,
    Event,
    MatchesRanked,
    MemberJoined,
    NudgeActed,
    NudgeAnswered,
    NudgeDecision,
    NudgeExpired,
    NudgeIssued,
    NudgeWithdrawn,
    PostPublished,
    ReactionAdded,
    ReplyPublished,
)

# Days of the busiest demo: what came before is counted, but waited for no longer.
_REMEMBERED: Final = 20_000


@dataclass(slots=True)
class Wait:
    """A post's wait for the first reply by somebody else; `asked` is when somebody was first nudged about it."""

    author: str
    published: datetime
    asked: datetime | None = None
    replied: datetime | None = None


class Tally:
    """The demo in numbers. What happened before `live_from` counts as history."""

    def __init__(self, live_from: datetime | None = None) -> None:
        self._live_from = live_from
        self.live: Counter[str] = Counter()
        self.history: Counter[str] = Counter()
        self.nudges: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.withdrawn: Counter[str] = Counter()
        self._standing: set[str] = set()
        self._waits: OrderedDict[str, Wait] = OrderedDict()
        self._without: list[float] = []
        self._with: list[float] = []
        self._after_ask: list[float] = []

    def is_history(self, event: Event) -> bool:
        return self._live_from is not None and event.at < self._live_from

    @property
    def open(self) -> int:
        """How many nudges nobody has dealt with."""
        return len(self._standing)

    def count(self, event: Event) -> None:
        """Count an event; the caller sees to it that none comes twice."""
        counted = self.history if self.is_history(event) else self.live
        match event:
            case PostPublished():
                counted["posts"] += 1
                self._wait(event)
            case ReplyPublished():
                counted["replies"] += 1
                self._replied(event)
            case ReactionAdded():
                counted["reactions"] += 1
            case MemberJoined():
                counted["joined"] += 1
            case MatchesRanked():
                counted["matches"] += 1
            case NudgeAnswered():
                self.answers[event.answer.value] += 1
                if event.answer is Answer.DONE:
                    self._standing.discard(event.nudge)
            case NudgeDecision():
                self._decided(event)
            case _:
                pass

    def _decided(self, event: NudgeDecision) -> None:
        match event:
            case NudgeIssued():
                self.nudges[event.kind.value] += 1
                self._standing.add(event.nudge)
                wait = self._waits.get(event.post)
                if wait is not None and wait.asked is None:
                    wait.asked = event.at
                return
            case NudgeActed():
                self.live["acted"] += 1
            case NudgeWithdrawn():
                self.withdrawn[event.reason.value] += 1
            case NudgeExpired():
                self.live["expired"] += 1
            case _:
                return
        self._standing.discard(event.nudge)

    def _wait(self, post: PostPublished) -> None:
        self._waits[post.message] = Wait(post.author, post.at)
        while len(self._waits) > _REMEMBERED:
            self._waits.popitem(last=False)

    def _replied(self, reply: ReplyPublished) -> None:
        wait = self._waits.get(reply.post)
        if wait is None or wait.replied is not None or reply.author == wait.author:
            return
        wait.replied = reply.at
        if self.is_history(reply):
            return
        waited = _seconds(reply.at - wait.published)
        if wait.asked is None or wait.asked > reply.at:
            self._without.append(waited)
        else:
            self._with.append(waited)
            self._after_ask.append(_seconds(reply.at - wait.asked))

    def waiting(self) -> int:
        """Give how many of the live posts nobody has answered yet."""
        since = self._live_from
        return sum(w.replied is None and (since is None or w.published >= since) for w in self._waits.values())

    def medians(self) -> dict[str, float | None]:
        """Give the median seconds to a live first reply, None where there was none.

        `nobody_asked`: from the post, where the reply came by itself; `asked`: from the post, where somebody was
        asked before; `after_the_ask`: the same replies, from the first ask on.
        """
        named = {"nobody_asked": self._without, "asked": self._with, "after_the_ask": self._after_ask}
        return {name: round(median(waits), 1) if waits else None for name, waits in named.items()}

    def numbers(self) -> dict[str, Any]:
        """Give everything as JSON can hold it."""
        names = ("posts", "replies", "reactions", "joined", "matches", "acted", "expired")
        return {
            **{name: self.live[name] for name in names},
            "unanswered": self.waiting(),
            "nudges": dict(sorted(self.nudges.items())),
            "answers": dict(sorted(self.answers.items())),
            "withdrawn": dict(sorted(self.withdrawn.items())),
            "open": self.open,
            "history": {name: self.history[name] for name in ("posts", "replies", "matches")},
            "median_seconds_to_first_reply": self.medians(),
        }


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
