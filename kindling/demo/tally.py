"""Count what happens in the demo: activity, what became of every nudge, and how soon posts were answered."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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


class Became(StrEnum):
    """What became of a nudge: each is in one of these, so that they add up to those issued."""

    ACTED = "acted"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OPEN = "open"


@dataclass(slots=True)
class Ask:
    """A nudge: whose it is, when it was issued (None: not heard of), what became of it, and why if withdrawn."""

    member: str
    issued: datetime | None = None
    became: Became = Became.OPEN
    reason: str = ""


@dataclass(slots=True)
class Wait:
    """A post's wait for the first reply by somebody else; `asked` is when somebody was first nudged about it."""

    author: str
    published: datetime
    asked: datetime | None = None
    replied: datetime | None = None

    @property
    def by_itself(self) -> float | None:
        """How many seconds it waited for a reply that nobody was asked for; None where that did not come."""
        if self.replied is None or (self.asked is not None and self.asked <= self.replied):
            return None
        return (self.replied - self.published).total_seconds()

    @property
    def since_ask(self) -> float | None:
        """How many seconds after the first ask the reply came; None where it did not, or came before."""
        if self.replied is None or self.asked is None or self.asked > self.replied:
            return None
        return (self.replied - self.asked).total_seconds()


class Tally:
    """The demo in numbers. What happened before `live_from` counts as history."""

    def __init__(self, live_from: datetime | None = None) -> None:
        self._live_from = live_from
        self.live: Counter[str] = Counter()
        self.history: Counter[str] = Counter()
        self.nudges: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        # Nudges of a run before this one that ended in this one: they are not among those issued.
        self.earlier_ended = 0
        self._asks: dict[str, Ask] = {}
        self._waits: OrderedDict[str, Wait] = OrderedDict()

    def is_history(self, event: Event) -> bool:
        return self._is_past(event.at)

    def _is_past(self, at: datetime) -> bool:
        return self._live_from is not None and at < self._live_from

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
                self._answered(event)
            case NudgeIssued():
                self._issued(event)
            case NudgeActed():
                self._ended(event, Became.ACTED)
            case NudgeWithdrawn():
                self._ended(event, Became.WITHDRAWN, event.reason.value)
            case NudgeExpired():
                self._ended(event, Became.EXPIRED)
            case _:
                pass

    # Nudges

    def _ask(self, nudge: str, member: str) -> Ask:
        return self._asks.setdefault(nudge, Ask(member))

    def _issued(self, event: NudgeIssued) -> None:
        self._ask(event.nudge, event.member).issued = event.at
        if not self.is_history(event):
            self.nudges[event.kind.value] += 1
        wait = self._waits.get(event.post)
        if wait is not None and wait.asked is None:
            wait.asked = event.at

    def _answered(self, event: NudgeAnswered) -> None:
        if not self.is_history(event):
            self.answers[event.answer.value] += 1
        ask = self._ask(event.nudge, event.member)
        if event.answer is Answer.DONE and ask.became is Became.OPEN:
            ask.became = Became.DONE

    def _ended(self, event: NudgeDecision, became: Became, reason: str = "") -> None:
        ask = self._ask(event.nudge, event.member)
        ask.became, ask.reason = became, reason
        if not self._is_ours(ask) and not self.is_history(event):
            self.earlier_ended += 1

    def _is_ours(self, ask: Ask) -> bool:
        return ask.issued is not None and not self._is_past(ask.issued)

    def became(self) -> Counter[Became]:
        """Give how many of the nudges issued became what; the sum is `nudges.total()`."""
        return Counter(ask.became for ask in self._asks.values() if self._is_ours(ask))

    def withdrawn(self) -> Counter[str]:
        """Give how many of them were withdrawn, by reason."""
        reasons = (ask.reason for ask in self._asks.values() if self._is_ours(ask))
        return Counter(reason for reason in reasons if reason)

    def open_by_member(self) -> Counter[str]:
        """Give how many nudges are in whose inbox now, earlier ones too; the member asked last comes first."""
        standing = [ask for ask in self._asks.values() if ask.became is Became.OPEN and ask.issued is not None]
        return Counter(ask.member for ask in reversed(standing))

    # Posts

    def _wait(self, post: PostPublished) -> None:
        if self.is_history(post):
            return
        self._waits[post.message] = Wait(post.author, post.at)
        while len(self._waits) > _REMEMBERED:
            self._waits.popitem(last=False)

    def _replied(self, reply: ReplyPublished) -> None:
        wait = self._waits.get(reply.post)
        if wait is not None and wait.replied is None and reply.author != wait.author:
            wait.replied = reply.at

    def waiting(self) -> int:
        """Give how many of the live posts nobody has answered yet."""
        return sum(wait.replied is None for wait in self._waits.values())

    def first_replies(self) -> dict[str, dict[str, Any]]:
        """Give how live posts got their first reply, and half of them within how many seconds (None: there is none).

        `by_themselves` from the post on; `asked`: the posts that somebody was asked about, those of them that were
        `answered` after that, and the seconds from the first ask on. They are two kinds of posts, and no
        comparison: only those are asked about that had stayed unanswered for a while.
        """
        waits = self._waits.values()
        by_themselves = [s for s in (wait.by_itself for wait in waits) if s is not None]
        since_ask = [s for s in (wait.since_ask for wait in waits) if s is not None]
        asked = sum(wait.asked is not None and wait.by_itself is None for wait in waits)
        return {
            "by_themselves": {"answered": len(by_themselves), "median_seconds": _median(by_themselves)},
            "asked": {
                "posts": asked,
                "answered": len(since_ask),
                "median_seconds_since_ask": _median(since_ask),
            },
        }

    def numbers(self) -> dict[str, Any]:
        """Give everything as JSON can hold it: `became` adds up to the sum of `nudges`."""
        became = self.became()
        return {
            **{name: self.live[name] for name in ("posts", "replies", "reactions", "joined", "matches")},
            "unanswered": self.waiting(),
            "nudges": dict(sorted(self.nudges.items())),
            "became": {how.value: became[how] for how in Became},
            "withdrawn": dict(sorted(self.withdrawn().items())),
            "earlier_nudges_ended": self.earlier_ended,
            "answers": dict(sorted(self.answers.items())),
            "first_replies": self.first_replies(),
            "history": {name: self.history[name] for name in ("posts", "replies", "matches")},
        }


def _median(seconds: list[float]) -> float | None:
    return round(median(seconds), 1) if seconds else None
