"""Evaluate the silence model on an archive: forecast each post of the test as it is born, knowing what came before.

The model is learnt anew every month and its level set anew every week, as when serving, from labels whose time has
passed. What is forecast at a later age is the curve of the birth, given that the post is open still.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate.results import Forecast, Silence
from services.recommend.answered import waits
from services.recommend.documents import Post
from services.recommend.index import Index
from services.recommend.past import Kind
from services.recommend.posted import Posted
from services.recommend.rounding import DECIMALS
from services.recommend.silence import silence_features
from services.recommend.silence_fit import Example, fit_silence, recalibrated
from services.recommend.silence_model import SilenceModel, base_model
from services.recommend.spans import DAY, HOUR
from services.recommend.votes import nearest
from services.recommend.walk import History, Step, Vectors

Floats = NDArray[np.float64]

OURS = "Kindling"
RATE, CHANNEL_RATE, NEAREST = "base rate, 30 days", "base rate of the channel, 30 days", "nearest posts"
AGES = (0, 1, 4, 12)
LEARN_EVERY = 30 * DAY
LEVEL_EVERY = 7 * DAY
_WARM_UP, _LEARNING = 0.1, 0.8
_LEFT_OUT = 7 * DAY
_SPAN = 30 * DAY
_NEAR = 50
_KERNEL = 14.0
# A rule's rate is drawn to the wider one, or to a half, as if so many posts had been seen.
_SHRINK = 2.0
# So many posts are enough to find the latest of each interval among.
_LEVELLED = 5_000


@dataclass(slots=True)
class _Past:
    """When posts were born, and how many seconds later they were answered, in the order of time."""

    at: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)

    def add(self, at: float, answered: float) -> None:
        self.at.append(at)
        self.answered.append(answered)

    def shares(self, now: float, else_: Floats) -> Floats:
        """Give how many of those open at each age stayed silent, of the last 30 days whose day has passed."""
        start, end = (bisect_left(self.at, now - DAY - span) for span in (_SPAN, 0.0))
        return _shares(np.array(self.answered[start:end]), np.ones(end - start), else_)


def _shares(answered: Floats, weights: Floats, else_: Floats) -> Floats:
    silent = float(weights[answered > DAY].sum())
    still = np.array([float(weights[answered > age * HOUR].sum()) for age in AGES])
    shares: Floats = (silent + _SHRINK * else_) / (still + _SHRINK)
    return shares


class SilenceTask:
    """Sees a walk over the history, step by step; `vectors` has the vector of each post's words."""

    def __init__(self, history: History, vectors: Vectors) -> None:
        self._vectors = vectors
        self._bots = frozenset(name for name, member in history.members.items() if member.bot)
        self._answered = waits(history.posts, history.replies, self._bots)
        births = sorted(post.at.timestamp() for post in history.posts.values() if post.author not in self._bots)
        self._warm, self._cut = (births[int(share * len(births))] if births else 0.0 for share in (_WARM_UP, _LEARNING))
        times = [post.at for post in history.posts.values()] + [reply.at for reply in history.replies.values()]
        self._end = max((at.timestamp() for at in times), default=0.0) - _LEFT_OUT
        self._examples: list[Example] = []
        self._learnt = base_model()
        self._model = self._learnt
        self._learn_at = self._level_at = self._cut
        self._trainings = 0
        self._everywhere = _Past()
        self._in_channel: dict[str, _Past] = {}
        self._forecasts: list[Forecast] = []

    def see(self, step: Step) -> None:
        """Forecast the posts of a step, and keep them to learn from once their time has passed."""
        for name, post in sorted(step.posts.items()):
            if post.author not in self._bots and step.now >= self._warm:
                self._see_post(step, name, post)
        for name, post in sorted(step.posts.items()):
            if post.author not in self._bots:
                self._everywhere.add(step.now, self._answered[name])
                self._in_channel.setdefault(post.channel, _Past()).add(step.now, self._answered[name])

    def finish(self) -> Silence:
        """Give all forecasts."""
        return Silence(
            OURS,
            (RATE, CHANNEL_RATE, NEAREST),
            tuple(self._forecasts),
            ("Learnt anew every 30 days and levelled every 7, from posts whose time had passed; forecast at birth.",),
            {"posts to learn from": float(len(self._examples)), "models learnt": float(self._trainings)},
        )

    def _see_post(self, step: Step, name: str, post: Post) -> None:
        question = step.question(post, self._vectors)
        scopes = step.index.scopes_for(post.channel)
        cosines = step.index.threads.cosines(question.vector, step.index.threads.seen(scopes))
        features = silence_features(step.index, question, step.now, cosines)
        answered = self._answered[name]
        if self._cut <= step.now <= self._end:
            self._learn(step.now)
            rate = self._everywhere.shares(step.now, np.full(len(AGES), 0.5))
            here = self._in_channel.get(post.channel, _Past()).shares(step.now, rate)
            near = self._near(step.index, cosines, scopes, step.now, rate)
            ours = conditional(self._model, features)
            for place, age in enumerate(AGES):
                if answered > age * HOUR:
                    said = {OURS: ours[place], RATE: rate[place], CHANNEL_RATE: here[place], NEAREST: near[place]}
                    self._forecasts.append(_forecast(name, step.now, age, said, answered > DAY))
        self._examples.append(Example(step.now, answered, features))

    def _learn(self, now: float) -> None:
        if now >= self._learn_at:
            self._learnt = fit_silence(self._examples, now, f"learnt-{self._trainings}")
            self._learn_at, self._level_at = now + LEARN_EVERY, now
            self._trainings += 1
        if now >= self._level_at:
            self._model = recalibrated(self._learnt, self._examples[-_LEVELLED:], now)
            self._level_at = now + LEVEL_EVERY

    def _near(self, index: Index, cosines: Floats, scopes: Sequence[str], now: float, rate: Floats) -> Floats:
        posts = Posted.before(index.past, Kind.POSTS, scopes, now, index.past.bots(len(index.people)))
        rows = nearest(cosines, posts.older(DAY).mask(len(cosines)), _NEAR)
        weights = np.exp(_KERNEL * (cosines[rows] - (cosines[rows].max() if len(rows) else 0.0)))
        answered = np.array([self._answered.get(index.threads.ids[row], np.inf) for row in rows])
        return _shares(answered, weights, rate)


def conditional(model: SilenceModel, features: Floats) -> list[float]:
    """Say how likely a post is to be silent for a day, given that it is open at each of `AGES`."""
    survival = model.survival(features)
    day = survival[24]
    return [day if age == 0 else min(1.0, day / survival[age]) if survival[age] > 0 else 1.0 for age in AGES]


def _forecast(name: str, now: float, age: int, said: Mapping[str, float], silent: bool) -> Forecast:
    rounded = {method: round(float(chance), DECIMALS) for method, chance in said.items()}
    return Forecast(name, now, name, float(age), rounded, silent)
