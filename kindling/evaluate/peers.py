"""The task of peers: with whom members exchange answers for the first time in the coming month."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate.results import KEPT, Case, Ranked, Task
from kindling.evaluate.split import Split
from services.recommend.index import Index
from services.recommend.meeting import PLACES, SIGNALS, Graph, Meeting, everybody, hand_set, pair_signals
from services.recommend.profile import PUBLIC
from services.recommend.rank import look_at
from services.recommend.ranker import hand_set as hand_set_ranker
from services.recommend.settings import RecommendSettings
from services.recommend.softmax import Lists, fit
from services.recommend.spans import DAY
from services.recommend.walk import History, Step, Vectors

OURS = "Kindling"
HAND_SET = "Kindling, weights set by hand"
POPULAR, RECENT, ADAMIC_ADAR, PROFILE = "popularity", "recent activity", "Adamic-Adar", "profile cosine"
BASELINES = (POPULAR, RECENT, ADAMIC_ADAR, PROFILE)

EVERY = 30 * DAY
ACTIVE = 30 * DAY
CANDIDATES_ACTIVE = 180 * DAY
MOST_LISTS = 3000
FEWEST = 100
_WORTH = 50.0
_MOST_LEARNT_FROM = 400

Floats = NDArray[np.float64]


class Peers:
    """Sees each step of a walk; at each checkpoint the members of late are cases once their month is over.

    Who they met in that month is looked up in the history; a checkpoint is learnt from when its month has passed.
    """

    def __init__(self, settings: RecommendSettings, history: History, vectors: Vectors, split: Split) -> None:
        self._settings = settings
        self._vectors = vectors
        self._split = split
        self._bots = {name for name, member in history.members.items() if member.bot}
        self._first = _first_exchanges(history, self._bots)
        self._neighbours: dict[int, set[int]] = defaultdict(set)
        self._matched: dict[int, list[tuple[float, NDArray[np.intp], Floats]]] = defaultdict(list)
        self._posts = history.posts
        self._checkpoint = split.begins + EVERY
        self._lists: list[tuple[float, NDArray[np.float16], NDArray[np.float32]]] = []
        self._meeting = hand_set()
        self._cases: list[Case] = []
        self._sizes: list[int] = []
        self._checkpoints = 0

    def see(self, step: Step) -> None:
        while step.now >= self._checkpoint:
            if self._checkpoint + EVERY <= self._split.ends:
                self._check(step.index, self._checkpoint)
            self._checkpoint += EVERY
        self._follow(step)

    def _follow(self, step: Step) -> None:
        number = step.index.people.number
        for _, post in sorted(step.posts.items()):
            if post.author in self._bots or step.now < self._split.begins - ACTIVE:
                continue
            listed = look_at(step.index, self._settings, step.question(post, self._vectors), step.now)
            if listed is not None:
                ranker = hand_set_ranker()
                chances = ranker.probabilities(ranker.scores(listed.signals))
                self._matched[number(post.author)].append((step.now, listed.numbers, chances))
        for reply in step.replies.values():
            author = self._posts[reply.post].author
            if reply.answers and author not in self._bots and reply.author not in self._bots:
                one, other = number(author), number(reply.author)
                self._neighbours[one].add(other)
                self._neighbours[other].add(one)

    def _check(self, index: Index, now: float) -> None:
        """Rank for everybody who was active of late and meets somebody in the coming month."""
        if now >= self._split.test:
            self._train(now)
        self._checkpoints += 1
        graph, people = Graph(self._neighbours), len(index.people)
        shared = everybody(index, graph, (PUBLIC,), now)
        last = index.people.last((PUBLIC,))
        eligible = index.people.present & (last >= now - CANDIDATES_ACTIVE)
        members = [
            name for name in sorted(self._first)
            if name in index.people.numbers and last[index.people.numbers[name]] >= now - ACTIVE
            and any(now <= at < now + EVERY for at, _ in self._first[name])
        ]  # fmt: skip
        if now < self._split.test:
            members = members[:: max(1, len(members) // _MOST_LEARNT_FROM)]
        for name in members:
            member = index.people.numbers[name]
            free = eligible.copy()
            free[[member, *self._neighbours.get(member, ())]] = False
            others = np.flatnonzero(free)
            if len(others) < 2:
                continue
            matched = self._matches_of(member, people, now)
            found = pair_signals(index, graph, shared, member, others, matched, now)
            relevant = [other for at, other in self._first[name] if now <= at < now + EVERY]
            self._learn_later(index, now, others, found, relevant)
            if now >= self._split.test:
                self._judge(index, name, now, others, found, shared, graph, relevant)

    def _matches_of(self, member: int, people: int, now: float) -> Floats:
        """Add up how likely each was to answer what a member asked in the last month."""
        total = np.zeros(people)
        kept = [one for one in self._matched.get(member, ()) if one[0] >= now - ACTIVE]
        self._matched[member] = kept
        for _, numbers, chances in kept:
            total[numbers] += chances
        return total

    def _learn_later(
        self, index: Index, now: float, others: NDArray[np.intp], found: NDArray[np.float32], relevant: list[str]
    ) -> None:
        place = {number: nth for nth, number in enumerate(others.tolist())}
        right = [place[n] for n in (index.people.numbers.get(who, -1) for who in relevant) if n in place]
        if right:
            target = np.zeros(len(others), np.float32)
            target[right] = 1 / len(right)
            self._lists.append((now, found.astype(np.float16), target))
            del self._lists[: max(0, len(self._lists) - MOST_LISTS)]

    def _judge(
        self, index: Index, name: str, now: float, others: NDArray[np.intp], found: NDArray[np.float32],
        shared: Floats, graph: Graph, relevant: list[str],
    ) -> None:  # fmt: skip
        near = found[:, SIGNALS.index("near")].astype(np.float64)
        member = index.people.numbers[name]
        rules = {
            OURS: self._meeting.scores(found),
            HAND_SET: hand_set().scores(found),
            POPULAR: shared[PLACES["joins 30d"], others],
            RECENT: shared[PLACES["messages 30d"], others],
            ADAMIC_ADAR: graph.adamic_adar(member, shared.shape[1])[others],
            PROFILE: near,
        }
        self._sizes.append(len(others))
        ranked = {rule: _ranked(index, others, np.round(scores, 6)) for rule, scores in rules.items()}
        self._cases.append(Case(f"{name} at {now:.0f}", now, name, tuple(relevant), ranked))

    def _train(self, now: float) -> None:
        lists = [(found, target) for at, found, target in self._lists if at + EVERY <= now]
        if len(lists) >= FEWEST:
            weights = fit(Lists.of(lists), hand_set().weights, _WORTH, self._meeting.weights)
            self._meeting = Meeting(f"at {now:.0f}", weights)

    def finish(self) -> Ranked:
        """Give all cases."""
        facts = {"people to choose from, median": float(np.median(self._sizes))} if self._cases else {}
        notes = (
            "A case is a member who was active in the 30 days before a checkpoint and exchanged a first answer with "
            "somebody in the 30 days after it; ranked are people who wrote in the last 180 days and with whom they "
            "had exchanged none.",
        )
        return Ranked(Task.PEERS, OURS, BASELINES, tuple(self._cases), notes, facts)


def _first_exchanges(history: History, bots: set[str]) -> dict[str, list[tuple[float, str]]]:
    """Give for each member with whom they first exchanged an answer when, in the order of time."""
    first: dict[frozenset[str], float] = {}
    for reply in history.replies.values():
        post = history.posts.get(reply.post)
        if post is None or not reply.answers or reply.at < post.at or {post.author, reply.author} & bots:
            continue
        pair, at = frozenset((post.author, reply.author)), reply.at.timestamp()
        first[pair] = min(first.get(pair, at), at)
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for pair, at in first.items():
        one, other = sorted(pair)
        found[one].append((at, other))
        found[other].append((at, one))
    return {name: sorted(met) for name, met in found.items()}


def _ranked(index: Index, others: NDArray[np.intp], scores: Floats) -> tuple[str, ...]:
    ids = index.people.ids
    order = sorted(range(len(others)), key=lambda nth: (-scores[nth], ids[others[nth]]))
    return tuple(ids[others[nth]] for nth in order[:KEPT])
