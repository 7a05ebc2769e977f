"""Read what asking adds in a community, as operators see it."""

from datetime import datetime, timedelta
from typing import Any, Final

from services.nudge.documents import EFFECTS, WEEKS, Running, Totals, Week
from services.nudge.effect import effect, in_words
from services.nudge.measure import TRIED, week_of
from shared.reading import StateReader

# So many weeks are shown, the latest first.
WEEKS_SHOWN: Final = 26
DISPLACED: Final = (
    "What a post that was left alone does not use of people's attention goes to others: where posts compete for the "
    "same few people, the effect is overstated, and displacement cannot be excluded. Compare all posts by week."
)


async def read_effect(reader: StateReader, community: str, now: datetime) -> dict[str, Any]:
    """Give what asking adds to each outcome, with its 95 % interval, which holds however often one looks; and weeks.

    Raises:
        Unavailable: the store is away.
    """
    known = await reader.get_many(community, EFFECTS, list(TRIED))
    names = [week_of(now - timedelta(weeks=ago)) for ago in range(WEEKS_SHOWN)]
    weeks = await reader.get_many(community, WEEKS, names)
    return {
        "outcomes": {name.value: _effect(running or Running()) for name, running in zip(TRIED, known, strict=True)},
        "weeks": [{"week": name, **_week(week)} for name, week in zip(names, weeks, strict=True) if week is not None],
        "mind": DISPLACED,
    }


def _effect(running: Running) -> dict[str, Any]:
    found = effect(running)
    return {
        "asked": running.asked.outcomes,
        "held": running.held.outcomes,
        "effect": None if found is None else round(found.estimate, 4),
        "low": None if found is None else round(found.low, 4),
        "high": None if found is None else round(found.high, 4),
        "words": in_words(found),
    }


def _week(week: Week) -> dict[str, Any]:
    """Show a week's posts: of each arm, and of those outside the trial, how many outcomes are known, and their mean."""
    return {arm: _means(getattr(week, arm)) for arm in ("asked", "held", "apart")}


def _means(totals: Totals) -> dict[str, dict[str, float]]:
    return {name: {"known": known, "mean": round(total / known, 4)} for name, (known, total) in totals.outcomes.items()}
