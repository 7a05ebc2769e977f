"""The task of peers: with whom members exchange answers for the first time in the coming month."""

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate.results import KEPT, Case, Ranked, Task
from kindling.evaluate.split import Split
from services.recommend.index import Index
from services.recommend.learn_peers import EVERY, Meet, PeerLessons, first_exchanges, meets
from services.recommend.matched import Matched
from services.recommend.meeting import PLACES, SIGNALS, Floats, hand_set
from services.recommend.rounding import DECIMALS
from services.recommend.settings import RecommendSettings
from services.recommend.walk import History, Step, Vectors

OURS = "Kindling"
HAND_SET = "Kindling, weights set by hand"
POPULAR, RECENT, ADAMIC_ADAR, PROFILE = "popularity", "recent activity", "Adamic-Adar", "profile cosine"
BASELINES = (POPULAR, RECENT, ADAMIC_ADAR, PROFILE)

_MOST_LEARNT_FROM = 400


class Peers:
    """Sees each step of a walk; at each checkpoint the members of late are cases once their month is over.

    Who they met in that month is looked up in the history; a checkpoint is learnt from when its month has passed.
    """

    def __init__(self, settings: RecommendSettings, history: History, vectors: Vectors, split: Split) -> None:
        self._settings = settings
        self._vectors = vectors
        self._split = split
        self._first = first_exchanges(history, {name for name, member in history.members.items() if member.bot})
        self._matched = Matched(settings.matches)
        self._checkpoint = split.begins + EVERY
        self._lessons = PeerLessons()
        self._meeting = hand_set()
        self._cases: list[Case] = []
        self._sizes: list[int] = []

    def see(self, step: Step) -> None:
        while step.now >= self._checkpoint:
            if self._checkpoint + EVERY <= self._split.ends:
                self._check(step.index, self._checkpoint)
            self._checkpoint += EVERY
        if step.now >= self._split.begins:
            for name in sorted(step.posts):
                self._matched.add(name, step.look_at(self._settings, name, self._vectors), step.now)

    def _check(self, index: Index, now: float) -> None:
        """Rank for everybody who was active of late and meets somebody in the coming month."""
        judging = now >= self._split.test
        if judging:
            self._meeting = self._lessons.learn(now, self._meeting)
        for meet in meets(index, self._first, self._matched.of, now, None if judging else _MOST_LEARNT_FROM):
            self._lessons.add(index, now, meet)
            if judging:
                self._judge(index, now, meet)

    def _judge(self, index: Index, now: float, meet: Meet) -> None:
        values, others = meet.crowd.values, meet.others
        rules = {
            OURS: self._meeting.scores(meet.signals),
            HAND_SET: hand_set().scores(meet.signals),
            POPULAR: values[PLACES["joins 30d"], others],
            RECENT: values[PLACES["messages 30d"], others],
            ADAMIC_ADAR: meet.crowd.graph.adamic_adar(meet.number, values.shape[1])[others],
            PROFILE: meet.signals[:, SIGNALS.index("near")].astype(np.float64),
        }
        ranked = {rule: _ranked(index, others, np.round(scores, DECIMALS)) for rule, scores in rules.items()}
        self._sizes.append(len(others))
        self._cases.append(Case(f"{meet.member} at {now:.0f}", now, meet.member, meet.met, ranked))

    def finish(self) -> Ranked:
        """Give all cases."""
        facts = {"people to choose from, median": float(np.median(self._sizes))} if self._cases else {}
        notes = (
            "A case is a member who was active in the 30 days before a checkpoint and exchanged a first answer in the "
            "30 days after it with somebody who had written in the last 180 days; ranked are all who had, and with "
            "whom they had exchanged none. Who is met besides, for the first time in the community, counts as missed.",
        )
        return Ranked(Task.PEERS, OURS, BASELINES, tuple(self._cases), notes, facts)


def _ranked(index: Index, others: NDArray[np.intp], scores: Floats) -> tuple[str, ...]:
    ids = index.people.ids
    order = sorted(range(len(others)), key=lambda nth: (-scores[nth], ids[others[nth]]))
    return tuple(ids[others[nth]] for nth in order[:KEPT])
