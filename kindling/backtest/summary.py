"""Sum a backtest up: a plain object of everything that is reported, of the shape that `shapes` documents."""

from collections import Counter
from collections.abc import Mapping, Sequence

from kindling.backtest.caught import caught_at_all, caught_in_a_day, outcomes
from kindling.backtest.load import busiest, load_of
from kindling.backtest.precision import precisions
from kindling.backtest.results import DAY, Backtest, Post
from kindling.backtest.rivals import answers_given, most_active
from kindling.backtest.shapes import FORMAT, Period, Summary
from kindling.backtest.weeks import weeks
from kindling.evaluate.times import figures, iso

YEAR = 365 * DAY
NOTES = (
    "Nothing was asked in fact, and the history is what it was without asking: an ask counts as right where the "
    "person replied all the same. What asking would have changed, a backtest cannot say; that takes a holdout.",
    "Posts of the archive's last seven days are left out: answers to them may be missing. Of channels of which the "
    "mapping says nothing everybody counts as a reader. Who has no known time zone is asked at any hour.",
)


def summarise(made: Backtest, *, names: bool = False) -> Summary:
    """Compute everything that is reported. The same backtest gives the same object, bit for bit."""
    rival = most_active(made.posts, answers_given(made.posts))
    return {
        "format": FORMAT,
        "archive": made.archive,
        "model": made.model,
        "eligible": made.eligible,
        "facts": figures(made.facts),
        "periods": [_period(name, posts, rival, names=names) for name, posts in _periods(made.posts)],
        "weeks": weeks(made.posts),
        "notes": [*NOTES, *made.notes],
    }


def _periods(posts: Sequence[Post]) -> list[tuple[str, Sequence[Post]]]:
    """Give the whole, and the last 365 days where it is longer than that."""
    since = posts[-1].at - YEAR
    last = [post for post in posts if post.at > since]
    return [("whole", posts)] + ([("last year", last)] if len(last) < len(posts) else [])


def _period(name: str, posts: Sequence[Post], rival: Mapping[str, bool], *, names: bool) -> Period:
    kinds = Counter(ask.kind for post in posts for ask in post.asks)
    return {
        "name": name,
        "since": iso(posts[0].at),
        "until": iso(posts[-1].at),
        "posts": len(posts),
        "silent_day": sum(post.silent_day for post in posts),
        "silent_week": sum(post.silent_week for post in posts),
        "asks": sum(kinds.values()),
        "asks_by_kind": dict(sorted(kinds.items())),
        "outcomes": outcomes(posts),
        "precision": precisions(posts, rival),
        "caught_in_a_day": caught_in_a_day(posts),
        "caught_at_all": caught_at_all(posts),
        "load": load_of(posts),
        "busiest": busiest(posts, names=names),
    }
