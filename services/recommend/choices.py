"""Choices that were made, as lists: what weights are learnt from, and judged on."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.rounding import DECIMALS
from services.recommend.softmax import Lists, fit

Floats = NDArray[np.float64]

# With fewer nothing is learnt.
FEWEST = 100
# What the hand-set weights are worth, in lists.
_WORTH = 50.0
_HELD_OUT = 0.2


@dataclass(frozen=True, slots=True)
class Choice:
    """`signals` of shape (list, signals), and what of the list was chosen: `target` (list,), which sums to 1."""

    signals: NDArray[np.float16]
    target: NDArray[np.float32]


class Choices:
    """The latest choices, at most some `most`, in the order of the times at which they were known."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: list[float] = []
        self._choices: list[Choice] = []

    def add(self, known: float, signals: NDArray[np.floating[Any]], chosen: Sequence[int]) -> None:
        """Take in a list of which the places `chosen` were chosen, as was known at a time not before the last one."""
        target = np.zeros(len(signals), np.float32)
        target[list(chosen)] = 1 / len(chosen)
        self._known.append(known)
        self._choices.append(Choice(signals.astype(np.float16), target))
        if len(self._choices) > 2 * self._most:
            del self._known[: -self._most], self._choices[: -self._most]

    def known(self, now: float) -> list[Choice]:
        """Give the latest that were known by `now`."""
        end = bisect_right(self._known, now)
        return self._choices[max(0, end - self._most) : end]


def learn_weights(choices: Sequence[Choice], hand_set: Floats, before: Floats | None = None) -> Floats:
    """Learn weights that are drawn to those set by hand, which they are where there is little to learn from."""
    if len(choices) < FEWEST:
        return hand_set
    lists = Lists.of([(choice.signals, choice.target) for choice in choices])
    return fit(lists, hand_set, _WORTH, before)


def judged_weights(choices: Sequence[Choice], hand_set: Floats) -> tuple[Floats, dict[str, Any]]:
    """Learn weights, and say how well such weights do on the latest fifth, which they have not seen.

    Where they do worse than those set by hand, these are given.
    """
    cut = round(len(choices) * (1 - _HELD_OUT))
    held_out = choices[cut:]
    found = {"this": mrr(learn_weights(choices[:cut], hand_set), held_out), "hand_set": mrr(hand_set, held_out)}
    said = {"lists": len(choices), "held_out": len(held_out), "mrr": found}
    if found["this"] < found["hand_set"]:
        return hand_set, said
    return learn_weights(choices, hand_set), said


def mrr(weights: Floats, choices: Sequence[Choice]) -> float:
    """Give the mean reciprocal rank of the best that was chosen, rounded; ties count as if all others came before."""
    found = []
    for choice in choices:
        scores = np.round(choice.signals.astype(np.float64) @ weights, DECIMALS)
        found.append(1 / int((scores >= scores[choice.target > 0].max()).sum()))
    return round(float(np.mean(found)), DECIMALS) if found else 0.0
