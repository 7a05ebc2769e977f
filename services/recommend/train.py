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

from services.recommend.learn import MOST_ANSWERED, MOST_SILENT, Lesson, Lessons, learn, responders
from services.recommend.models import Models
from services.recommend.rank import look_at
from services.recommend.ranker import Ranker, hand_set
from services.recommend.settings import RULES_VERSION, RecommendSettings
from services.recommend.silence import silence_features
from services.recommend.silence_fit import Example, fit_silence, recalibrated
from services.recommend.walk import History, Vectors, walk

FEWEST = 100
_WARM_UP = 0.1
_HELD_OUT = 0.2

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
    lessons, examples, now = _lessons(settings, dimension, history, vectors, progress)
    answered, silent = lessons.until(now)
    if len(answered) < FEWEST:
        raise TooYoung(
            f"{len(answered)} posts older than a week were answered by somebody who could be ranked, and it takes "
            f"{FEWEST}: until then the hand-set weights rank"
        )
    cut = round(len(answered) * (1 - _HELD_OUT))
    judged = learn(answered[:cut], silent[: round(len(silent) * (1 - _HELD_OUT))], "judged")
    held_out = answered[cut:]
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
    }
    ranker = learn(answered, silent, "learned", judged)
    silence = recalibrated(fit_silence(examples, now), examples, now)
    made = Models("learned", ranker, silence, card)
    name = f"learned-{card['until'][:10]}-{hashlib.sha256(made.artefact()).hexdigest()[:8]}"
    return replace(made, id=name, ranker=replace(ranker, version=name), silence=replace(silence, version=name))


def mrr(ranker: Ranker, lessons: Sequence[Lesson]) -> float:
    """Give the mean reciprocal rank of who answered first, rounded; ties count as if all of them came before."""
    found = []
    for lesson in lessons:
        assert lesson.target is not None
        scores = ranker.scores(lesson.signals.astype(np.float32))
        found.append(1 / int((scores >= scores[lesson.target.argmax()]).sum()))
    return round(float(np.mean(found)), 6) if found else 0.0


def _lessons(
    settings: RecommendSettings, dimension: int, history: History, vectors: Vectors, progress: Progress
) -> tuple[Lessons, list[Example], float]:
    """Collect the lessons and examples of the latest posts, and the time of the last fact."""
    look_up = responders(history.replies, history.members)
    bots = {name for name, member in history.members.items() if member.bot}
    total = len(history.posts)
    # Older ones would be dropped again; the first tenth is seen before there is much to count.
    begin = max(round(total * _WARM_UP), total - 3 * (MOST_ANSWERED + MOST_SILENT))
    ever = responders(history.replies, history.members, math.inf)
    lessons, examples, seen, now = Lessons(), list[Example](), 0, 0.0
    for step in walk(settings, dimension, history, vectors):
        now = step.now
        for name, post in sorted(step.posts.items()):
            seen += 1
            if seen <= begin or post.author in bots:
                continue
            question = step.question(post, vectors)
            listed = look_at(step.index, settings, question, step.now)
            cosines = None if listed is None else listed.found.cosines
            first = next((at - step.now for at, _ in ever(name, step.now)), math.inf)
            examples.append(Example(step.now, first, silence_features(step.index, question, step.now, cosines)))
            if listed is not None:
                numbers = step.index.people.numbers
                lessons.add(step.now, listed, [numbers.get(member, -1) for _, member in look_up(name, step.now)])
        progress(seen, total)
    return lessons, examples, now
