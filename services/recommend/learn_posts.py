"""Which open threads members join: every first reply in somebody else's thread is a choice among those open then."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from services.recommend.choices import Choices, judged_weights, learn_weights
from services.recommend.documents import Reply
from services.recommend.matched import MatchesOf
from services.recommend.open_threads import OpenThreads, may_join, open_threads
from services.recommend.signals import signals
from services.recommend.spans import HOUR
from services.recommend.suits import Floats, Suits, hand_set, thread_features
from services.recommend.walk import History, Step

# A thread is to be chosen from for so long after it began, the most recently active ones.
OPEN = 48 * HOUR
MOST_THREADS = 200
MOST_CHOICES = 4000


@dataclass(frozen=True, slots=True)
class Join:
    """A member's first reply in a thread of somebody else, and the threads that they had not written in.

    `right` is the place of theirs among them, None where it began before.
    """

    reply: str
    member: str
    number: int
    post: str
    threads: OpenThreads
    right: int | None


def joins(step: Step, bots: Collection[str]) -> Iterator[Join]:
    """Give who joins which thread at a step, each once."""
    index, joined = step.index, set[tuple[str, str]]()
    threads: OpenThreads | None = None
    for name, reply in sorted(step.replies.items()):
        if (reply.author, reply.post) in joined or not _first(step, reply) or reply.author in bots:
            continue
        joined.add((reply.author, reply.post))
        if threads is None:
            threads = open_threads(index, step.now - OPEN)
        number = index.people.number(reply.author)
        choice = threads.of(np.flatnonzero(may_join(index, threads, number))[:MOST_THREADS])
        right = choice.posts.index(reply.post) if reply.post in choice.posts else None
        if len(choice) > 1:
            yield Join(name, reply.author, number, reply.post, choice, right)


def _first(step: Step, reply: Reply) -> bool:
    row = step.index.threads.rows.get(reply.post)
    index = step.index
    return reply.answers and row is not None and index.people.number(reply.author) not in index.threads.messages[row]


def join_features(step: Step, history: History, join: Join, matches: MatchesOf) -> Floats:
    """Compute what was known of the threads for the member: shape (features, threads)."""
    mentioned = [join.member in history.posts[post].mentions for post in join.threads.posts]
    chances = [matches(post).get(join.number, 0.0) for post in join.threads.posts]
    scopes = step.index.scopes_read_by(join.number)
    return thread_features(step.index, join.number, scopes, join.threads, mentioned, chances, step.now)


class PostLessons:
    """What may be learnt of joins, the latest ones."""

    def __init__(self) -> None:
        self._choices = Choices(MOST_CHOICES)

    def add(self, now: float, values: Floats, right: int) -> None:
        """Take in that at `now` the thread in a place was joined, of those with such features."""
        self._choices.add(now, signals(values), [right])

    def learn(self, now: float, before: Suits) -> Suits:
        """Learn from what is known by `now`, beginning at an earlier model."""
        weights = learn_weights(self._choices.known(now), hand_set().weights, before.weights)
        return Suits(f"at {now:.0f}", weights)

    def judged(self, now: float, version: str) -> tuple[Suits, dict[str, object]]:
        """Learn from all that is known by `now`, and say how well that does on what it has not seen."""
        weights, said = judged_weights(self._choices.known(now), hand_set().weights)
        return Suits(version, weights), said
