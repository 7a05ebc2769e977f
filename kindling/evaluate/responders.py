"""The task of responders: who answers a post within a week, ranked as the live service ranks, beside simple rules."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate.results import KEPT, Case, Ranked, Task
from kindling.evaluate.split import Split
from services.recommend.candidates import leading
from services.recommend.documents import Post
from services.recommend.features import FEATURES, PLACES, Group, Question
from services.recommend.index import Index
from services.recommend.learn import Lesson, Lessons, learn, responders
from services.recommend.rank import Listed
from services.recommend.ranker import Ranker, hand_set
from services.recommend.rounding import DECIMALS
from services.recommend.settings import RecommendSettings
from services.recommend.signals import NOTHING
from services.recommend.spans import DAY
from services.recommend.walk import History, Step, Vectors

OURS = "Kindling"
HAND_SET = "Kindling, weights set by hand"
UNMENTIONED = "Kindling, blind to mentions"
ANSWERERS = "Kindling, of who answered before"
BEGINNERS = "first-time authors"
UNNAMED = "nobody mentioned"

RETRAINED = 60 * DAY
FEWEST = 100

Floats = NDArray[np.float64]
Number = TypeVar("Number", np.float16, np.float32)
Values = Callable[[Floats], Floats]


def _row(name: str) -> Values:
    place = PLACES[name]
    return lambda values: values[place]


def _fused(values: Floats) -> Floats:
    """Add the votes of similar words up with recent activity, each over its highest."""
    votes, recent = values[PLACES["words 180d"]], np.log1p(values[PLACES["joins 30d"]])
    fused: Floats = votes / max(votes.max(initial=0), 1e-9) + recent / max(recent.max(initial=0), 1e-9)
    return fused


# The simple rules, each a value for everybody from the features of everybody.
BASELINES: dict[str, Values] = {
    "popularity": _row("joins ever"),
    "recent activity": _row("joins 30d"),
    "active in this channel": _row("channel joins 30d"),
    "BM25 vote": _row("words 180d"),
    "dense vote": _row("meaning 180d"),
    "BM25 vote + recent activity": _fused,
}


class Responders:
    """Sees each step of a walk: judges the posts of the test, and learns from those whose week is over."""

    def __init__(
        self, settings: RecommendSettings, history: History, vectors: Vectors, split: Split, ablate: bool = False
    ) -> None:
        self._settings = settings
        self._ablate = ablate
        self._without: dict[Group, Ranker] = {}
        self._vectors = vectors
        self._split = split
        self._bots = {name for name, member in history.members.items() if member.bot}
        self._responders = responders(history.replies, history.members)
        self._lessons = Lessons()
        self._ranker = hand_set()
        self._next_training = split.test
        self._cases: list[Case] = []
        self._sizes: list[int] = []
        self._known: list[bool] = []
        self._let_through: list[bool] = []
        self._trained: list[int] = []

    def see(self, step: Step) -> None:
        if self._split.test <= step.now <= self._split.ends and step.now >= self._next_training:
            self._train(step.now)
        for name, post in sorted(step.posts.items()):
            if post.author not in self._bots and self._split.begins <= step.now <= self._split.ends:
                self._post(step, name, post)

    def _train(self, now: float) -> None:
        answered, silent = self._lessons.until(now)
        self._trained.append(len(answered))
        if len(answered) >= FEWEST:
            self._ranker = learn(answered, silent, f"at {now:.0f}", self._ranker)
            if self._ablate and not self._without:
                self._without = {
                    group: learn([blind(lesson, group) for lesson in answered], [], f"without {group}", self._ranker)
                    for group in Group
                }
        self._next_training = now + RETRAINED

    def _post(self, step: Step, name: str, post: Post) -> None:
        question = step.question(post, self._vectors)
        listed = step.look_at(self._settings, name, self._vectors)
        if listed is None:
            return
        relevant = [member for _, member in self._responders(name, step.now)]
        numbers = step.index.people.numbers
        self._lessons.add(step.now, listed, [numbers.get(member, -1) for member in relevant])
        if step.now >= self._split.test and relevant:
            self._judge(step, name, question, listed, relevant)

    def _judge(self, step: Step, name: str, question: Question, listed: Listed, relevant: list[str]) -> None:
        index, first = step.index, step.index.people.numbers.get(relevant[0], -1)
        eligible = index.people.candidates(index.scopes_for(question.channel)) & index.may_read(question.channel)
        eligible[question.author] = False
        numbers = np.flatnonzero(eligible)
        self._sizes.append(len(numbers))
        self._known.append(bool(first >= 0 and eligible[first]))
        self._let_through.append(first in listed.numbers)
        groups = set()
        if not any(index.past.posts(scope, question.author) for scope in index.scopes_for(question.channel)):
            groups.add(BEGINNERS)
        if not question.mentions:
            groups.add(UNNAMED)
        ranked = self._ours(index, listed, question)
        for rule, values in BASELINES.items():
            scores = np.round(values(listed.found.values[:, numbers]), DECIMALS)
            ranked[rule] = _names(index, numbers, scores)
        self._cases.append(Case(name, step.now, name, tuple(relevant), ranked, frozenset(groups)))

    def _ours(self, index: Index, listed: Listed, question: Question) -> dict[str, tuple[str, ...]]:
        unmentioned = listed.signals.copy()
        unmentioned[:, PLACES["mentioned"]] = NOTHING
        scores = self._ranker.scores(listed.signals)
        without = {
            f"Kindling, without {group}": _names(index, listed.numbers, ranker.scores(_blinded(listed.signals, group)))
            for group, ranker in self._without.items()
        }
        before = index.people.answers(index.scopes_for(question.channel))[listed.numbers] > 0
        return {
            OURS: _names(index, listed.numbers, scores),
            HAND_SET: _names(index, listed.numbers, hand_set().scores(listed.signals)),
            UNMENTIONED: _names(index, listed.numbers, self._ranker.scores(unmentioned)),
            ANSWERERS: _names(index, listed.numbers[before], scores[before]),
            **without,
        }

    def finish(self) -> Ranked:
        """Give all cases."""
        facts = {}
        if self._cases:
            facts = {
                "people who could be ranked, median": float(np.median(self._sizes)),
                "share of first responders among them": float(np.mean(self._known)),
                "share of first responders that the first stage lets through": float(np.mean(self._let_through)),
                "posts learnt from, at the last training": float(self._trained[-1]),
                "trainings": float(len(self._trained)),
            }
        notes = (
            "Ranked are all people who wrote before, the author and bots left out; who answers a post as their very "
            "first message counts as missed.",
            f"“{ANSWERERS}” ranks only people who had answered somebody before.",
        )
        return Ranked(Task.RESPONDERS, OURS, tuple(BASELINES), tuple(self._cases), notes, facts)


def blind(lesson: Lesson, group: Group) -> Lesson:
    """Give a lesson that says nothing of a group of features."""
    return replace(lesson, signals=_blinded(lesson.signals, group))


def _blinded(signals: NDArray[Number], group: Group) -> NDArray[Number]:
    blinded = signals.copy()
    blinded[:, [place for place, feature in enumerate(FEATURES) if feature.group is group]] = NOTHING
    return blinded


def _names(index: Index, numbers: NDArray[np.intp], scores: Floats) -> tuple[str, ...]:
    return tuple(index.people.ids[numbers[place]] for place in leading(scores, numbers, index.people.ids, KEPT))
