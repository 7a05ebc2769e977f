"""Estimate what a policy would have brought from choices that were drawn with known chances. Pure.

With w the ratio of the policy's chance for the person who was asked to that in the log, r whether they replied, and q
what was expected of each person before (score times learnt ratio):

    IPS     mean of w * r                                  right whatever is expected, and wide
    SNIPS   sum of w * r over sum of w                     slightly off in small logs, and narrower
    DR      mean of (policy's mean of q) + w * (r - q)     right too, and narrow where q is good

(Horvitz & Thompson 1952; Swaminathan & Joachims 2015; Dudik, Langford & Li 2011.) Intervals are of 95 %, by the spread
between posts: asks about the same post are not independent. `effective` is the number of choices that all of it rests
on, (sum of w) ** 2 / (sum of w ** 2): Kish 1965. Below `LEAST_EFFECTIVE` no number is given.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LEAST_EFFECTIVE: Final = 50
_NORMAL: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice that was drawn, about a post: `logged` and `policy` are the chances of whom it fell on.

    `expected` is what was expected of them, `expected_by_policy` the mean over everybody by the policy's chances.
    """

    post: str
    logged: float
    policy: float
    replied: bool
    expected: float
    expected_by_policy: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Replies an ask, with the interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """What is known of a policy: by each way, and on how much it rests."""

    choices: int
    effective: float
    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate


class TooLittleOverlap(Exception):
    """The log holds too few choices that the policy would have made too."""


def estimate(choices: Sequence[Choice]) -> Estimates:
    """Estimate how many replies an ask would have brought.

    Raises:
        TooLittleOverlap: no number that one could rely on follows from the log; the sentence says what to do.
    """
    weights = [choice.policy / choice.logged for choice in choices]
    effective = effective_size(weights)
    if effective < LEAST_EFFECTIVE:
        raise TooLittleOverlap(
            f"the log holds {len(choices)} drawn choices that have come to their end, and what this policy would have "
            f"chosen rests on {effective:.0f} of them: {LEAST_EFFECTIVE} are needed. Wait for more, raise "
            "KINDLING_NUDGE__EXPLORE_SHARE, or name a policy that is more like the one that drew"
        )
    pairs = list(zip(choices, weights, strict=True))
    brought = [weight * choice.replied for choice, weight in pairs]
    snips = math.fsum(brought) / math.fsum(weights)
    scale = math.fsum(weights) / len(weights)
    beyond = [weight * (choice.replied - snips) / scale for choice, weight in pairs]
    robust = [c.expected_by_policy + weight * (c.replied - c.expected) for c, weight in pairs]
    posts = [choice.post for choice in choices]
    return Estimates(
        choices=len(choices),
        effective=effective,
        ips=_mean(brought, posts),
        snips=_around(snips, beyond, posts),
        doubly_robust=_mean(robust, posts),
    )


def effective_size(weights: Sequence[float]) -> float:
    """Give how many equally weighted choices would tell as much."""
    squares = math.fsum(weight**2 for weight in weights)
    return math.fsum(weights) ** 2 / squares if squares else 0.0


def _mean(scores: Sequence[float], posts: Sequence[str]) -> Estimate:
    mean = math.fsum(scores) / len(scores)
    return _around(mean, [score - mean for score in scores], posts)


def _around(value: float, beyond: Sequence[float], posts: Sequence[str]) -> Estimate:
    """Put the interval around a value, by how far beyond it each choice's share of it is, added up by post."""
    sums: dict[str, float] = defaultdict(float)
    for post, rest in zip(posts, beyond, strict=True):
        sums[post] += rest
    groups = len(sums)
    squares = math.fsum(rest**2 for rest in sums.values())
    half = _NORMAL * math.sqrt(squares * groups / max(1, groups - 1)) / len(beyond)
    return Estimate(value, value - half, value + half)
