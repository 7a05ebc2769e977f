"""The silence model: from the features of a post to how likely it is to be without an answer, hour by hour.

A discrete-time hazard: for each interval of a post's age the chance that it is answered then if it was not before
(Singer & Willett 1993, "It's about time"). Plain numbers that go through JSON unharmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.rounding import DECIMALS
from services.recommend.silence import FEATURES, PLACES, PRIOR
from services.recommend.typical import OPEN

Floats = NDArray[np.float64]


# An interval of a post's age ends at each of these hours, and the first begins at its birth.
HOURS = tuple(OPEN)
# Beyond what was seen when learning, a feature counts no further.
_FAR = 3.0


@dataclass(frozen=True, slots=True)
class SilenceModel:
    """The hazards of an answer: `intercepts` of shape (intervals,), `weights` of shape (features, intervals).

    A weight is of a feature less its `centre`, in units of its `spread`, both of shape (features,).
    """

    version: str
    intercepts: Floats
    weights: Floats
    centre: Floats
    spread: Floats

    def logits(self, features: Floats) -> Floats:
        """Give the log-odds of an answer in each interval, for posts of shape (..., features): (..., intervals)."""
        logits: Floats = self.scaled(features) @ self.weights + self.intercepts
        return logits

    def scaled(self, features: Floats) -> Floats:
        scaled: Floats = np.clip((features - self.centre) / self.spread, -_FAR, _FAR)
        return scaled

    def survival(self, features: Floats) -> dict[int, float]:
        """Say how likely a post is to be without an answer still, so many hours after its birth; rounded.

        Given that it is open at an age, it is so at a later one with the ratio of the two.
        """
        hazards = 1 / (1 + np.exp(-self.logits(features)))
        return dict(zip(HOURS, np.round(np.cumprod(1 - hazards), DECIMALS).tolist(), strict=True))

    def shifted(self, by: Floats) -> "SilenceModel":
        """Give a model whose hazards are higher everywhere, by so much log-odds in each interval."""
        return replace(self, intercepts=self.intercepts + by)

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as plain values."""
        return {
            "version": self.version,
            "intercepts": self.intercepts.tolist(),
            "weights": dict(zip(FEATURES, self.weights.tolist(), strict=True)),
            "centre": dict(zip(FEATURES, self.centre.tolist(), strict=True)),
            "spread": dict(zip(FEATURES, self.spread.tolist(), strict=True)),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SilenceModel":
        """Read what `as_dict` gave; ValueError where it weighs other features than there are."""
        parts = [values[part] for part in ("weights", "centre", "spread")]
        if any(set(part) != set(FEATURES) for part in parts) or len(values["intercepts"]) != len(HOURS):
            raise ValueError("the silence model weighs other features than this version has: train it anew")
        weights, centre, spread = (np.array([part[name] for name in FEATURES], np.float64) for part in parts)
        return cls(values["version"], np.array(values["intercepts"], np.float64), weights, centre, spread)


HAND_SET = "hand-set"
# What a community begins with: as many stay silent as of the posts before, in its channel, and of a near meaning.
_EARLY = {"recent silent 1h, 100": 0.3, "channel silent 1h, 40": 0.4, "near silent 1h": 0.3}
_LATER = {"recent silent 24h, 100": 0.2, "channel silent 24h, 40": 0.3, "near silent 24h": 0.2}


def base_model() -> SilenceModel:
    """Make the model of a community that there is nothing to learn from yet."""
    size = len(FEATURES)
    weights, centre = np.zeros((size, len(HOURS))), np.zeros(size)
    for shares, intervals, horizon in ((_EARLY, slice(0, 1), "1h"), (_LATER, slice(1, None), "24h")):
        for name, weight in shares.items():
            weights[PLACES[name], intervals] = -weight
            centre[PLACES[name]] = np.log(PRIOR[horizon] / (1 - PRIOR[horizon]))
    still = np.array((1.0, *OPEN.values()))
    hazards = 1 - still[1:] / still[:-1]
    return SilenceModel(HAND_SET, np.log(hazards / (1 - hazards)), weights, centre, np.ones(size))
