"""The invented community as a world: people write, answer, return, get tired and leave, hour by hour of event time.

Whatever chance decides about a post or a person is drawn by the seed and their name alone, so that under another
policy everything else stays as it was.
"""

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random
from statistics import NormalDist
from typing import Any, Final

from kindling.demo.phrase import Topic, Words, ask, reply
from kindling.demo.topics import OPEN_TOPICS
from kindling.simulate.community.curves import Base, spread_of
from kindling.simulate.community.parameters import HOURS, Parameters
from kindling.simulate.community.people import Helper, helpers
from kindling.simulate.protocol import Opening, WorldChannel, WorldMember, WorldReport
from shared.events import (
    Answer,
    CommunityEvent,
    MemberJoined,
    MemberLeft,
    NudgeAnswered,
    NudgeExpired,
    NudgeIssued,
    NudgeWithdrawn,
    PostPublished,
    ReplyPublished,
)
from shared.wire import Envelope, encode

COMMUNITY: Final = "simulated"
DAY: Final = timedelta(days=1)
# Joyce & Kraut 2006: who was answered writes again more often.
_RETURNS, _RETURNS_ANSWERED = 0.44, 0.56
_FIRST_WORTH: Final = 1.3
_REGULARS: Final = 60
_PASSES: Final = 0.25
_MORE: Final = 0.4
_DAY_HOURS: Final = 24.0
# Who is asked replies so many hours later in the median; the logarithm spreads by 1.
_REPLIES_AFTER: Final = 2.0
_NORMAL: Final = NormalDist()


@dataclass(slots=True)
class Post:
    """A post with its truth: `factor` is its own hazard of an answer over that of all."""

    at: datetime
    author: str
    topic: Topic
    words: Words
    first: bool
    factor: float
    answered: datetime | None = None

    def within_a_day(self) -> bool:
        return self.answered is not None and self.answered - self.at <= DAY


class Community:
    """A world (kindling.simulate.world). Beside what a world tells it knows the truth, for an oracle."""

    def __init__(self, parameters: Parameters) -> None:
        self._given = parameters
        silent = parameters.still_open[HOURS.index(24)]
        self._visible = spread_of(parameters.told_apart, silent, parameters.hidden)
        self.base = Base.of(parameters.still_open, math.hypot(self._visible, parameters.hidden))
        self._newcomer = self._of_newcomers(silent)
        self.posts: dict[str, Post] = {}
        self.helpers: dict[str, Helper] = {}
        self._ahead: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order, self._arrivals = count(), count()
        self._told: list[CommunityEvent] = []
        self._standing: set[str] = set()
        self._wrote: set[str] = set()
        self._asks = self._left = 0
        self._foreseen = 0.0

    # What a world does

    async def hello(self, seed: int, start: datetime, until: datetime) -> Opening:
        """Begin with the history before the start."""
        self._seed, self._start, self._until = seed, start, until
        self.helpers = {one.id: one for one in helpers(seed, self._given)}
        self._effects = {topic.name: self._visible * 0.8 * self._draw("topic", topic.name).gauss(0, 1)
                         for topic in OPEN_TOPICS}  # fmt: skip
        self._plan(start - timedelta(days=self._given.history_days), self._next_post)
        regulars = [WorldMember(member=f"regular{number:02}") for number in range(_REGULARS)]
        people = [WorldMember(member=h.id, zone=h.zone, roles=(h.role,)) for h in self.helpers.values()]
        channels = sorted({topic.channel for topic in OPEN_TOPICS})
        places = tuple(WorldChannel(channel=channel) for channel in channels)
        return Opening(
            type="hello", community=COMMUNITY, start=start, members=(*people, *regulars), channels=places, settings={}
        )

    async def advance(self, until: datetime) -> Sequence[bytes]:
        """Let happen what happens up to a time."""
        while self._ahead and self._ahead[0][0] <= until:
            at, _, happen = heapq.heappop(self._ahead)
            happen(at)
        told, self._told = self._told, []
        return [encode(Envelope(event)) for event in told]

    async def nudge(self, event: NudgeIssued) -> None:
        """Have somebody who is asked reply, pass or do nothing; and leave where it was too much."""
        helper, post = self.helpers[event.member], self.posts[event.post]
        self._asks += 1
        self._foreseen += self.ask_worth(post, helper, event.at)
        self._standing.add(event.nudge)
        draw = self._draw("asked", event.post, event.member)
        replies = draw.random() < helper.replies(post.topic.name, event.at)
        after = timedelta(hours=draw.lognormvariate(math.log(_REPLIES_AFTER), 1))
        if replies:
            self._plan(event.at + after, lambda at: self._reply_if_asked(event, at))
        elif draw.random() < _PASSES:
            self._plan(event.at + after, lambda at: self._pass(event, at))
        if draw.random() < helper.asked(event.at) and not helper.left:
            helper.left = True
            self._left += 1
            self._plan(event.at + timedelta(minutes=30), lambda at: self._leave(helper, at))

    async def withdrawn(self, event: NudgeWithdrawn | NudgeExpired) -> None:
        self._standing.discard(event.nudge)

    async def finish(self) -> WorldReport:
        judged = [post for post in self.posts.values() if post.at > self._start and post.within_a_day()]
        first = sum(post.first for post in judged)
        return WorldReport(
            type="report", value=round(len(judged) + (_FIRST_WORTH - 1) * first, 6), answered=len(judged),
            newcomers_answered=first, asks=self._asks, left=self._left, foreseen=round(self._foreseen, 6),
        )  # fmt: skip

    async def close(self) -> None:
        """End nothing: no process runs."""

    # The truth

    def worth(self, post: Post) -> float:
        """Give what an answer to a post within a day is worth."""
        return _FIRST_WORTH if post.first else 1.0

    def open_at(self, post: Post, age: float) -> float:
        """Give how likely a post is without an answer of anybody's own accord at an age in hours."""
        everybody = sum(helper.answers(post.topic.name) for helper in self.helpers.values())
        here = sum(helper.answers(post.topic.name) for helper in self.helpers.values() if not helper.left)
        return math.exp(-self.base.hazard(age) * post.factor * here / everybody)

    def ask_worth(self, post: Post, helper: Helper, at: datetime) -> float:
        """Give what it adds on average to ask somebody now: the chance that their reply alone comes within the day."""
        age = (at - post.at) / timedelta(hours=1)
        if age >= _DAY_HOURS:
            return 0.0
        silent = self.open_at(post, _DAY_HOURS) / self.open_at(post, age)
        in_time = _NORMAL.cdf(math.log((_DAY_HOURS - age) / _REPLIES_AFTER))
        return self.worth(post) * silent * helper.replies(post.topic.name, at) * in_time

    # What happens

    def _next_post(self, at: datetime) -> None:
        number = next(self._arrivals)
        name = f"post{number:05}"
        draw = self._draw(name)
        if draw.random() < self._given.newcomers:
            author = f"newcomer{number:05}"
            self._tell(MemberJoined, at, f"{author}/joined", member=author)
        else:
            author = f"regular{min(int(draw.paretovariate(0.8)) - 1, _REGULARS - 1):02}"
        self._publish(name, at, author, draw)
        self._plan(at + timedelta(days=draw.expovariate(self._given.posts_per_day)), self._next_post)

    def _publish(self, name: str, at: datetime, author: str, draw: Random) -> None:
        topic = draw.choice(OPEN_TOPICS)
        first = author.startswith("newcomer") and author not in self._wrote
        self._wrote.add(author)
        effect = self._effects[topic.name] + self._visible * 0.6 * self._draw("author", author).gauss(0, 1)
        unseen = self._given.hidden * draw.gauss(0, 1)
        said = ask(topic, draw)
        factor = math.exp(effect + unseen + (self._newcomer if first else 0.0))
        post = Post(at, author, topic, said.words, first, factor)
        self.posts[name] = post
        self._tell(PostPublished, at, name, message=name, channel=topic.channel, author=author, text=said.text)
        self._wait(name, post, 0.0, draw)
        if author.startswith("newcomer"):
            self._plan(at + DAY, lambda now: self._return(name, now))

    def _wait(self, name: str, post: Post, since: float, draw: Random) -> None:
        """Plan the first answer that comes by itself, after an age in hours."""
        age = self.base.age(self.base.hazard(since) + draw.expovariate(post.factor))
        if age < math.inf:
            who = draw.choices(
                list(self.helpers.values()), [h.answers(post.topic.name) for h in self.helpers.values()]
            )[0]
            self._plan(post.at + timedelta(hours=age), lambda at: self._by_itself(name, who, age, draw, at))

    def _by_itself(self, name: str, who: Helper, age: float, draw: Random, at: datetime) -> None:
        post = self.posts[name]
        if post.answered is not None:
            return
        if who.left:
            # Another comes, later.
            self._wait(name, post, age, draw)
            return
        self._answer(name, who.id, at)

    def _answer(self, name: str, who: str, at: datetime) -> None:
        post = self.posts[name]
        draw = self._draw("reply", name, who)
        text = reply(post.topic, post.words, draw, [])
        self._tell(
            ReplyPublished, at, f"{name}/{who}", message=f"{name}/{who}", post=name, channel=post.topic.channel,
            author=who, text=text,
        )  # fmt: skip
        if post.answered is not None:
            return
        post.answered = at
        other = draw.choices(list(self.helpers.values()), [h.answers(post.topic.name) for h in self.helpers.values()])[
            0
        ]
        if draw.random() < _MORE and other.id != who:
            later = timedelta(hours=draw.lognormvariate(math.log(3), 1))
            self._plan(at + later, lambda now: None if other.left else self._answer(name, other.id, now))

    def _return(self, name: str, at: datetime) -> None:
        """Have a newcomer write again, or not: more often if they were answered within the day."""
        post = self.posts[name]
        draw = self._draw("return", name)
        if draw.random() < (_RETURNS_ANSWERED if post.within_a_day() else _RETURNS):
            later = timedelta(days=draw.expovariate(1 / 6))
            self._plan(at + later, lambda now: self._publish(f"{name}+", now, post.author, draw))

    def _reply_if_asked(self, event: NudgeIssued, at: datetime) -> None:
        post, helper = self.posts[event.post], self.helpers[event.member]
        if event.nudge in self._standing and post.answered is None and not helper.left:
            self._answer(event.post, event.member, at)

    def _pass(self, event: NudgeIssued, at: datetime) -> None:
        if event.nudge in self._standing and not self.helpers[event.member].left:
            self._tell(
                NudgeAnswered, at, f"{event.nudge}/pass", member=event.member, nudge=event.nudge, answer=Answer.PASS
            )

    def _leave(self, helper: Helper, at: datetime) -> None:
        self._tell(MemberLeft, at, f"{helper.id}/left", member=helper.id)

    def _somebody(self, topic: Topic, draw: Random) -> Helper:
        """Draw who answers of their own accord, those who have left included."""
        everybody = list(self.helpers.values())
        return draw.choices(everybody, [helper.answers(topic.name) for helper in everybody])[0]

    def _of_newcomers(self, silent: float) -> float:
        """Give what a first post adds to the log hazard: as much as makes the silence of a day what it is for them."""
        spread = math.hypot(self._visible, self._given.hidden)
        day = HOURS.index(24)
        theirs = Base.of([self._given.newcomers_open] * len(HOURS), spread).cumulated[day]
        return math.log(theirs / Base.of([silent] * len(HOURS), spread).cumulated[day])

    def _draw(self, *parts: str) -> Random:
        return Random("/".join((str(self._seed), *parts)))  # noqa: S311 - an invented community

    def _plan(self, at: datetime, happen: Callable[[datetime], None]) -> None:
        heapq.heappush(self._ahead, (at, next(self._order), happen))

    def _tell(self, kind: type[CommunityEvent], at: datetime, name: str, **fields: Any) -> None:
        self._told.append(kind(id=name, source="simulated", at=at, community=COMMUNITY, **fields))
