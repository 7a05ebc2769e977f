"""The invented community's days, one after the other: eight weeks of history, and live traffic without an end."""

import heapq
from bisect import bisect
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count, takewhile
from random import Random
from typing import Final

from kindling.demo import facts
from kindling.demo.converse import Thread, plan_answered, plan_unanswered
from kindling.demo.people import (
    FOUNDERS,
    HISTORY,
    NEWCOMERS,
    Person,
    founders,
    invented_name,
    late_names,
    newcomer,
    reads,
)
from kindling.demo.phrase import Topic, ask
from kindling.demo.talk_teaching import INTRODUCTIONS
from kindling.demo.topics import CLOSED_TOPICS, OPEN_TOPICS, PLACES, TOPICS
from shared.events import Event, Privacy, Role

NAME: Final = "The Learning Workshop"

_DAY: Final = timedelta(days=1)
_POSTS_ON_WEEKDAYS: Final = (18, 24)
_POSTS_ON_WEEKENDS: Final = (6, 9)
# Of each deck of forty posts eleven stay unanswered: 27.5 %, whatever the seed, with chance only in which.
_DECK: Final = 40
_UNANSWERED_OF_DECK: Final = 11
# Far more than are open at once: a nudge is about a post of the last three days.
_REMEMBERED_THREADS: Final = 2_000
# By then everybody and every channel is there.
_SETTLED: Final = timedelta(seconds=150)


class Timeline:
    """The community's whole time, from the first day of its history on; the same for the same seed and begin.

    Iterating gives the events in order of time and never ends. `people` and `threads` are what has been planned
    so far: up to a day ahead of what was given.
    """

    def __init__(self, seed: int, begin: datetime) -> None:
        self._rng = Random(f"{seed}/timeline")  # noqa: S311 - invents people, keeps no secret
        self._begin = begin.astimezone(UTC).replace(microsecond=0)
        self._deck: list[bool] = []
        self._pending: list[tuple[datetime, int, Event]] = []
        self._order = count()
        self.threads: OrderedDict[str, Thread] = OrderedDict()
        self.people: dict[str, Person] = {p.id: p for p in founders(self._rng, self._begin)}
        self._late_names = late_names(self._rng, list(self.people.values()))
        self._topics = {topic.name: topic for topic in TOPICS}

    def __iter__(self) -> Iterator[Event]:
        for event in self._setting():
            self._plan(event)
        for day in count():
            start = self._begin + day * _DAY
            self._plan_day(day, start)
            while self._pending and self._pending[0][0] < start + _DAY:
                yield heapq.heappop(self._pending)[2]

    def _plan(self, event: Event) -> None:
        heapq.heappush(self._pending, (event.at, next(self._order), event))

    def _setting(self) -> Iterator[Event]:
        """Tell who and what is there on the first day, a second apart."""
        moments = (self._begin + timedelta(seconds=second) for second in count())
        people = self.people.values()
        yield facts.community_opened(next(moments), NAME)
        for person in people:
            yield facts.joined(next(moments), person.id, person.name, person.zone)
        for place in PLACES:
            at = next(moments)
            private = place.privacy is Privacy.PRIVATE
            members = tuple(p.id for p in people if reads(p, place.name, at)) if private else ()
            yield facts.channel_opened(at, place.name, place.privacy, members)
        for person in people:
            if person.roles:
                yield facts.roles(next(moments), person.id, person.roles)
                asks = 3 if Role.LEADER in person.roles else 10
                # The history is that of a community without nudges: asking begins when it ends.
                switched_on = self._begin + HISTORY
                yield facts.preferences(next(moments), person.id, person.hours, asks, switched_on)
        for person in people:
            for channel, since in person.private:
                if since > self._begin:
                    yield facts.channel_joined(since, channel, person.id)

    def _plan_day(self, day: int, start: datetime) -> None:
        # Windows may begin late on a day: what counts is the day that most of one lies in.
        weekend = (start + _DAY / 4).weekday() >= 5
        posts_today = self._rng.randint(*(_POSTS_ON_WEEKENDS if weekend else _POSTS_ON_WEEKDAYS))
        firsts = self._first_posts(day, start)
        posts = sorted(self._moments(start, posts_today) + firsts, key=lambda post: (post[0], post[1].id))
        for number, (at, person) in enumerate(posts):
            first = (at, person) in firsts
            # The first newcomer of the live traffic meets silence, unless somebody is nudged to welcome them.
            silence = first and day == HISTORY.days
            topic = self._topic(person, at, first)
            self._plan_thread(f"p{day:03d}-{number:02d}", at, person, topic, silence or self._stays_unanswered())

    def _first_posts(self, day: int, start: datetime) -> list[tuple[datetime, Person]]:
        """Have newcomers join; most of them write soon."""
        posts = []
        for name in self._joining(day):
            joined = start + timedelta(seconds=self._rng.randrange(600, 12 * 3600))
            # The first hours of live traffic show everything that there is to see.
            if day == HISTORY.days:
                joined = start + timedelta(minutes=self._rng.randrange(10, 40))
            person = newcomer(self._rng, name, joined)
            self.people[person.id] = person
            self._plan(facts.joined(joined, person.id, person.name, person.zone))
            if day == HISTORY.days or self._rng.random() < 0.85:
                posts.append((joined + timedelta(seconds=self._rng.randrange(300, 5_400)), person))
        return posts

    def _joining(self, day: int) -> list[str]:
        if day < HISTORY.days:
            # Spread evenly over all days but the first.
            due = (day * NEWCOMERS) // (HISTORY.days - 1) - (len(self.people) - FOUNDERS)
            return [self._late_names.pop() for _ in range(due)]
        joins = day == HISTORY.days or self._rng.random() < 0.6
        return [invented_name(self._rng, set(self.people))] if joins else []

    def _moments(self, start: datetime, posts: int) -> list[tuple[datetime, Person]]:
        """Draw when somebody posts, and who: people post while they are awake, so hours differ."""
        # Newcomers' first posts are planned on their own.
        people = [p for p in self.people.values() if not p.newcomer or p.joined < start]
        hours = [start + timedelta(hours=hour) for hour in range(24)]
        weights = [[person.writes * person.awake(hour) for person in people] for hour in hours]
        cumulated = list(accumulate(sum(hour) for hour in weights))
        found = []
        for number in range(posts):
            # One from each of equal shares of the day's activity: no long silence, no heap, by chance.
            place = (number + self._rng.random()) / posts * cumulated[-1]
            hour = min(bisect(cumulated, place), len(hours) - 1)
            at = hours[hour] + timedelta(seconds=self._rng.randrange(3_600))
            at = max(at, self._begin + _SETTLED)
            found.append((at, self._rng.choices(people, weights[hour])[0]))
        return found

    def _topic(self, person: Person, at: datetime, first: bool) -> Topic:
        if first:
            wanted = self._rng.choice(person.interests)
            return INTRODUCTIONS if self._rng.random() < 0.8 else self._topics[wanted]
        # In the first week everybody is new to everybody.
        if at < self._begin + 7 * _DAY and self._rng.random() < 0.15:
            return INTRODUCTIONS
        closed = [topic for topic in CLOSED_TOPICS if reads(person, topic.channel, at)]
        if closed and self._rng.random() < 0.25:
            return self._rng.choice(closed)
        if self._rng.random() < 0.7:
            return self._topics[self._rng.choice(person.interests)]
        return self._rng.choice(OPEN_TOPICS)

    def _plan_thread(self, message: str, at: datetime, person: Person, topic: Topic, unanswered: bool) -> None:
        said = ask(topic, self._rng)
        thread = Thread(message, topic.channel, person.id, topic, said.words, said.text, at)
        self.threads[message] = thread
        while len(self.threads) > _REMEMBERED_THREADS:
            self.threads.popitem(last=False)
        self._plan(facts.post(at, message, topic.channel, person.id, said.text))
        plan = plan_unanswered if unanswered else plan_answered
        for event in plan(self._rng, thread, list(self.people.values())):
            self._plan(event)

    def _stays_unanswered(self) -> bool:
        if not self._deck:
            unanswered = [True] * _UNANSWERED_OF_DECK
            self._deck = self._rng.sample(unanswered + [False] * (_DECK - _UNANSWERED_OF_DECK), _DECK)
        return self._deck.pop()


def history(seed: int, until: datetime) -> Iterator[Event]:
    """Give eight weeks of the community before `until` (aware), in order of time.

    Whoever has a role is not asked before `until`: the history is that of a community without nudges.
    """
    return takewhile(lambda event: event.at < until, Timeline(seed, until - HISTORY))


def with_roles(seed: int, until: datetime) -> list[Person]:
    """Give the champions and leaders of `history(seed, until)`: those whose inboxes are worth a look."""
    return [person for person in Timeline(seed, until - HISTORY).people.values() if person.roles]


def live_start(now: datetime) -> datetime:
    """Give when live traffic starts: the last Monday, 08:00 UTC, that is at least seven days before `now`."""
    week_ago = now.astimezone(UTC) - timedelta(days=7)
    morning = week_ago.replace(hour=8, minute=0, second=0, microsecond=0)
    monday = morning - timedelta(days=morning.weekday())
    return monday if monday <= week_ago else monday - timedelta(days=7)
