"""Ranking: one post in a community of 8,000 members and 10,000 posts, the model apart."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, cast

from bench.invented import InventedVectors, NoModels, ranked_at_the_end
from bench.measuring import Figure, figure
from services.recommend.app import one_blas_thread
from services.recommend.documents import words
from services.recommend.features import Question
from services.recommend.handlers import Recommend
from services.recommend.rank import look_at
from services.recommend.settings import RecommendSettings
from services.recommend.silence import silence_features
from services.recommend.state import State
from shared.events import PostPublished
from shared.service import Moment
from shared.state import Documents

POSTS, MEMBERS, MEASURED = 10_000, 8_000, 200


def _look(state: State, event: PostPublished, moment: Moment) -> tuple[float, float]:
    """Give how many milliseconds the features and the model take for a post, and how many its silence."""
    text = words(event.title, event.text)
    vector = moment.aids.vectors[text]
    question = Question(state.index.people.number(event.author), event.channel, text, vector, event.mentions)
    now = event.at.timestamp()
    started = time.perf_counter()
    listed = look_at(state.index, state.settings, question, now)
    if listed is not None:
        state.models.ranker.scores(listed.signals)
    looked = time.perf_counter()
    cosines = None if listed is None else listed.found.cosines
    state.models.silence.survival(silence_features(state.index, question, now, cosines))
    return (looked - started) * 1000, (time.perf_counter() - looked) * 1000


async def _figures() -> list[Figure]:
    one_blas_thread()
    service = Recommend(RecommendSettings(), cast("Any", InventedVectors()), NoModels())
    state = await service.open("bench", Documents())
    replies: list[float] = []
    posts: list[float] = []
    looks: list[float] = []
    silences: list[float] = []
    for event in ranked_at_the_end("bench", POSTS, MEASURED, MEMBERS):
        moment = Moment(event.at, await service.prepare(state, [event]))
        if isinstance(event, PostPublished) and state.community.open:
            look, silence = _look(state, event, moment)
            looks.append(look)
            silences.append(silence)
        started = time.perf_counter()
        list(service.handle(state, event, moment))
        (posts if isinstance(event, PostPublished) else replies).append((time.perf_counter() - started) * 1000)
    name = f"{MEMBERS:,} members, {POSTS:,} posts"
    return [
        figure(f"features and model of a post, {name}", looks, "ms"),
        figure(f"silence of a post, {name}", silences, "ms"),
        figure(f"a post ranked, {name}", posts[-MEASURED:], "ms"),
        figure(f"a reply taken in, {name}", replies[-3 * MEASURED :], "ms"),
    ]


def figures() -> Iterator[Figure]:
    yield from asyncio.run(_figures())
