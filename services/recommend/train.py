"""Train a community's models from its own history, and say on a card how well they do on what they have not seen.

Runs beside the stream, in a process of its own: it is given facts and vectors, and gives an artefact.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from services.recommend.answered import wait, waits
from services.recommend.documents import Post
from services.recommend.learn import MOST_ANSWERED, MOST_SILENT, Lesson, Lessons, learn, responders
from services.recommend.learn_peers import EVERY, PeerLessons, first_exchanges, meets
from services.recommend.learn_posts import PostLessons, join_features, joins
from services.recommend.matched import Matched
from services.recommend.models import Models
from services.recommend.ranker import Ranker, hand_set
from services.recommend.rounding import DECIMALS
from services.recommend.settings import RULES_VERSION, RecommendSettings
from services.recommend.silence import silence_features
from services.recommend.silence_fit import Example, fit_silence, recalibrated
from services.recommend.walk import History, Step, Vectors, walk

FEWEST = 100
_WARM_UP = 0.1
_HELD_OUT = 0.2
# At each checkpoint.
_MOST_MEETINGS = 400

Progress = Callable[[int, int], None]


class TooYoung(Exception):
    """There is too little to learn from; the message says how much there is, and how much it takes."""


def train(
    settings: RecommendSettings,
    encoder: str,
    dimension: int,
    history: History,
    vectors: Vectors,
    in_use: Models,
    progress: Progress = lambda _done, _total: None,
) -> Models:
    """Learn from all posts whose week is over; raises TooYoung where fewer than 100 of them were answered.

    A fifth, the latest ones, is held out first: on these the card compares what the rest teaches with the models
    `in_use`. Then all is learnt from.
    """
    seen = _Seen(settings, history, vectors)
    now = _walk(seen, dimension, progress)
    answered, silent = seen.lessons.until(now)
    if len(answered) < FEWEST:
        raise TooYoung(
            f"{len(answered)} posts older than a week were answered by somebody who could be ranked, and it takes "
            f"{FEWEST}: until then the hand-set weights rank"
        )
    cut = round(len(answered) * (1 - _HELD_OUT))
    judged = learn(answered[:cut], silent[: round(len(silent) * (1 - _HELD_OUT))], "judged")
    held_out = answered[cut:]
    suits, of_posts = seen.posts.judged(now, "learned")
    meeting, of_peers = seen.peers.judged(now, "learned")
    card: dict[str, Any] = {
        "until": datetime.fromtimestamp(now, UTC).isoformat(),
        "rules": RULES_VERSION,
        "encoder": encoder,
        "posts_answered": len(answered),
        "posts_silent": len(silent),
        "held_out": {
            "posts": len(held_out),
            "mrr": {
                "this": mrr(judged, held_out),
                "in_use": mrr(in_use.ranker, held_out),
                "hand_set": mrr(hand_set(), held_out),
            },
        },
        "posts_for_members": of_posts,
        "peers": of_peers,
    }
    ranker = learn(answered, silent, "learned", judged)
    silence = recalibrated(fit_silence(seen.examples, now), seen.examples, now)
    made = Models("learned", ranker, silence, suits, meeting, card)
    name = f"learned-{card['until'][:10]}-{hashlib.sha256(made.artefact()).hexdigest()[:8]}"
    return replace(
        made,
        id=name,
        ranker=replace(ranker, version=name),
        silence=replace(silence, version=name),
        suits=replace(suits, version=name),
        meeting=replace(meeting, version=name),
    )


def mrr(ranker: Ranker, lessons: Sequence[Lesson]) -> float:
    """Give the mean reciprocal rank of who answered first, rounded; ties count as if all of them came before."""
    found = []
    for lesson in lessons:
        assert lesson.target is not None
        scores = ranker.scores(lesson.signals.astype(np.float32))
        found.append(1 / int((scores >= scores[lesson.target.argmax()]).sum()))
    return round(float(np.mean(found)), DECIMALS) if found else 0.0


class _Seen:
    """What a walk has seen that may be learnt from: of responders, of silence, of joins and of meetings."""

    def __init__(self, settings: RecommendSettings, history: History, vectors: Vectors) -> None:
        self.settings, self.history, self.vectors = settings, history, vectors
        self.bots = {name for name, member in history.members.items() if member.bot}
        self.lessons, self.posts, self.peers = Lessons(), PostLessons(), PeerLessons()
        self.examples: list[Example] = []
        self._responders = responders(history.replies, history.members)
        self._waits = waits(history.posts, history.replies, self.bots)
        self._matched = Matched(settings.matches)
        self._met = first_exchanges(history, self.bots)
        self._checkpoint = math.inf

    def see(self, step: Step) -> None:
        """Learn from a step."""
        for join in joins(step, self.bots):
            if join.right is not None:
                self.posts.add(step.now, join_features(step, self.history, join, self._matched.of), join.right)
        self._check(step)
        for name, post in sorted(step.posts.items()):
            if post.author not in self.bots:
                self._post(step, name, post)

    def _post(self, step: Step, name: str, post: Post) -> None:
        listed = step.look_at(self.settings, name, self.vectors)
        self._matched.add(name, listed, step.now)
        cosines = None if listed is None else listed.found.cosines
        found = silence_features(step.index, step.question(post, self.vectors), step.now, cosines)
        asked = self.history.asked.get(name)
        until = math.inf if asked is None else wait(step.now, asked.at.timestamp())
        self.examples.append(Example(step.now, self._waits[name], found, until))
        if listed is not None:
            numbers = step.index.people.numbers
            answered = [numbers.get(member, -1) for _, member in self._responders(name, step.now)]
            self.lessons.add(step.now, listed, answered)

    def _check(self, step: Step) -> None:
        """Take in the checkpoints that have come since the last step; the first one a month after the first step."""
        if self._checkpoint == math.inf:
            self._checkpoint = step.now + EVERY
        while step.now >= self._checkpoint:
            for meet in meets(step.index, self._met, self._matched.of, self._checkpoint, _MOST_MEETINGS):
                self.peers.add(step.index, self._checkpoint, meet)
            self._checkpoint += EVERY


def _walk(seen: _Seen, dimension: int, progress: Progress) -> float:
    """Walk through the history; gives the time of the last fact."""
    total, done, now = len(seen.history.posts), 0, 0.0
    # Older ones would be dropped again; the first tenth is looked at before there is much to count.
    begin = max(round(total * _WARM_UP), total - 3 * (MOST_ANSWERED + MOST_SILENT))
    for step in walk(seen.settings, dimension, seen.history, seen.vectors):
        now = step.now
        done += len(step.posts)
        if done > begin:
            seen.see(step)
        progress(done, total)
    return now
