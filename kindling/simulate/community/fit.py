"""Read the parameters of an invented community off an archive."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from kindling.backtest.truth import first_messages
from kindling.evaluate.forecasts import auc
from kindling.evaluate.results import Silence
from kindling.simulate.community.parameters import HOURS, Parameters
from services.recommend.answered import waits
from services.recommend.documents import Post
from services.recommend.spans import DAY, HOUR
from services.recommend.walk import History

FEWEST = 200
# The community as it was of late: what is simulated is its next months.
_LATELY = 365 * DAY
_LEFT_OUT = 7 * DAY
_COUNTED = 40
# Enough of them to learn from before it begins.
_HISTORY_POSTS = 600


def told_apart(silence: Silence) -> float:
    """Give how often Kindling tells, as a post is born, which of two stays silent for a day (0.5 is chance)."""
    born = [forecast for forecast in silence.forecasts if forecast.age == 0]
    said = np.array([forecast.probabilities[silence.ours] for forecast in born])
    found = auc(said, np.array([forecast.silent for forecast in born]))
    return 0.5 if found is None else max(0.5, float(found))


def fit(history: History, apart: float) -> Parameters:
    """Fit to the last year of a history.

    Raises:
        ValueError: fewer than 200 posts of people are in it, or none of them was answered.
    """
    bots = frozenset(name for name, member in history.members.items() if member.bot)
    posts = {name: post for name, post in history.posts.items() if post.author not in bots}
    if len(posts) < FEWEST:
        raise ValueError(f"it has {len(posts)} posts of people, and it takes {FEWEST} to fit a community to")
    end = max(post.at.timestamp() for post in posts.values()) - _LEFT_OUT
    lately = {name: post for name, post in posts.items() if end - _LATELY <= post.at.timestamp() <= end}
    first = {name for author, name in first_messages(history).items() if author not in bots}
    waited = waits(history.posts, history.replies, bots)
    open_for = np.array([waited[name] for name in lately])
    newcomers = [name for name in lately if name in first]
    days = (end - min(post.at.timestamp() for post in lately.values())) / DAY
    silent_firsts = sum(waited[name] > DAY for name in newcomers)
    return Parameters(
        posts_per_day=round(len(lately) / days, 2),
        newcomers=round(len(newcomers) / len(lately), 3),
        still_open=tuple(_share(int((open_for > hours * HOUR).sum()), len(open_for)) for hours in HOURS),
        newcomers_open=_share(silent_firsts, len(newcomers)),
        told_apart=round(apart, 3),
        history_days=min(365, max(28, round(_HISTORY_POSTS * days / len(lately)))),
        concentration=_concentration(_answers(history, lately, bots)),
    )


def _answers(history: History, posts: dict[str, Post], bots: frozenset[str]) -> list[int]:
    """Count how many of the posts each of those who answered most did answer, the most first."""
    found = {(reply.post, reply.author) for reply in history.replies.values() if reply.post in posts and reply.answers}
    counted = Counter(author for _, author in found if author not in bots)
    return sorted(counted.values(), reverse=True)[:_COUNTED]


def _concentration(counts: Sequence[int]) -> float:
    """Give the exponent of Zipf's law by least squares in logarithms."""
    if len(counts) < 3:
        raise ValueError("fewer than three people answered in it: there is nobody to ask")
    slope = np.polyfit(np.log(np.arange(1, len(counts) + 1)), np.log(counts), 1)[0]
    return round(max(0.0, float(-slope)), 3)


def _share(part: int, whole: int) -> float:
    """Give a share that is neither nothing nor all, which no curve could have."""
    share = (part + 0.5) / (whole + 1)
    return round(share, 4) if math.isfinite(share) else 0.5
