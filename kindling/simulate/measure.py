"""What became of posts and people, read off the activity and the decisions of a simulation."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.nudge.budget import within_week
from shared.events import (
    CommunityEvent,
    MemberJoined,
    MemberLeft,
    NudgeActed,
    NudgeIssued,
    NudgeWithdrawn,
    PostPublished,
    ReplyPublished,
    Role,
    RolesChanged,
)
from shared.gini import gini

DAY = timedelta(days=1)


@dataclass(slots=True)
class _Post:
    at: datetime
    author: str
    first: bool
    answered: datetime | None = None


@dataclass
class Measure:
    """Counts from `start` on; posts whose day is not over at the end are left out. Bots' doings do not count."""

    start: datetime
    _posts: dict[str, _Post] = field(default_factory=dict)
    _wrote: set[str] = field(default_factory=set)
    _bots: set[str] = field(default_factory=set)
    _roles: dict[str, tuple[Role, ...]] = field(default_factory=dict)
    _asks: dict[str, list[datetime]] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)
    _decided: Counter[str] = field(default_factory=Counter)
    _over: int = 0

    def see(self, events: Iterable[CommunityEvent]) -> None:
        """Take in activity and decisions, in order."""
        for event in events:
            self._see(event)

    def _see(self, event: CommunityEvent) -> None:
        match event:
            case PostPublished() if event.author not in self._bots:
                self._posts.setdefault(event.message, _Post(event.at, event.author, event.author not in self._wrote))
                self._wrote.add(event.author)
            case ReplyPublished() if event.author not in self._bots:
                self._reply(event)
            case MemberJoined() if event.bot:
                self._bots.add(event.member)
            case RolesChanged():
                self._roles[event.member] = event.roles
            case MemberLeft() if event.at > self.start:
                self._left.add(event.member)
            case NudgeIssued():
                self._issued(event)
            case NudgeActed() | NudgeWithdrawn():
                self._decided[type(event).__name__] += 1
            case _:
                pass

    def _reply(self, event: ReplyPublished) -> None:
        self._wrote.add(event.author)
        post = self._posts.get(event.post)
        if post is not None and post.author != event.author and (post.answered is None or event.at < post.answered):
            post.answered = event.at

    def _issued(self, event: NudgeIssued) -> None:
        asks = self._asks.setdefault(event.member, [])
        asks.append(event.at)
        # By the limit of the moment, which the decision has on record, and not by what nudge has counted itself.
        self._over += len(within_week(asks, event.at)) > event.features["weekly_limit"]

    def figures(self, until: datetime) -> dict[str, Any]:
        """Give the figures at the end.

        `asks_gini` is over all who had a role or were asked; `over_budget`: asks beyond somebody's weekly limit.
        """
        judged = [post for post in self._posts.values() if self.start < post.at <= until - DAY]
        counts = [len(asks) for asks in self._asks.values()]
        askable = {member for member, roles in self._roles.items() if set(roles) - {Role.MEMBER}} | self._asks.keys()
        return {
            "newcomers_posts": sum(post.first for post in judged),
            "newcomers_answered": sum(post.first and _within_a_day(post) for post in judged),
            "other_posts": sum(not post.first for post in judged),
            "others_answered": sum(not post.first and _within_a_day(post) for post in judged),
            "asks": sum(counts),
            "acted": self._decided[NudgeActed.__name__],
            "withdrawn": self._decided[NudgeWithdrawn.__name__],
            "asks_max": max(counts, default=0),
            "asks_gini": round(gini(counts, len(askable)), 6),
            "over_budget": self._over,
            "left": len(self._left),
        }


def _within_a_day(post: _Post) -> bool:
    return post.answered is not None and post.answered - post.at <= DAY
