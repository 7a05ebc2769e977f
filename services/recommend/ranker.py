"""The ranker: from a list's signals to scores, and to the probability that each person answers.

A linear score: what each signal adds to it can be told, and a few hundred posts are enough to learn it from. It is
plain numbers that go through JSON unharmed: an artefact is read without running anything of it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.features import FEATURES, PLACES, Group
from services.recommend.rounding import DECIMALS
from services.recommend.signals import NOTHING

Floats = NDArray[np.float64]
Signals = NDArray[np.float32]

HAND_SET = "hand-set"

# What a community begins with: who answers, and is at home here, and knows the subject, and the author.
_PRIOR = {
    "joins 30d": 0.25,
    "firsts 180d": 0.1,
    "channel joins 30d": 0.25,
    "channel joins 7d": 0.1,
    "seen in channel 1h": 0.15,
    "words 180d": 0.15,
    "meaning 180d": 0.2,
    "meaning first 180d": 0.1,
    "helped 180d": 0.05,
    "mentioned": 0.5,
    # Where nobody declared any, there is nothing to learn, and it stays as it is here.
    "interest": 0.2,
}
# Of the probability that goes with a score, before there is anything to fit it to.
_PRIOR_SLOPE, _PRIOR_INTERCEPT = 1.0, 0.0


@dataclass(frozen=True, slots=True)
class Ranker:
    """`weights` of shape (features,); a probability is the logistic of slope * log(share of the list) + intercept."""

    version: str
    weights: Floats
    slope: float = _PRIOR_SLOPE
    intercept: float = _PRIOR_INTERCEPT

    def scores(self, signals: Signals) -> Floats:
        """Score a list, of which only differences mean anything: shape (list,), rounded."""
        return np.round(signals.astype(np.float64) @ self.weights, DECIMALS)

    def probabilities(self, scores: Floats) -> Floats:
        """Say how likely each one of a list is to answer: shape of `scores`, rounded."""
        logs = scores - scores.max(initial=-math.inf)
        logs -= math.log(np.exp(logs).sum()) if len(logs) else 0.0
        chances: Floats = 1 / (1 + np.exp(-(self.slope * logs + self.intercept)))
        return np.round(chances, DECIMALS)

    def contributions(self, signals: Signals) -> dict[Group, Floats]:
        """Say what each group adds to a score, over having none of its features: each of shape (list,)."""
        parts = (signals.astype(np.float64) - NOTHING) * self.weights
        return {group: parts[:, places].sum(axis=1) for group, places in _PLACES_OF.items()}

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as plain values."""
        return {
            "version": self.version,
            "weights": dict(zip((f.name for f in FEATURES), self.weights.tolist(), strict=True)),
            "slope": self.slope,
            "intercept": self.intercept,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Ranker":
        """Read what `as_dict` gave; ValueError where it weighs other features than there are."""
        weights = values["weights"]
        if set(weights) != set(PLACES):
            raise ValueError("the model weighs other features than this version has: train it anew")
        return cls(
            values["version"],
            np.array([weights[feature.name] for feature in FEATURES], np.float64),
            float(values["slope"]),
            float(values["intercept"]),
        )


_PLACES_OF = {group: [PLACES[f.name] for f in FEATURES if f.group is group] for group in Group}


def hand_set() -> Ranker:
    """Make the ranker of a community that there is nothing to learn from yet."""
    return Ranker(HAND_SET, np.array([_PRIOR.get(feature.name, 0.0) for feature in FEATURES]))
