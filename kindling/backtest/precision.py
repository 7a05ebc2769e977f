"""How often who was asked really replied, beside simpler ways of choosing."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kindling.backtest.results import Ask, Post
from kindling.backtest.rivals import by_chance
from kindling.backtest.shapes import Precision
from kindling.evaluate import bootstrap
from kindling.evaluate.comparing import rounded
from kindling.evaluate.shapes import Estimate

Asked = tuple[Post, Ask]

GROUPS: Mapping[str, Callable[[Post, Ask], bool]] = {
    "all asks": lambda _post, _ask: True,
    "about posts that somebody answered afterwards": lambda post, ask: post.answered_after(ask),
    "the first ask about a post": lambda post, ask: ask is post.asks[0],
    "about newcomers' first posts": lambda post, _ask: post.newcomer,
    "about posts that mention nobody": lambda post, _ask: not post.mentions,
    "about posts that mention somebody": lambda post, _ask: post.mentions,
}


def precisions(posts: Sequence[Post], most_active: Mapping[str, bool]) -> dict[str, Precision]:
    """Give the precision of all asks about some posts, and of parts of them; `most_active` as `rivals` says it."""
    asked = [(post, ask) for post in posts for ask in post.asks]
    return {name: precision([one for one in asked if belongs(*one)], most_active) for name, belongs in GROUPS.items()}


def precision(asked: Sequence[Asked], most_active: Mapping[str, bool]) -> Precision:
    """Give the precision of some asks."""
    chances = [chance for post, ask in asked if (chance := by_chance(post, ask)) is not None]
    return {
        "asks": len(asked),
        "right": _estimate([float(post.answered_by(ask)) for post, ask in asked], [post.id for post, _ in asked]),
        "by_chance": _mean(chances),
        "most_active": _mean([float(most_active[ask.nudge]) for _, ask in asked if ask.nudge in most_active]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return rounded(float(np.mean(values))) if values else None


def _estimate(values: Sequence[float], names: Sequence[str]) -> Estimate:
    """Give the mean with its interval; what is about one post is drawn together."""
    if not values:
        return {"mean": None, "low": None, "high": None}
    cluster = bootstrap.clusters(names)
    mean, drawn = bootstrap.means(np.array(values)[:, None], cluster)
    if cluster.max() + 1 < bootstrap.FEWEST:
        return {"mean": rounded(float(mean[0])), "low": None, "high": None}
    low, high = bootstrap.interval(drawn[:, 0])
    return {"mean": rounded(float(mean[0])), "low": rounded(low), "high": rounded(high)}
