"""What simpler ways of choosing would have come to, at the same moments and for the same posts.

Anybody at random, and the most active one: of those who could be asked, whoever had answered most posts in the 90 days
before, asked as often in a week as they may be and never twice about one post.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kindling.backtest.results import DAY, WEEK, Ask, Post

_ACTIVE = 90 * DAY

# When each person first answered each post that they answered, by time.
Answers = Mapping[str, Sequence[float]]


def answers_given(posts: Iterable[Post]) -> Answers:
    """Give when each person answered somebody's post, by time; each post once."""
    given: dict[str, list[float]] = {}
    for post in posts:
        for who, at in first_answers(post).items():
            given.setdefault(who, []).append(at)
    return {who: sorted(ats) for who, ats in given.items()}


def first_answers(post: Post) -> Mapping[str, float]:
    """Give when each person first answered a post."""
    return {who: at for at, who in reversed(post.answers)}


def others(post: Post, ask: Ask) -> list[str]:
    """Name all who could have been asked, in order of their ids."""
    return sorted(ask.eligible - {post.author})


def by_chance(post: Post, ask: Ask) -> float | None:
    """Say how likely anybody of those who could have been asked was to be right; None where there is no telling."""
    people = others(post, ask)
    return sum(is_right(post, ask, who) for who in people) / len(people) if people else None


def is_right(post: Post, ask: Ask, member: str) -> bool:
    """Say whether somebody else, asked at the same time, really replied in the week after."""
    return post.answered_by(replace(ask, member=member))


def most_active(posts: Sequence[Post], answers: Answers) -> Mapping[str, bool]:
    """Say for each ask, by nudge, whether the most active one was right; left out where nobody was free."""
    asked = sorted(((ask.at, ask.nudge, post, ask) for post in posts for ask in post.asks), key=lambda one: one[:2])
    times: dict[str, list[float]] = {}
    told: set[tuple[str, str]] = set()
    right: dict[str, bool] = {}
    for at, nudge, post, ask in asked:
        free = [
            who for who in others(post, ask)
            if (post.id, who) not in told and _within(times.get(who, ()), at, WEEK) < ask.limit
        ]  # fmt: skip
        if free:
            chosen = max(free, key=lambda who: (_within(answers.get(who, ()), at, _ACTIVE), who))
            times.setdefault(chosen, []).append(at)
            told.add((post.id, chosen))
            right[nudge] = is_right(post, ask, chosen)
    return right


def _within(ats: Sequence[float], at: float, time: float) -> int:
    """Count what was in the time before `at`, which itself is not in it."""
    return bisect_left(ats, at) - bisect_left(ats, at - time)
