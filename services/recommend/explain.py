"""Why somebody matches: the two or three reasons that carried the score, from what they may read themselves.

Like the score, reasons rest only on what everybody who reads the post's channel may read.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from services.recommend.decay import DAY
from services.recommend.index import Index
from services.recommend.rank import DECIMALS, Features, Ranking
from services.recommend.settings import RecommendSettings
from services.recommend.threads import Threads
from shared.events import Evidence, Match, Reason

REASONS = 3
LATELY_DAYS = 30

# A reason that made less of the score than this carried nothing.
_LEAST_SHARE = 0.05

# Posts beyond these voted too, but hardly anybody would call them similar.
_SIMILAR = 50


class Shares(NamedTuple):
    """What each reason adds to somebody's score."""

    mention: float
    similar: float
    activity: float
    channel: float


class Counts(NamedTuple):
    """How much there is of what each reason rests on."""

    mention: int
    similar: int
    activity: int
    channel: int


_REASONS = (Reason.MENTIONED, Reason.ANSWERED_SIMILAR, Reason.ACTIVE_LATELY, Reason.KNOWS_CHANNEL)


def matches(index: Index, settings: RecommendSettings, ranking: Ranking, channel: str, now: float) -> tuple[Match, ...]:
    """Put a ranking for a post in `channel` into words: people, scores and evidence, best first."""
    numbers = [number for number, _ in ranking.chosen]
    similar = similar_posts(index, ranking.votes, numbers)
    counts = index.people.answers_in(channel)[numbers].tolist()
    found = []
    for place, shares in enumerate(_shares(ranking.parts, numbers)):
        number, score = ranking.chosen[place]
        lately = index.people.answers_within(number, index.scopes_for(channel), now - LATELY_DAYS * DAY, now)
        counted = Counts(1, len(similar[number]), lately, counts[place])
        reasons = tuple(
            resting_on(index.threads, similar[number], reason, settings.evidence_posts)
            if reason is Reason.ANSWERED_SIMILAR
            else _plain(reason, count, channel if reason is Reason.KNOWS_CHANNEL else None)
            for reason, count in carried(shares, counted)
        )
        found.append(Match(member=index.people.ids[number], score=score, evidence=reasons))
    return tuple(found)


def carried(shares: Shares, counts: Counts) -> list[tuple[Reason, int]]:
    """Choose the reasons that carried the score, weightiest first, of those that rest on anything; with counts."""
    least = max(_LEAST_SHARE * sum(shares), 10.0**-DECIMALS)
    chosen = [
        (-share, reason, count)
        for reason, share, count in zip(_REASONS, shares, counts, strict=True)
        if share >= least and count
    ]
    return [(reason, count) for _, reason, count in sorted(chosen)[:REASONS]]


def resting_on(threads: Threads, rows: list[int], reason: Reason, most: int) -> Evidence:
    """Make evidence that counts threads (rows), of which it names the first `most`.

    Its channels are those of all that it counts: who may not read one of them must not learn the count.
    """
    channels = sorted({threads.channels[row] for row in rows})
    posts = tuple(threads.ids[row] for row in rows[:most])
    return Evidence(reason=reason, count=len(rows), posts=posts, channels=tuple(channels))


def similar_posts(index: Index, votes: dict[int, float], chosen: Iterable[int]) -> dict[int, list[int]]:
    """Find for each chosen person the voting posts that they answered and may read: rows, weightiest first."""
    threads = index.threads
    found: dict[int, list[int]] = {number: [] for number in chosen}
    for _, row in sorted((-round(weight, DECIMALS), row) for row, weight in votes.items())[:_SIMILAR]:
        for number in threads.answerers[row]:
            if number in found and index.reads(number, threads.channels[row]):
                found[number].append(row)
    return found


@lru_cache(maxsize=4096)
def _plain(reason: Reason, count: int, channel: str | None) -> Evidence:
    """Make evidence that rests on no post: from one post to the next it is mostly the same, so one is kept."""
    return Evidence(reason=reason, count=count, channels=(channel,) if channel else ())


def _shares(parts: Features, numbers: list[int]) -> list[Shares]:
    mention, activity, channel = parts.mention[numbers], parts.activity[numbers], parts.channel[numbers]
    columns = (mention, parts.bm25[numbers] + parts.dense[numbers], activity, channel)
    rows = zip(*(column.round(DECIMALS).tolist() for column in columns), strict=True)
    return [Shares(*row) for row in rows]
