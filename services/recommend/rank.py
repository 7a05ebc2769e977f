"""Who should answer a post: candidates, features, the fused score. Pure.

Everybody who reads the post's channel may see the ranking: only what all of them may read shapes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommend.decay import DAY
from services.recommend.index import Index
from services.recommend.settings import RecommendSettings, Weights
from services.recommend.votes import Ballot, aged, count, dense_ballot, word_ballot

DECIMALS = 6

# An answer or two in a channel say little of where somebody is at home.
_SHRINK = 2.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """A post that looks for people; `author` is a number, `vector` quantised."""

    author: int
    channel: str
    words: str
    vector: NDArray[np.int16]
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """What the score rests on, one value a person: each array of shape (people,)."""

    activity: Floats
    bm25: Floats
    dense: Floats
    channel: Floats
    mention: Floats

    def weighted(self, weights: Weights) -> "Features":
        """Give what each feature adds to the score."""
        return Features(
            weights.activity * self.activity,
            weights.bm25 * self.bm25,
            weights.dense * self.dense,
            weights.channel * self.channel,
            weights.mention * self.mention,
        )

    def fused(self) -> Floats:
        """Add all features up, rounded."""
        return np.round(self.activity + self.bm25 + self.dense + self.channel + self.mention, DECIMALS)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The people who should answer, best first, as (number, score); `parts` are what the scores are made of.

    `votes` says what each similar post's vote adds to the score of everybody who answered it, by row.
    """

    chosen: list[tuple[int, float]]
    parts: Features
    votes: dict[int, float]


def rank(index: Index, settings: RecommendSettings, question: Question, now: float) -> Ranking | None:
    """Rank the candidates for a post as of `now` (seconds since 1970); None where there are none."""
    people, threads, scopes = index.people, index.threads, index.scopes_for(question.channel)
    eligible = people.candidates(scopes) & index.may_read(question.channel)
    eligible[question.author] = False
    if not eligible.any():
        return None
    words, meaning = (
        aged(ballot, threads.ages(ballot.rows, now), settings.vote_half_life_days * DAY)
        for ballot in _ballots(index, settings, question, now)
    )
    bm25, bm25_unit = _normed(count(words, threads.answerers, len(people)), eligible)
    dense, dense_unit = _normed(count(meaning, threads.answerers, len(people)), eligible)
    mention = np.zeros(len(people))
    mention[[people.numbers[m] for m in question.mentions if m in people.numbers]] = 1.0
    weights = settings.weights
    parts = Features(
        activity=np.log1p(people.activity(scopes, now)),
        bm25=bm25,
        dense=dense,
        channel=people.answers_in(question.channel) / (people.answers(scopes) + _SHRINK),
        mention=mention,
    ).weighted(weights)
    chosen = best(parts.fused(), eligible, people.ids, settings.matches)
    votes: dict[int, float] = {}
    for ballot, unit in ((words, weights.bm25 * bm25_unit), (meaning, weights.dense * dense_unit)):
        _add_votes(votes, ballot, unit)
    return Ranking(chosen, parts, votes)


def _ballots(index: Index, settings: RecommendSettings, question: Question, now: float) -> tuple[Ballot, Ballot]:
    """Let the answered posts with the same words vote, and those with a near meaning."""
    threads, most, scopes = index.threads, settings.similar_posts, index.scopes_for(question.channel)
    answered = threads.answered(now - settings.votes_days * DAY, scopes)
    scores = threads.word_scores(question.words, settings.query_terms, scopes)
    cosines = threads.cosines(question.vector, answered)
    return (
        word_ballot(scores, answered, most),
        dense_ballot(cosines, answered, most, settings.dense_kernel),
    )


def best(scores: Floats, eligible: NDArray[np.bool_], ids: Sequence[str], most: int) -> list[tuple[int, float]]:
    """Choose the `most` eligible people with the highest scores, ties by id."""
    numbers = np.flatnonzero(eligible)
    if most < len(numbers):
        least = np.partition(scores[numbers], len(numbers) - most)[len(numbers) - most]
        numbers = numbers[scores[numbers] >= least]
    found = sorted((-scores[number], ids[number], number) for number in numbers.tolist())
    return [(number, float(-score)) for score, _, number in found[:most]]


def _normed(votes: Floats, eligible: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Scale votes so that the best eligible person has 1; with the unit that they were scaled by."""
    most = float(votes[eligible].max())
    unit = 1.0 / most if most > 0 else 0.0
    return votes * unit, unit


def _add_votes(votes: dict[int, float], ballot: Ballot, unit: float) -> None:
    for row, weight in zip(ballot.rows.tolist(), (ballot.weights * unit).tolist(), strict=True):
        votes[row] = votes.get(row, 0.0) + weight
