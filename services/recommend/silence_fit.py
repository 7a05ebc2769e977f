"""Learn the hazards of an answer from a community's own posts, as far as they are over.

A logistic regression for each interval of a post's age. What has not had its time yet is left out interval by
interval: a post of two hours ago tells of its first hour, and of nothing later. A post that somebody was asked about
tells of the time before that alone: of the interval in which it was asked about, it counts as the part that was over.
The less there is to learn from, the nearer the result stays to the model set by hand, and to the base rate.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from services.recommend.silence_model import HOURS, SilenceModel, base_model
from services.recommend.spans import HOUR

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Precision of the weights around the hand-set ones, each in units of its feature's spread; and of the intercepts.
RIDGE = 30.0
_INTERCEPT_RIDGE = 2.0
_MOST_STEPS = 300
_LEAST_SPREAD = 1e-3
# What the posts at risk of late say of the hazards' level, against their being as they were learnt.
RECENT = 500
_SHIFT_RIDGE = 25.0
_NEWTON_STEPS = 30


@dataclass(frozen=True, slots=True)
class Example:
    """A post of `at` (seconds since 1970), its features, and how many seconds later another person answered.

    `answered` is infinite where nobody has, and so is `asked` where nobody was asked about the post.
    """

    at: float
    answered: float
    features: Floats
    asked: float = math.inf


def fit_silence(examples: Sequence[Example], now: float, version: str = "learnt") -> SilenceModel:
    """Learn from what is over as of `now` (seconds since 1970); without any of it, the hand-set model comes back."""
    base = base_model()
    past = [example for example in examples if example.at + HOURS[0] * HOUR < now]
    if not past:
        return base
    features = np.array([example.features for example in past])
    spread = features.std(axis=0)
    spread = np.where(spread > _LEAST_SPREAD, spread, 1.0)
    centre = features.mean(axis=0)
    # The same hand-set hazards, in the units of this community.
    prior = base.weights * spread[:, None]
    levels = base.intercepts + (centre - base.centre) @ base.weights
    model = SilenceModel(version, levels, prior, centre, spread)
    scaled = model.scaled(features)
    fitted = [
        _logistic(scaled[over], answered, seen, prior[:, place], float(levels[place]))
        for place, (over, answered, seen) in enumerate(_intervals(past, now))
    ]
    weights, intercepts = (np.array(part) for part in zip(*fitted, strict=True))
    return SilenceModel(version, intercepts, np.ascontiguousarray(weights.T), centre, spread)


def recalibrated(model: SilenceModel, examples: Sequence[Example], now: float) -> SilenceModel:
    """Shift the level of each interval's hazard to what the latest posts at risk of it say, as far as they are over."""
    past = [example for example in examples if example.at + HOURS[0] * HOUR < now]
    if not past:
        return model
    logits = model.logits(np.array([example.features for example in past]))
    latest = np.argsort([example.at for example in past], kind="stable")
    shifts = []
    for place, (over, answered, seen) in enumerate(_intervals(past, now)):
        happened, parts = np.zeros(len(past), np.bool_), np.zeros(len(past))
        happened[over], parts[over] = answered, seen
        chosen = latest[over[latest]][-RECENT:]
        shifts.append(_shift(logits[chosen, place], happened[chosen], parts[chosen]))
    return model.shifted(np.array(shifts))


def _intervals(examples: Sequence[Example], now: float) -> Iterator[tuple[Bools, Bools, Floats]]:
    """Give for each interval which posts were at risk of it and have it behind them, and which of those were answered.

    Then how much of the interval was seen of each: all, or what was over when somebody was asked about a post that
    was open still. The latter two are of shape (as many as are chosen,).
    """
    at = np.array([example.at for example in examples])
    answered = np.array([example.answered for example in examples])
    asked = np.array([example.asked for example in examples])
    # Whoever answers once somebody was asked may not have done so by themselves.
    by_itself = np.where(answered <= asked, answered, math.inf)
    start = 0.0
    for end in (hours * HOUR for hours in HOURS):
        over = (by_itself > start) & (asked > start) & (at + end < now)
        happened = by_itself[over] <= end
        yield over, happened, np.where(happened, 1.0, np.minimum(asked[over] - start, end - start) / (end - start))
        start = end


def _logistic(scaled: Floats, answered: Bools, seen: Floats, prior: Floats, level: float) -> tuple[Floats, float]:
    """Find weights and intercept of least log loss, each post counting as far as it was seen, drawn to the prior."""
    design = np.column_stack([scaled, np.ones(len(scaled))])
    centre = np.append(prior, level)
    ridge = np.append(np.full(len(prior), RIDGE), _INTERCEPT_RIDGE)

    def loss(found: Floats) -> tuple[float, Floats]:
        logits, away = design @ found, found - centre
        chance = 1 / (1 + np.exp(-logits))
        losses = seen * (np.logaddexp(0, logits) - answered * logits)
        value = float(losses.sum() + (ridge * away**2).sum() / 2)
        return value, design.T @ (seen * (chance - answered)) + ridge * away

    found = minimize(loss, centre, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS}).x
    return found[:-1], float(found[-1])


def _shift(logits: Floats, answered: Bools, seen: Floats) -> float:
    """Find what is best added to log-odds, drawn to nothing."""
    shift = 0.0
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-(logits + shift)))
        slope = float((seen * (chance - answered)).sum()) + _SHIFT_RIDGE * shift
        step = slope / (float((seen * chance * (1 - chance)).sum()) + _SHIFT_RIDGE)
        shift -= math.copysign(min(abs(step), 1.0), step)
    return shift
