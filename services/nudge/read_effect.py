"""Read what asking adds in a community, as operators see it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.nudge.documents import EFFECTS, WEEKS, Running, Totals, Week
from services.nudge.effect import OF_POSTS, OF_WEEKS, Effect, Size, effect, in_words
from services.nudge.measure import SWITCHED, TRIED, Outcome, week_of
from services.nudge.switchback import week_key
from shared.reading import StateReader

# So many weeks are shown, the latest first.
WEEKS_SHOWN: Final = 26
DISPLACED: Final = (
    "What a post that was left alone does not use of people's attention goes to others: where posts compete for the "
    "same few people, the effect is overstated, and displacement cannot be excluded. Compare all posts by week."
)
NOT_DISPLACED: Final = (
    "All posts together are answered more often in weeks with asking than in weeks without, too: what asking adds to "
    "one post is not all taken from others."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one outcome: of how many that were asked about, and left alone, and what asking adds."""

    outcome: Outcome
    asked: int
    held: int
    found: Effect | None

    @property
    def is_measured(self) -> bool:
        return self.found is not None and not self.found.low <= 0 <= self.found.high


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it: of single posts, of whole weeks (`asked` and `held` count weeks), and the latest weeks by name."""

    posts: tuple[Told, ...]
    whole: tuple[Told, ...]
    weeks: Mapping[str, Week]

    @property
    def displaced(self) -> bool:
        """Whether it cannot be excluded that what asking adds to one post is taken from others."""
        return not any(told.outcome is Outcome.ANSWERED_FROM_POST and told.found and told.found.low > 0
                       for told in self.whole)  # fmt: skip


async def measured(reader: StateReader, community: str, now: datetime) -> Measured:
    """Read what asking adds, and the weeks up to now.

    Raises:
        Unavailable: the store is away.
    """
    posts = await reader.get_many(community, EFFECTS, list(TRIED))
    whole = await reader.get_many(community, EFFECTS, [week_key(outcome) for outcome in SWITCHED])
    names = [week_of(now - timedelta(weeks=ago)) for ago in range(WEEKS_SHOWN)]
    weeks = await reader.get_many(community, WEEKS, names)
    return Measured(
        _told(TRIED, posts, OF_POSTS),
        _told(SWITCHED, whole, OF_WEEKS),
        {name: week for name, week in zip(names, weeks, strict=True) if week is not None},
    )


async def read_effect(reader: StateReader, community: str, now: datetime) -> dict[str, Any]:
    """Give what asking adds to each outcome, with its 95 % interval, which holds however often one looks; and weeks.

    Raises:
        Unavailable: the store is away.
    """
    found = await measured(reader, community, now)
    return {
        "outcomes": {told.outcome.value: _effect(told) for told in found.posts},
        "whole_weeks": {told.outcome.value: _effect(told) for told in found.whole},
        "weeks": [{"week": name, **_week(week)} for name, week in found.weeks.items()],
        "displacement": "cannot be excluded" if found.displaced else "not all",
        "mind": DISPLACED if found.displaced else NOT_DISPLACED,
    }


def _told(outcomes: Iterable[Outcome], known: Iterable[Running | None], size: Size) -> tuple[Told, ...]:
    found = []
    for outcome, running in zip(outcomes, known, strict=True):
        one = running or Running()
        found.append(Told(outcome, one.asked.outcomes, one.held.outcomes, effect(one, size)))
    return tuple(found)


def _effect(told: Told) -> dict[str, Any]:
    found = told.found
    return {
        "asked": told.asked,
        "held": told.held,
        "effect": None if found is None else round(found.estimate, 4),
        "low": None if found is None else round(found.low, 4),
        "high": None if found is None else round(found.high, 4),
        "words": in_words(found),
    }


def _week(week: Week) -> dict[str, Any]:
    """Show a week's posts: of each arm, and of those outside the trial, how many outcomes are known, and their mean.

    `asking` says whether anybody was asked in a week of which that was drawn, and `whole` are all its posts then.
    """
    drawn = {} if week.asking is None else {"asking": week.asking, "whole": means(week.whole)}
    return {arm: means(getattr(week, arm)) for arm in ("asked", "held", "apart")} | drawn


def means(totals: Totals) -> dict[str, dict[str, float]]:
    """Give of each outcome how many are known, and their mean."""
    return {name: {"known": known, "mean": round(total / known, 4)} for name, (known, total) in totals.outcomes.items()}
