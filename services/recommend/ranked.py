"""Say who should answer a post: when it comes, and once more when an edit made it another one."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from services.recommend import meet
from services.recommend.documents import CHANNELS, POSTS, RESPONDERS, Post
from services.recommend.explain import matches
from services.recommend.features import Question
from services.recommend.rank import rank
from services.recommend.silence import silence_features
from services.recommend.state import State, within_id
from shared.events import MatchesRanked, MessageEdited, PostPublished, StillOpen

SOURCE = "kindling/recommend"

Vector = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A post that looks for people; `silent_as_of` is when its silence is judged, in seconds since 1970."""

    message: str
    post: Post
    question: Question
    first_post: bool
    silent_as_of: float
    edit: str = ""


def rank_new(state: State, event: PostPublished, post: Post, vector: Vector, clock: datetime) -> MatchesRanked | None:
    """Rank a post that is not in the index yet; None where nothing is to be said."""
    if not _is_asked(state, post):
        return None
    author = state.index.people.number(post.author)
    question = Question(author, post.channel, post.words(), vector, post.mentions)
    first = not state.index.people.wrote(author, state.index.scopes_for(post.channel))
    return _ranked(state, _Asked(event.message, post, question, first, clock.timestamp()), clock)


def another_post(state: State, event: MessageEdited, new: Post, vector: Vector) -> bool:
    """Say whether an edit that is not taken in yet makes another post of one that still waits for an answer."""
    row, known = state.index.threads.rows[event.message], state.documents.get(RESPONDERS, event.message)
    if known is None or new.resolved or state.index.past.first(row) is not None:
        return False
    (cosine,) = state.index.threads.cosines_of([row], vector)
    return bool(cosine < state.settings.reranked_cosine)


def rank_again(state: State, event: MessageEdited, vector: Vector, clock: datetime) -> MatchesRanked | None:
    """Rank a post by its new words, which the index has; None where nothing is to be said.

    How long it stays open is judged as of its birth, as all hours of that are counted from there.
    """
    message, index = event.message, state.index
    known, post = state.documents.get(RESPONDERS, message), state.documents.get(POSTS, message)
    if known is None or post is None or not _is_asked(state, post):
        return None
    author, row = index.people.number(post.author), index.threads.rows[message]
    question = Question(author, post.channel, post.words(), vector, post.mentions, row)
    asked = _Asked(message, post, question, known.first_post, post.at.timestamp(), f"{event.source} {event.id}")
    return _ranked(state, asked, clock)


def _is_asked(state: State, post: Post) -> bool:
    channel = state.documents.get(CHANNELS, post.channel)
    closed = channel is not None and channel.closed
    return state.community.open and not closed and not meet.meet(state, post.author).bot


def _ranked(state: State, asked: _Asked, clock: datetime) -> MatchesRanked | None:
    question, post, now = asked.question, asked.post, clock.timestamp()
    ranking = rank(state.index, state.settings, state.models.ranker, question, now)
    if ranking is None:
        return None
    found = silence_features(state.index, question, asked.silent_as_of, ranking.cosines)
    silence = state.models.silence.survival(found)
    made_by = hashlib.sha256(f"{state.model}{asked.edit}".encode()).hexdigest()[:8]
    return MatchesRanked(
        id=within_id("matches/", asked.message, f"/{made_by}"),
        source=SOURCE,
        at=clock,
        community=state.name,
        message=asked.message,
        channel=post.channel,
        author=post.author,
        published=post.at,
        first_post=asked.first_post,
        model=state.model,
        matches=matches(state.index, state.settings, ranking, post.channel, question.author, now),
        still_open=tuple(StillOpen(hours=hours, probability=chance) for hours, chance in silence.items()),
    )
