"""Who should answer a post: features, the first stage, the ranker. Pure.

Everybody who reads the post's channel may see the ranking: only what all of them may read shapes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommend.candidates import first_stage, leading
from services.recommend.features import Features, Floats, Group, Question, features
from services.recommend.index import Index
from services.recommend.ranker import Ranker, Signals
from services.recommend.settings import RecommendSettings
from services.recommend.signals import signals
from services.recommend.spans import DAY
from services.recommend.unwanted import unwilling
from services.recommend.votes import Ballot, aged


@dataclass(frozen=True, slots=True)
class Listed:
    """The people who are looked at closely for a post: their numbers, and their signals (list, features)."""

    numbers: NDArray[np.intp]
    signals: Signals
    found: Features


@dataclass(frozen=True, slots=True)
class Ranking:
    """The people who should answer, best first, as (number, probability of an answer within a week).

    `parts` has for each group of features what it adds to the score of each of them, over having none of them;
    `votes` what each similar post's vote weighs, by row: the highest of words and of meaning are 1; `cosines` how
    near each post is, by row.
    """

    chosen: list[tuple[int, float]]
    parts: Mapping[Group, Floats]
    votes: dict[int, float]
    cosines: Floats


def look_at(index: Index, settings: RecommendSettings, question: Question, now: float) -> Listed | None:
    """Find who may answer a post as of `now` (seconds since 1970), with their signals; None where nobody may."""
    scopes = index.scopes_for(question.channel)
    eligible = index.people.candidates(scopes) & index.may_read(question.channel)
    eligible[question.author] = False
    eligible[unwilling(index, settings, question.author, question.vector, scopes)] = False
    if not eligible.any():
        return None
    found = features(index, settings, question, now)
    numbers = first_stage(found.values, eligible, index.people.ids, settings.candidates)
    return Listed(numbers, signals(found.values[:, numbers]), found)


def rank(index: Index, settings: RecommendSettings, ranker: Ranker, question: Question, now: float) -> Ranking | None:
    """Rank the candidates for a post as of `now`; None where there are none."""
    listed = look_at(index, settings, question, now)
    if listed is None:
        return None
    scores = ranker.scores(listed.signals)
    chances = ranker.probabilities(scores)
    best = leading(scores, listed.numbers, index.people.ids, settings.matches)
    parts = {group: part[best] for group, part in ranker.contributions(listed.signals).items()}
    chosen = [(int(listed.numbers[place]), float(chances[place])) for place in best]
    half_life = settings.vote_half_life_days * DAY
    votes: dict[int, float] = {}
    for ballot in (listed.found.words, listed.found.meaning):
        _add_votes(votes, aged(ballot, index.threads.ages(ballot.rows, now), half_life))
    return Ranking(chosen, parts, votes, listed.found.cosines)


def _add_votes(votes: dict[int, float], ballot: Ballot) -> None:
    """Add what each post's vote weighs, of which the highest counts 1."""
    unit = 1.0 / ballot.weights.max(initial=0.0) if len(ballot.rows) else 0.0
    for row, weight in zip(ballot.rows.tolist(), (ballot.weights * unit).tolist(), strict=True):
        votes[row] = votes.get(row, 0.0) + weight
