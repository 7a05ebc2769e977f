"""The features of everybody who might answer a post, all at once: arrays over people, from ledgers and votes.

Each feature is a count, a share or a similarity, never below zero; `signals.py` turns them into what is weighed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.recommend.index import NO_ROW, Index
from services.recommend.past import EVER, HALF_LIVES, TALKS, TIES, Kind
from services.recommend.settings import RecommendSettings
from services.recommend.spans import DAY, HOUR, MINUTE
from services.recommend.votes import Ballot, Votes, aged, dense_ballot, gather, word_ballot

Floats = NDArray[np.float64]

# Habits are read off so many of the last messages.
_HABIT_MESSAGES = 20_000
_MOST_LIFT = 20.0


@dataclass(frozen=True, slots=True)
class Question:
    """A post that looks for people; `author` is a number, `vector` quantised, `row` its own if it has one already."""

    author: int
    channel: str
    words: str
    vector: NDArray[np.int16]
    mentions: tuple[str, ...] = ()
    row: int = NO_ROW


class Group(StrEnum):
    """What a feature rests on; an ablation leaves one out."""

    ACTIVITY = "activity"
    CHANNEL = "channel"
    PRESENCE = "presence"
    MANNER = "manner"
    TIES = "ties"
    WORDS = "words"
    MEANING = "meaning"
    MENTION = "mention"
    INTEREST = "interest"


@dataclass(frozen=True, slots=True)
class Feature:
    """`unit` says what one is, in words."""

    name: str
    group: Group
    unit: str


@dataclass(frozen=True, slots=True)
class Features:
    """`values` has a row for each feature of `FEATURES` and a column for each person.

    `words` and `meaning` are the ballots that the votes came from, `cosines` (rows,) how near every post in the
    question's scopes is.
    """

    values: Floats
    words: Ballot
    meaning: Ballot
    cosines: Floats


def _span(seconds: float) -> str:
    if seconds == EVER:
        return "ever"
    for unit, length in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds >= length:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"


_COUNTED = {
    Kind.JOINS: (Group.ACTIVITY, "threads of others joined"),
    Kind.FIRSTS: (Group.ACTIVITY, "threads of others answered first"),
    Kind.MESSAGES: (Group.PRESENCE, "messages"),
    Kind.CHANNEL_JOINS: (Group.CHANNEL, "threads of others joined in the channel"),
    Kind.CHANNEL_FIRSTS: (Group.CHANNEL, "threads of others answered first in the channel"),
    Kind.CHANNEL_MESSAGES: (Group.CHANNEL, "messages in the channel"),
    Kind.WELCOMES: (Group.MANNER, "beginners' first threads joined"),
    Kind.QUICK: (Group.MANNER, "threads of others joined within an hour"),
}
# An answer or two say little of somebody's habits.
_SHRINK = 2.0
_SHARES = {
    "first share": (Kind.FIRSTS, Kind.JOINS, Group.MANNER, "answered first"),
    "quick share": (Kind.QUICK, Kind.JOINS, Group.MANNER, "joined within an hour"),
    "welcome share": (Kind.WELCOMES, Kind.JOINS, Group.MANNER, "beginners' first"),
    "channel share": (Kind.CHANNEL_JOINS, Kind.JOINS, Group.CHANNEL, "in the channel"),
    "join share": (Kind.JOINS, Kind.MESSAGES, Group.MANNER, "of all messages"),
}
_SEEN = {
    "seen": (Group.PRESENCE, "message"),
    "seen joining": (Group.PRESENCE, "join"),
    "seen in channel": (Group.CHANNEL, "message in the channel"),
    "seen joining in channel": (Group.CHANNEL, "join in the channel"),
}
_SEEN_UNITS = (MINUTE, HOUR, DAY)
_VOTE_HALF_LIVES = (30 * DAY, 180 * DAY, EVER)
_VOTES = (
    *(f"{_span(half_life)}" for half_life in _VOTE_HALF_LIVES),
    *(f"first {_span(half_life)}" for half_life in _VOTE_HALF_LIVES[:2]),
    "strong", "best", "asked",
)  # fmt: skip
# What may count otherwise where the author is a beginner.
_WITH_BEGINNERS = (
    "first share",
    "welcome share",
    "welcomes 180d",
    "firsts 180d",
    "joins 30d",
    "channel joins 7d",
    "seen in channel 1h",
    "meaning 180d",
)


def _features() -> Iterator[Feature]:
    for kind, (group, unit) in _COUNTED.items():
        for half_life in HALF_LIVES[kind]:
            yield Feature(f"{kind} {_span(half_life)}", group, f"{unit}, halved every {_span(half_life)}")
    for name, (_, _, group, unit) in _SHARES.items():
        yield Feature(name, group, f"of the threads of others joined, {unit}")
    for name, (group, what) in _SEEN.items():
        for length in _SEEN_UNITS:
            yield Feature(f"{name} {_span(length)}", group, f"1 / (1 + time since the last {what}, in {_span(length)})")
    yield Feature("habit", Group.PRESENCE, "messages at this hour, over what everybody's hours would give")
    for name, what in (("helped", "threads of the author joined"), ("helps", "threads of theirs the author joined")):
        for half_life in TIES:
            yield Feature(f"{name} {_span(half_life)}", Group.TIES, f"{what}, halved every {_span(half_life)}")
    for half_life in TALKS:
        yield Feature(f"talks {_span(half_life)}", Group.TIES, f"answers between both, halved every {_span(half_life)}")
    for group in (Group.WORDS, Group.MEANING):
        for vote in _VOTES:
            yield Feature(f"{group} {vote}", group, "votes of similar posts")
    yield Feature("mentioned", Group.MENTION, "1 for who is named in the post")
    yield Feature("interest", Group.INTEREST, "exp(14 cos) of the post and the nearest interest that they declared")
    for name in _WITH_BEGINNERS:
        yield Feature(f"{name}, beginner", Group.MANNER, "the same, where the author begins")


FEATURES = tuple(_features())
PLACES = {feature.name: place for place, feature in enumerate(FEATURES)}


def features(index: Index, settings: RecommendSettings, question: Question, now: float) -> Features:
    """Compute every feature of everybody as of `now` (seconds since 1970): what happens then or later is not known."""
    cosines = index.threads.cosines(question.vector, index.threads.seen(index.scopes_for(question.channel)))
    words, meaning = ballots(index, settings, question, cosines, now)
    values = np.zeros((len(FEATURES), len(index.people)))
    place = 0
    for block in _blocks(index, question, now, (words, meaning)):
        rows = np.atleast_2d(block)
        values[place : place + len(rows)] = rows
        place += len(rows)
    assert place == len(FEATURES) - len(_WITH_BEGINNERS)
    if not any(row != question.row for row in _rows_of(index, question)):
        values[place:] = values[[PLACES[name] for name in _WITH_BEGINNERS]]
    return Features(values, words, meaning, cosines)


def _rows_of(index: Index, question: Question) -> Iterator[int]:
    """Give the posts of the author that all who read the question may read: rows."""
    return (row for scope in index.scopes_for(question.channel) for row in index.past.posts(scope, question.author))


def _blocks(index: Index, question: Question, now: float, voting: tuple[Ballot, Ballot]) -> Iterator[Floats]:
    """Give the features in the order of `FEATURES`, those with beginners left out."""
    people, past, scopes = len(index.people), index.past, index.scopes_for(question.channel)
    counted = {
        kind: past.sums(kind, (question.channel,) if group is Group.CHANNEL else scopes, now, people)
        for kind, (group, _) in _COUNTED.items()
    }
    yield from counted.values()
    for part, whole, _, _ in _SHARES.values():
        yield counted[part][_half_year(part)] / (counted[whole][_half_year(whole)] + _SHRINK)
    yield _seen(past.last(Kind.MESSAGES, scopes, now, people), now)
    yield _seen(past.last(Kind.JOINS, scopes, now, people), now)
    yield _seen(past.last(Kind.CHANNEL_MESSAGES, (question.channel,), now, people), now)
    yield _seen(past.last(Kind.CHANNEL_JOINS, (question.channel,), now, people), now)
    yield habit(index, scopes, now)
    yield past.helped(question.author, scopes, now, people)
    yield past.helps(question.author, scopes, now, people)
    yield past.talks(question.author, scopes, now, people)
    for ballot in voting:
        yield from _votes(index, gather(ballot, index.threads, index.past), now)
    mentioned = np.zeros(people)
    mentioned[[index.people.numbers[m] for m in question.mentions if m in index.people.numbers]] = 1.0
    yield mentioned
    yield index.interests.near(question.vector, people)


def _half_year(kind: Kind) -> int:
    return HALF_LIVES[kind].index(180 * DAY)


def _seen(last: Floats, now: float) -> Floats:
    seen: Floats = 1 / (1 + (now - last) / np.array(_SEEN_UNITS)[:, None])
    return seen


def ballots(
    index: Index, settings: RecommendSettings, question: Question, cosines: Floats, now: float
) -> tuple[Ballot, Ballot]:
    """Let the answered posts with the same words vote, and those with a near meaning."""
    threads, most, scopes = index.threads, settings.similar_posts, index.scopes_for(question.channel)
    answered = threads.answered(now - settings.votes_days * DAY, scopes)
    scores = threads.word_scores(question.words, settings.query_terms, scopes)
    return word_ballot(scores, answered, most), dense_ballot(cosines, answered, most, settings.dense_kernel)


def _votes(index: Index, votes: Votes, now: float) -> Iterator[Floats]:
    """Give the votes for everybody, in the order of `_VOTES`."""
    people, plain = len(index.people), votes.ballot.weights
    ages = index.threads.ages(votes.ballot.rows, now)
    weights = [aged(votes.ballot, ages, half_life).weights for half_life in _VOTE_HALF_LIVES]
    yield from (votes.count(weight, people) for weight in weights)
    yield from (votes.count_first(weight, people) for weight in weights[:2])
    old = weights[1]
    yield votes.count(old * plain, people)
    yield votes.best(plain, people)
    yield votes.count_authors(old, people)


def habit(index: Index, scopes: Sequence[str], now: float) -> Floats:
    """Say how much more somebody writes at this hour of the day than everybody does: shape (people,).

    The lift of the share of somebody's latest messages within an hour and a half of this time of day over the same
    share of everybody's, shrunk towards 1; 1 for who wrote nothing lately.
    """
    people = len(index.people)
    near, all_messages = np.zeros(people), np.zeros(people)
    for ledger in index.past.ledgers(Kind.MESSAGES, scopes):
        at, person, _ = ledger.before(now)
        if len(at) > _HABIT_MESSAGES:  # all of the earliest time, whatever the order in which they came
            start = int(np.searchsorted(at, at[-_HABIT_MESSAGES], "left"))
            at, person = at[start:], person[start:]
        apart = np.abs((at - now + DAY / 2) % DAY - DAY / 2)
        near += np.bincount(person[apart <= 1.5 * HOUR], minlength=people)
        all_messages += np.bincount(person, minlength=people)
    share = max(near.sum(), 1.0) / max(all_messages.sum(), 1.0)
    shrink = 1 / share
    lift: Floats = (near + 1.0) / (share * (all_messages + shrink))
    return np.minimum(lift, _MOST_LIFT)
