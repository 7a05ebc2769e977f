"""The weeks of a backtest, one after the other."""

from collections import Counter
from collections.abc import Sequence

from kindling.backtest.results import DAY, WEEK, Post
from kindling.backtest.shapes import Week
from kindling.evaluate.times import iso

# 1970 began on a Thursday.
_FIRST_MONDAY = 4 * DAY


def week_of(at: float) -> int:
    """Number the week that a time lies in, from its Monday on."""
    return int((at - _FIRST_MONDAY) // WEEK)


def weeks(posts: Sequence[Post]) -> list[Week]:
    """Give every week from the first post to the last post or ask, empty ones too."""
    asked = [(post, ask) for post in posts for ask in post.asks]
    numbers = [week_of(post.at) for post in posts] + [week_of(ask.at) for _, ask in asked]
    if not numbers:
        return []
    first = min(numbers)
    made = [_empty(number) for number in range(first, max(numbers) + 1)]
    people: list[Counter[str]] = [Counter() for _ in made]
    for post in posts:
        week = made[week_of(post.at) - first]
        week["posts"] += 1
        week["silent_day"] += post.silent_day
        week["caught"] += post.silent_day and post.asked_after() <= DAY
    for post, ask in asked:
        number = week_of(ask.at) - first
        week = made[number]
        week["asks"] += 1
        week["right"] += post.answered_by(ask)
        week["answered"] += post.answered_after(ask)
        people[number][ask.member] += 1
    for week, counted in zip(made, people, strict=True):
        week["people"] = len(counted)
        week["most"] = max(counted.values(), default=0)
    return made


def _empty(number: int) -> Week:
    since = iso(_FIRST_MONDAY + number * WEEK)
    return {
        "since": since, "posts": 0, "silent_day": 0, "caught": 0, "asks": 0, "right": 0, "answered": 0, "people": 0,
        "most": 0,
    }  # fmt: skip
