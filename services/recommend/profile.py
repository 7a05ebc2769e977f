"""Profiles: where in the space of meanings somebody's posts and answers lie, lately.

A profile belongs to a scope: what is public, or one private channel. So people are compared by what they wrote
where both are read, and a near profile hints at nothing else. Vectors are added up as whole numbers per person
and period of thirty days, so sums do not depend on order and can be undone; a profile is the sum of a year's
periods, each decayed as a whole.
"""

import math

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown
from services.recommend.spans import DAY
from services.recommend.vectors import quantise, similarities

PUBLIC = ""
PERIOD = 30 * DAY
PERIODS = 12
_NEVER = -(2**40)


def period_of(at: float) -> int:
    """Number the period of a time in seconds since 1970."""
    return math.floor(at / PERIOD)


class _Scope:
    """The profiles of one scope; each person in it has a slot."""

    def __init__(self, dimension: int) -> None:
        self.slots: NDArray[np.int32] = np.zeros(0, np.int32)
        self.sums: list[dict[int, NDArray[np.int32]]] = []
        self.matrix: NDArray[np.float32] = np.zeros((0, dimension), np.float32)
        self.made: NDArray[np.int64] = np.zeros(0, np.int64)

    def slot(self, person: int) -> int:
        self.slots = grown(self.slots, person + 1, -1)
        if self.slots[person] < 0:
            size = len(self.sums) + 1
            self.slots[person] = len(self.sums)
            self.sums.append({})
            self.matrix = grown(self.matrix, size)
            self.made = grown(self.made, size, _NEVER)
        return int(self.slots[person])

    def slots_of(self, people: NDArray[np.intp]) -> NDArray[np.int32]:
        """Give people's slots, -1 where they have none: shape (len(people),)."""
        self.slots = grown(self.slots, int(people.max(initial=-1)) + 1, -1)
        slots: NDArray[np.int32] = self.slots[people]
        return slots


class Profiles:
    """Profiles by scope and the person's number."""

    def __init__(self, dimension: int, half_life: float) -> None:
        self._half_life = half_life
        self._dimension = dimension
        self._scopes: dict[str, _Scope] = {}
        self._latest = _NEVER

    def add(self, scope: str, person: int, at: float, vector: NDArray[np.float32], by: int) -> None:
        """Count a post's vector for somebody who wrote there at `at`; with -1 take it away again."""
        period = period_of(at)
        if period > self._latest:
            self._latest = period
            self._prune()
        if period <= self._latest - PERIODS:
            return
        known = self._scopes.get(scope)
        if known is None:
            known = self._scopes[scope] = _Scope(self._dimension)
        slot = known.slot(person)
        total = known.sums[slot].get(period)
        if total is None:
            total = known.sums[slot][period] = np.zeros(self._dimension, np.int32)
        total += by * vector.astype(np.int32)
        known.made[slot] = _NEVER

    def scopes_of(self, person: int) -> list[str]:
        """Name the scopes in which somebody has written."""
        return [name for name, scope in self._scopes.items() if person < len(scope.slots) and scope.slots[person] >= 0]

    def near(self, scope: str, person: int, others: NDArray[np.intp], now: float) -> NDArray[np.float64]:
        """Compare somebody's profile with others' in a scope as of `now`: cosines, shape (len(others),).

        Who has no profile there is at 0. `now` must not lie before any `at` that has been added.
        """
        known, cosines = self._scopes[scope], np.zeros(len(others))
        slots = known.slots_of(others)
        there = np.flatnonzero(slots >= 0)
        matrix = self._made(known, slots[there], now)
        cosines[there] = similarities(matrix, self._made(known, known.slots[[person]], now)[0])
        return cosines

    def vector(self, scope: str, person: int, now: float) -> NDArray[np.float32]:
        """Give somebody's quantised profile in a scope that they have written in: shape (dimension,)."""
        known = self._scopes[scope]
        vector: NDArray[np.float32] = self._made(known, known.slots[[person]], now)[0]
        return vector

    def _made(self, scope: _Scope, slots: NDArray[np.int32], now: float) -> NDArray[np.float32]:
        period = period_of(now)
        for slot in slots[scope.made[slots] != period].tolist():
            scope.matrix[slot] = self._profile(scope.sums[slot], period)
            scope.made[slot] = period
        matrix: NDArray[np.float32] = scope.matrix[slots]
        return matrix

    def _profile(self, sums: dict[int, NDArray[np.int32]], now: int) -> NDArray[np.int16]:
        total = np.zeros(self._dimension)
        for period in sorted(sums):
            if now - PERIODS < period <= now:
                total += sums[period] * math.exp2((period - now) * PERIOD / self._half_life)
        return quantise(total)

    def _prune(self) -> None:
        for scope in self._scopes.values():
            for sums in scope.sums:
                for period in [p for p in sums if p <= self._latest - PERIODS]:
                    del sums[period]
