"""A ledger: who did something when, from which decayed counts are read for everybody at once.

Entries stand in the order of time, so what is read depends on them alone, not on the order in which they came.
Sums over all but the last entries are carried along, block by block: reading costs the same however long the
ledger grows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown

NEVER = -math.inf
BLOCK = 2048

Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Carried:
    """Sums over the first `size` entries, as of the time of the last of them."""

    size: int
    at: float
    sums: Floats  # (half-lives, people)
    last: Floats  # (people,)


class Ledger:
    """`half_lives` are in seconds; with an infinite one every entry counts in full for ever."""

    def __init__(self, half_lives: tuple[float, ...]) -> None:
        self._rates: Floats = np.array([1 / half_life for half_life in half_lives])[:, None]
        self._size = 0
        self._people = 0  # the highest number, and one
        self._at: Floats = np.zeros(0)
        self._person: NDArray[np.int32] = np.zeros(0, np.int32)
        self._row: NDArray[np.int32] = np.zeros(0, np.int32)
        self._carried: _Carried | None = None

    def __len__(self) -> int:
        return self._size

    def add(self, at: float, person: int, row: int) -> None:
        """Enter that somebody did something at `at` (seconds since 1970), about the thread of that row."""
        size = self._size
        self._at, self._person = grown(self._at, size + 1), grown(self._person, size + 1)
        self._row = grown(self._row, size + 1)
        place = size if size == 0 or at > self._at[size - 1] else self._place(at, row)
        if place < size:
            for column in (self._at, self._person, self._row):
                column[place + 1 : size + 1] = column[place:size]
        self._changed(at)
        self._at[place], self._person[place], self._row[place] = at, person, row
        self._size = size + 1
        self._people = max(self._people, person + 1)

    def remove(self, at: float, person: int, row: int) -> None:
        """Take an entry away; KeyError where there is none."""
        place = self._place(at, row)
        while place < self._size and (self._at[place], self._row[place]) == (at, row):
            if self._person[place] == person:
                break
            place += 1
        else:
            raise KeyError((at, person, row))
        for column in (self._at, self._person, self._row):
            column[place : self._size - 1] = column[place + 1 : self._size]
        self._changed(at)
        self._size -= 1

    def _place(self, at: float, row: int) -> int:
        start, end = (int(np.searchsorted(self._at[: self._size], at, side)) for side in ("left", "right"))
        return start + int(np.searchsorted(self._row[start:end], row, "left"))

    def _changed(self, at: float) -> None:
        if self._carried is not None and at <= self._carried.at:
            self._carried = None

    # What is asked

    def before(self, now: float) -> tuple[Floats, NDArray[np.int32], NDArray[np.int32]]:
        """Give when, who and which thread of all entries before `now`, each of shape (entries,)."""
        size = self._until(now)
        return self._at[:size], self._person[:size], self._row[:size]

    def sums(self, now: float, people: int, lives: Sequence[int] | slice = slice(None)) -> Floats:
        """Count what everybody did before `now`, halved with age: shape (half-lives, people).

        `lives` are the places of the half-lives that are asked for, which spares the others.
        """
        carried, rates = self._carry(now, people), self._rates[lives]
        start, end = carried.size, self._until(now)
        sums = carried.sums[lives] * np.exp2((carried.at - now) * rates)
        self._add(sums, rates, start, end, now)
        return sums

    def last(self, now: float, people: int) -> Floats:
        """Give when everybody last did something before `now`, minus infinity for never: shape (people,)."""
        carried = self._carry(now, people)
        last = carried.last.copy()
        part = slice(carried.size, self._until(now))
        last[self._person[part]] = self._at[part]  # of several entries the last one stands
        return last

    def sum_of(self, now: float, person: int) -> Floats:
        """Count what somebody did before `now`, halved with age: shape (half-lives,). As `sums` says, to the bit."""
        carried, end = self._carry(now, max(self._people, person + 1)), self._until(now)
        at = self._at[carried.size : end][self._person[carried.size : end] == person]
        sums: Floats = carried.sums[:, person] * np.exp2((carried.at - now) * self._rates[:, 0])
        for place, weights in enumerate(np.exp2((at - now) * self._rates)):
            sums[place] += np.bincount(np.zeros(len(at), np.intp), weights, 1)[0]
        return sums

    def last_of(self, now: float, person: int) -> float:
        """Give when somebody last did something before `now`, minus infinity for never."""
        carried, end = self._carry(now, max(self._people, person + 1)), self._until(now)
        at = self._at[carried.size : end][self._person[carried.size : end] == person]
        return float(at[-1] if len(at) else carried.last[person])

    def _until(self, now: float) -> int:
        return int(np.searchsorted(self._at[: self._size], now, "left"))

    def _carry(self, now: float, people: int) -> _Carried:
        """Carry the sums along over whole blocks that lie before `now`.

        A block ends where a time ends: whatever came at one and the same time, in whatever order, is in one block.
        """
        until = self._until(now)
        carried = self._carried
        kept = carried is None or carried.size <= until
        if carried is None or not kept:
            shape = len(self._rates), people
            carried = _Carried(0, now if until == 0 else float(self._at[0]), np.zeros(shape), np.full(people, NEVER))
        if carried.sums.shape[1] < people:
            more = people - carried.sums.shape[1]
            carried.sums = np.pad(carried.sums, ((0, 0), (0, more)))
            carried.last = np.pad(carried.last, (0, more), constant_values=NEVER)
        while until - carried.size >= BLOCK:
            at = float(self._at[carried.size + BLOCK - 1])
            end = int(np.searchsorted(self._at[:until], at, "right"))
            carried.sums *= np.exp2((carried.at - at) * self._rates)
            self._add(carried.sums, self._rates, carried.size, end, at)
            carried.last[self._person[carried.size : end]] = self._at[carried.size : end]
            carried.size, carried.at = end, at
        if kept and carried.size:  # before the first block nothing says as of when
            self._carried = carried
        return carried

    def _add(self, sums: Floats, rates: Floats, start: int, end: int, now: float) -> None:
        if start == end:
            return
        person = self._person[start:end]
        weights = np.exp2((self._at[start:end] - now) * rates)
        for place, weight in enumerate(weights):
            sums[place] += np.bincount(person, weight, sums.shape[1])
