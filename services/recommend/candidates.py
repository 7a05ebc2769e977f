"""The first stage: who of everybody is looked at closely, by cheap signals evenly fused."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.features import PLACES
from services.recommend.rounding import DECIMALS

Floats = NDArray[np.float64]

# Each finds people that the others miss: who is always there, is there now, is at home here, knows the topic,
# knows the author, wants to hear of it.
_FUSED = (
    "joins 30d", "channel joins 30d", "channel messages 30d", "channel messages ever", "seen 1h", "seen 1d",
    "seen in channel 1min", "seen in channel 1h", "seen in channel 1d", "words 180d", "meaning 180d", "helped ever",
    "helps ever", "mentioned", "interest",
)  # fmt: skip
_ROWS = np.array([PLACES[name] for name in _FUSED])


def first_stage(values: Floats, eligible: NDArray[np.bool_], ids: Sequence[str], most: int) -> NDArray[np.intp]:
    """Choose at most `most` of the eligible by their features (features, people): their numbers, best first."""
    numbers = np.flatnonzero(eligible)
    cheap = np.log1p(values[np.ix_(_ROWS, numbers)])
    highest = cheap.max(axis=1, initial=0.0)
    scores = np.round((cheap / np.where(highest > 0, highest, 1.0)[:, None]).sum(axis=0), DECIMALS)
    return numbers[leading(scores, numbers, ids, most)]


def leading(scores: Floats, numbers: NDArray[np.intp], ids: Sequence[str], most: int) -> list[int]:
    """Give the places of the `most` highest scores, best first, ties by the ids of `numbers`."""
    if most < len(scores):
        least = np.partition(scores, len(scores) - most)[len(scores) - most]
        places = np.flatnonzero(scores >= least)
    else:
        places = np.arange(len(scores))
    order = sorted((-scores[place], ids[numbers[place]], place) for place in places.tolist())
    return [place for _, _, place in order[:most]]
