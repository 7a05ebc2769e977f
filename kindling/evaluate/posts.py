"""The task of posts: which of the open threads a member joins next, as the list for a member would rank them."""

from bisect import bisect_right
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate.results import KEPT, Case, Ranked, Task
from kindling.evaluate.split import Split
from services.recommend.documents import Post, Reply
from services.recommend.index import Index
from services.recommend.open_threads import OpenThread, OpenThreads
from services.recommend.rank import look_at
from services.recommend.ranker import hand_set as hand_set_ranker
from services.recommend.settings import RecommendSettings
from services.recommend.signals import signals
from services.recommend.softmax import Lists, fit
from services.recommend.spans import DAY, HOUR
from services.recommend.suits import PLACES, Suits, hand_set, thread_features
from services.recommend.walk import History, Step, Vectors

OURS = "Kindling"
HAND_SET = "Kindling, weights set by hand"
NEWEST, ACTIVE, CHANNEL = "newest first", "last activity", "channel, then last activity"

OPEN = 48 * HOUR
MOST_THREADS = 200
MOST_LISTS = 4000
RETRAINED = 60 * DAY
FEWEST = 100
_WORTH = 50.0
# Older threads hardly go on.
_MATCHES_KEPT = 2000

Floats = NDArray[np.float64]


class Posts:
    """Sees each step of a walk: a case is a member's first message in a thread of somebody else."""

    def __init__(self, settings: RecommendSettings, history: History, vectors: Vectors, split: Split) -> None:
        self._settings = settings
        self._posts = history.posts
        self._vectors = vectors
        self._split = split
        self._bots = {name for name, member in history.members.items() if member.bot}
        self._open = OpenThreads(OPEN)
        self._matches: OrderedDict[str, dict[int, float]] = OrderedDict()
        self._ats: list[float] = []
        self._lists: list[tuple[NDArray[np.float16], NDArray[np.float32]]] = []
        self._suits = hand_set()
        self._next_training = split.test
        self._cases: list[Case] = []
        self._sizes: list[int] = []
        self._trainings = 0
        self._replies = self._revived = 0

    def see(self, step: Step) -> None:
        if self._split.test <= step.now <= self._split.ends and step.now >= self._next_training:
            self._train(step.now)
        joined: set[tuple[str, str]] = set()
        for name, reply in sorted(step.replies.items()):
            if (reply.author, reply.post) not in joined and self._split.begins <= step.now <= self._split.ends:
                joined.add((reply.author, reply.post))
                self._reply(step, name, reply)
        self._follow(step)

    def _reply(self, step: Step, name: str, reply: Reply) -> None:
        index = step.index
        row = index.threads.rows.get(reply.post)
        if row is None or not reply.answers or reply.author in self._bots:
            return
        member = index.people.number(reply.author)
        if member in index.threads.messages[row]:
            return
        threads = [
            thread for thread in self._open.at(step.now)
            if thread.author != member and member not in thread.people and index.reads(member, thread.channel)
        ][:MOST_THREADS]  # fmt: skip
        if len(threads) < 2:
            return
        right = next((place for place, thread in enumerate(threads) if thread.post == reply.post), None)
        self._replies += 1
        if right is None:
            self._revived += 1
            return
        values = self._features(index, reply.author, member, threads, step.now)
        target = np.zeros(len(threads), np.float32)
        target[right] = 1
        self._ats.append(step.now)
        self._lists.append((signals(values).astype(np.float16), target))
        if len(self._lists) > 2 * MOST_LISTS:
            del self._ats[:MOST_LISTS], self._lists[:MOST_LISTS]
        if step.now >= self._split.test:
            self._judge(index, name, reply, threads, values)

    def _features(self, index: Index, name: str, member: int, threads: list[OpenThread], now: float) -> Floats:
        mentioned = [name in self._posts[thread.post].mentions for thread in threads]
        matches = [self._matches.get(thread.post, {}).get(member, 0.0) for thread in threads]
        return thread_features(index, member, threads, mentioned, matches, now)

    def _judge(self, index: Index, name: str, reply: Reply, threads: list[OpenThread], values: Floats) -> None:
        ids = [thread.post for thread in threads]
        rules = {
            OURS: self._suits.scores(values),
            HAND_SET: hand_set().scores(values),
            NEWEST: values[PLACES["started 1d"]],
            ACTIVE: values[PLACES["active 1d"]],
            CHANNEL: values[PLACES["active 1d"]] + values[PLACES["last channel"]],
        }
        ranked = {rule: _ranked(ids, scores) for rule, scores in rules.items()}
        self._sizes.append(len(threads))
        self._cases.append(Case(name, reply.at.timestamp(), reply.author, (reply.post,), ranked))

    def _follow(self, step: Step) -> None:
        """Take in what happens at a step; who might answer a new post is ranked as it is born."""
        number = step.index.people.number
        for name, post in sorted(step.posts.items()):
            self._open.start(name, post.channel, number(post.author), step.now)
            if step.now >= self._split.begins:
                self._match(step, name, post)
        for reply in step.replies.values():
            post = self._posts[reply.post]
            born = post.at.timestamp()
            self._open.write(reply.post, post.channel, number(post.author), born, number(reply.author), step.now)

    def _match(self, step: Step, name: str, post: Post) -> None:
        listed = look_at(step.index, self._settings, step.question(post, self._vectors), step.now)
        if listed is not None:
            ranker = hand_set_ranker()
            chances = ranker.probabilities(ranker.scores(listed.signals))
            self._matches[name] = dict(zip(listed.numbers.tolist(), chances.tolist(), strict=True))
        if len(self._matches) > _MATCHES_KEPT:
            self._matches.popitem(last=False)

    def _train(self, now: float) -> None:
        until = bisect_right(self._ats, now)
        lists = self._lists[max(0, until - MOST_LISTS) : until]
        self._next_training = now + RETRAINED
        self._trainings += 1
        if len(lists) >= FEWEST:
            weights = fit(Lists.of(lists), hand_set().weights, _WORTH, self._suits.weights)
            self._suits = Suits(f"at {now:.0f}", weights)

    def finish(self) -> Ranked:
        """Give all cases."""
        facts = {}
        if self._cases:
            facts = {
                "threads to choose from, median": float(np.median(self._sizes)),
                "share of first replies in threads that were still for 48 hours, left out": self._revived
                / self._replies,
            }
        notes = (
            "A case is a member's first reply in somebody else's thread; ranked are the threads of others with a "
            "message in the last 48 hours that they had not written in, the 200 most recently active ones. Who wakes "
            "an older thread is no case.",
            "What would be worth reading is not evaluated: archives of messages carry no views.",
        )
        return Ranked(Task.POSTS, OURS, (NEWEST, ACTIVE, CHANNEL), tuple(self._cases), notes, facts)


def _ranked(ids: list[str], scores: Floats) -> tuple[str, ...]:
    order = sorted(range(len(ids)), key=lambda place: (-scores[place], ids[place]))
    return tuple(ids[place] for place in order[:KEPT])
