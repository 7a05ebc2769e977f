"""The task of posts: which of the open threads a member joins next, as the list for a member would rank them."""

import numpy as np

from kindling.evaluate.results import KEPT, Case, Ranked, Task
from kindling.evaluate.split import Split
from services.recommend.learn_posts import Join, PostLessons, join_features, joins
from services.recommend.matched import Matched
from services.recommend.settings import RecommendSettings
from services.recommend.spans import DAY
from services.recommend.suits import PLACES, Floats, hand_set
from services.recommend.walk import History, Step, Vectors

OURS = "Kindling"
HAND_SET = "Kindling, weights set by hand"
NEWEST, ACTIVE, CHANNEL = "newest first", "last activity", "channel, then last activity"

RETRAINED = 60 * DAY


class Posts:
    """Sees each step of a walk: a case is a member's first message in a thread of somebody else."""

    def __init__(self, settings: RecommendSettings, history: History, vectors: Vectors, split: Split) -> None:
        self._settings = settings
        self._history = history
        self._vectors = vectors
        self._split = split
        self._bots = {name for name, member in history.members.items() if member.bot}
        self._matched = Matched(settings.matches)
        self._lessons = PostLessons()
        self._suits = hand_set()
        self._next_training = split.test
        self._cases: list[Case] = []
        self._sizes: list[int] = []
        self._joins = self._earlier = 0

    def see(self, step: Step) -> None:
        if step.now < self._split.begins or step.now > self._split.ends:
            return
        if step.now >= self._next_training:
            self._suits = self._lessons.learn(step.now, self._suits)
            self._next_training = step.now + RETRAINED
        for join in joins(step, self._bots):
            self._see(step, join)
        for name in sorted(step.posts):
            self._matched.add(name, step.look_at(self._settings, name, self._vectors), step.now)

    def _see(self, step: Step, join: Join) -> None:
        self._joins += 1
        if join.right is None:
            self._earlier += 1
            return
        values = join_features(step, self._history, join, self._matched.of)
        self._lessons.add(step.now, values, join.right)
        if step.now >= self._split.test:
            self._judge(join, values, step.now)

    def _judge(self, join: Join, values: Floats, now: float) -> None:
        ids = join.threads.posts
        rules = {
            OURS: self._suits.scores(values),
            HAND_SET: hand_set().scores(values),
            NEWEST: values[PLACES["started 1d"]],
            ACTIVE: values[PLACES["active 1d"]],
            CHANNEL: values[PLACES["active 1d"]] + values[PLACES["last channel"]],
        }
        ranked = {rule: _ranked(ids, scores) for rule, scores in rules.items()}
        self._sizes.append(len(ids))
        self._cases.append(Case(join.reply, now, join.member, (join.post,), ranked))

    def finish(self) -> Ranked:
        """Give all cases."""
        facts = {}
        if self._cases:
            facts = {
                "threads to choose from, median": float(np.median(self._sizes)),
                "share of first replies in threads that had begun earlier, left out": self._earlier / self._joins,
            }
        notes = (
            "A case is a member's first reply in somebody else's thread that began in the 48 hours before; ranked are "
            "all threads that began in these and in which they had not written, the 200 most recently active ones. "
            "Who joins an older thread is no case.",
            "What would be worth reading is not evaluated: archives of messages carry no views.",
        )
        return Ranked(Task.POSTS, OURS, (NEWEST, ACTIVE, CHANNEL), tuple(self._cases), notes, facts)


def _ranked(ids: list[str], scores: Floats) -> tuple[str, ...]:
    order = sorted(range(len(ids)), key=lambda place: (-scores[place], ids[place]))
    return tuple(ids[place] for place in order[:KEPT])
