"""Which posts that stayed silent would have been asked about, and when."""

from collections.abc import Sequence
from statistics import median

from kindling.backtest.results import DAY, HOUR, WEEK, Post
from kindling.backtest.shapes import Caught, Outcomes
from kindling.evaluate.comparing import rounded

AGES = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 36, 48, 60, 72)


def caught_in_a_day(posts: Sequence[Post]) -> Caught:
    """Look at posts that nobody answered within 24 h: which would have been asked about by then?"""
    return _caught([post for post in posts if post.silent_day], DAY)


def caught_at_all(posts: Sequence[Post]) -> Caught:
    """Look at posts that nobody answered within seven days: which would have been asked about by then?"""
    return _caught([post for post in posts if post.silent_week], WEEK)


def outcomes(posts: Sequence[Post]) -> Outcomes:
    """Count what became of posts."""
    found: Outcomes = {
        "answered_unasked": 0, "answered_by_asked": 0, "answered_by_others": 0, "silent_asked": 0, "missed": 0
    }  # fmt: skip
    for post in posts:
        if not post.asks:
            found["missed" if post.silent_week else "answered_unasked"] += 1
        elif any(post.answered_by(ask) for ask in post.asks):
            found["answered_by_asked"] += 1
        else:
            found["silent_asked" if post.silent_week else "answered_by_others"] += 1
    return found


def _caught(silent: Sequence[Post], within: float) -> Caught:
    ages = sorted(post.asked_after() for post in silent if post.asked_after() <= within)
    shares = [(float(age), sum(found <= age * HOUR for found in ages)) for age in AGES if age * HOUR <= within]
    return {
        "posts": len(silent),
        "caught": len(ages),
        "share": rounded(len(ages) / len(silent)) if silent else None,
        "median_hours": rounded(median(ages) / HOUR) if ages else None,
        "by_hours": [(age, rounded(number / len(silent))) for age, number in shares] if silent else [],
    }
