"""Whom a member would exchange answers with next: features of everybody at once, and what they are weighed by.

Somebody who asks meets those who answer, somebody who answers meets those who ask: so what others do enters twice,
as it is, and as far as the member asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.graph import Graph
from services.recommend.index import Index
from services.recommend.past import HALF_LIVES, Kind
from services.recommend.rounding import DECIMALS
from services.recommend.signals import signals
from services.recommend.spans import DAY, HOUR

Floats = NDArray[np.float64]

_COUNTED = {
    Kind.JOINS: (7 * DAY, 30 * DAY, 180 * DAY),
    Kind.FIRSTS: (30 * DAY, 180 * DAY),
    Kind.WELCOMES: (30 * DAY, 180 * DAY),
    Kind.MESSAGES: (DAY, 7 * DAY, 30 * DAY, 180 * DAY),
}
FEATURES = (
    *(f"{kind} {life / DAY:g}d" for kind, lives in _COUNTED.items() for life in lives),
    "asks 30d",
    "joins among messages",
    "seen 1d",
    "near",
    "neighbours",
    "shared neighbours",
    "matched",
    "hours",
)
PLACES = {name: place for place, name in enumerate(FEATURES)}
SIGNALS = (*FEATURES, *(f"{name}, for who asks" for name in FEATURES))

_PRIOR = {"joins 30d": 0.4, "messages 30d": 0.2, "near": 0.2, "shared neighbours": 0.2, "matched": 0.3}
_SHRINK = 2.0


@dataclass(frozen=True, slots=True)
class Meeting:
    """`weights` of shape (signals,): somebody's score is the weighted sum of their signals."""

    version: str
    weights: Floats

    def scores(self, found: NDArray[np.floating[Any]]) -> Floats:
        """Score candidates by their signals, of shape (candidates, signals), rounded: (candidates,)."""
        return np.round(found.astype(np.float64) @ self.weights, DECIMALS)

    def as_dict(self) -> dict[str, Any]:
        return {"version": self.version, "weights": dict(zip(SIGNALS, self.weights.tolist(), strict=True))}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Meeting":
        """Read what `as_dict` gave; ValueError where it weighs other signals than there are."""
        if set(values["weights"]) != set(SIGNALS):
            raise ValueError("the model weighs other features than this version has: train it anew")
        return cls(values["version"], np.array([values["weights"][name] for name in SIGNALS], np.float64))


def hand_set() -> Meeting:
    """Make the model of a community that there is nothing to learn from yet."""
    return Meeting("hand-set", np.array([_PRIOR.get(name, 0.0) for name in SIGNALS]))


@dataclass(frozen=True, slots=True)
class Crowd:
    """What does not depend on who is to meet them: `values` (features, people), the rest 0, as of `now`.

    `hours` has the share of somebody's messages in each hour of the day, of length 1: shape (people, 24).
    """

    graph: Graph
    scopes: tuple[str, ...]
    now: float
    values: Floats
    hours: Floats


def crowd(index: Index, scopes: tuple[str, ...], now: float) -> Crowd:
    """Look at everybody as of `now`, by what was written in scopes."""
    people, past, graph = len(index.people), index.past, Graph.of(index, scopes)
    values = np.zeros((len(FEATURES), people))
    place = 0
    sums = {kind: past.sums(kind, scopes, now, people) for kind in _COUNTED}
    for kind, lives in _COUNTED.items():
        for life in lives:
            values[place] = sums[kind][HALF_LIVES[kind].index(life)]
            place += 1
    joins, messages = values[PLACES["joins 30d"]], values[PLACES["messages 30d"]]
    values[PLACES["asks 30d"]] = np.maximum(messages - joins, 0)
    values[PLACES["joins among messages"]] = joins / (messages + _SHRINK)
    values[PLACES["seen 1d"]] = 1 / (1 + (now - past.last(Kind.MESSAGES, scopes, now, people)) / DAY)
    values[PLACES["neighbours"]] = graph.degrees(people)
    return Crowd(graph, scopes, now, values, _hours(index, scopes, now))


def _hours(index: Index, scopes: tuple[str, ...], now: float) -> Floats:
    """Say at which hours of the day everybody has written: shape (people, 24), rows of length 1, or 0."""
    people = len(index.people)
    counts = np.zeros(people * 24)
    for ledger in index.past.ledgers(Kind.MESSAGES, scopes):
        at, person, _ = ledger.before(now)
        counts += np.bincount(person * np.intp(24) + (at % DAY // HOUR).astype(np.intp), minlength=people * 24)
    hours = counts.reshape(people, 24)
    length = np.sqrt((hours * hours).sum(axis=1, keepdims=True))
    shares: Floats = np.divide(hours, length, out=np.zeros_like(hours), where=length > 0)
    return shares


def pair_signals(
    index: Index, crowd: Crowd, member: int, others: NDArray[np.intp], matched: Floats
) -> NDArray[np.float32]:
    """Give the signals of candidates for a member: shape (others, signals).

    `matched` (people,) says how likely each was to answer what the member asked of late.
    """
    shared = crowd.values
    values = shared[:, others].copy()
    for scope in index.profiles.scopes_of(member):
        if scope in crowd.scopes:
            near = index.profiles.near(scope, member, others, crowd.now)
            values[PLACES["near"]] = np.maximum(values[PLACES["near"]], near)
    values[PLACES["shared neighbours"]] = crowd.graph.adamic_adar(member, shared.shape[1])[others]
    values[PLACES["matched"]] = matched[others]
    values[PLACES["hours"]] = crowd.hours[others] @ crowd.hours[member]
    found = signals(values)
    asks, joins = shared[PLACES["asks 30d"], member], shared[PLACES["joins 30d"], member]
    asking = np.float32(asks / (asks + joins + 1e-9))
    return np.concatenate([found, found * asking], axis=1)
