"""Why somebody matches: the two or three reasons that carried the score, from what they may read themselves.

Like the score, reasons rest only on what everybody who reads the post's channel may read.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from services.recommend.features import Floats, Group
from services.recommend.index import Index
from services.recommend.rank import Ranking
from services.recommend.rounding import DECIMALS
from services.recommend.settings import RecommendSettings
from services.recommend.spans import DAY
from services.recommend.threads import Threads
from services.recommend.unwanted import is_apart
from shared.events import Evidence, Match, Reason

REASONS = 3
LATELY_DAYS = 30

# A reason that made less of what speaks for somebody than this carried nothing.
_LEAST_SHARE = 0.05

# Posts beyond these voted too, but hardly anybody would call them similar.
_SIMILAR = 50
# Of somebody in thousands of threads the latest ones say enough.
_SHARED = 200

# What each group of features comes down to, in words.
_REASONS: Mapping[Reason, tuple[Group, ...]] = {
    Reason.MENTIONED: (Group.MENTION,),
    Reason.ANSWERED_SIMILAR: (Group.WORDS, Group.MEANING),
    Reason.ACTIVE_LATELY: (Group.ACTIVITY, Group.PRESENCE, Group.MANNER),
    Reason.KNOWS_CHANNEL: (Group.CHANNEL,),
    Reason.SHARED_THREADS: (Group.TIES,),
    Reason.INTERESTED: (Group.INTEREST,),
}


def matches(
    index: Index, settings: RecommendSettings, ranking: Ranking, channel: str, author: int, now: float
) -> tuple[Match, ...]:
    """Put a ranking for a post by `author` in `channel` into words: people, scores and evidence, best first."""
    numbers = [number for number, _ in ranking.chosen]
    similar = similar_posts(index, ranking.votes, numbers)
    shared = shared_posts(index, numbers, channel, author, now)
    inside = index.people.answers_in(channel)[numbers].tolist()
    found = []
    for place, (number, score) in enumerate(ranking.chosen):
        lately = index.people.written_within(number, index.scopes_for(channel), now - LATELY_DAYS * DAY, now)
        counts = {
            Reason.MENTIONED: 1,
            Reason.ANSWERED_SIMILAR: len(similar[number]),
            Reason.ACTIVE_LATELY: lately,
            Reason.KNOWS_CHANNEL: inside[place],
            Reason.SHARED_THREADS: len(shared[number]),
            Reason.INTERESTED: 1,
        }
        rows = {Reason.ANSWERED_SIMILAR: similar[number], Reason.SHARED_THREADS: shared[number]}
        evidence = tuple(
            resting_on(index.threads, rows[reason], reason, settings.evidence_posts)
            if reason in rows
            else _plain(reason, counts[reason], channel if reason is Reason.KNOWS_CHANNEL else None)
            for reason in carried(_shares(ranking.parts, place), counts)
        )
        found.append(Match(member=index.people.ids[number], score=score, evidence=evidence))
    return tuple(found)


def carried(shares: Mapping[Reason, float], counts: Mapping[Reason, int]) -> list[Reason]:
    """Choose the reasons that carried the score, weightiest first, of those that speak for it and rest on anything."""
    least = max(_LEAST_SHARE * sum(share for share in shares.values() if share > 0), 10.0**-DECIMALS)
    chosen = [(-share, reason) for reason, share in shares.items() if share >= least and counts[reason]]
    return [reason for _, reason in sorted(chosen)[:REASONS]]


def _shares(parts: Mapping[Group, Floats], place: int) -> dict[Reason, float]:
    """Say what each reason adds to the score of who is in that place."""
    return {
        reason: round(sum(float(parts[group][place]) for group in groups), DECIMALS)
        for reason, groups in _REASONS.items()
    }


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
            if number in found and _may_name(index, number, row):
                found[number].append(row)
    return found


def shared_posts(index: Index, chosen: Iterable[int], channel: str, author: int, now: float) -> dict[int, list[int]]:
    """Find for each chosen person the threads of the last year that they and an author both wrote in: rows.

    Only what everybody who reads the channel, and the person, may read; newest first.
    """
    threads, seen = index.threads, index.threads.seen(index.scopes_for(channel))
    found: dict[int, list[int]] = {number: [] for number in chosen}
    for row in threads.taken_by(author, now - 365 * DAY, _SHARED, seen):
        for number in threads.messages[row]:
            if number in found and number != author and _may_name(index, number, row):
                found[number].append(row)
    return found


def _may_name(index: Index, number: int, row: int) -> bool:
    """Say whether a thread may be named to somebody: they read it, and are not kept apart from who began it."""
    threads = index.threads
    return index.reads(number, threads.channels[row]) and not is_apart(index, number, threads.authors[row])


@lru_cache(maxsize=4096)
def _plain(reason: Reason, count: int, channel: str | None) -> Evidence:
    """Make evidence that rests on no post: from one post to the next it is mostly the same, so one is kept."""
    return Evidence(reason=reason, count=count, channels=(channel,) if channel else ())
