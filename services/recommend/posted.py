"""The posts of people that were there before a moment, youngest first: what silence is learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.ledger import Floats
from services.recommend.past import Kind, Past

Rows = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Posted:
    """Rows of posts, their ages in seconds and their authors' numbers; of those of one time the latest row first."""

    rows: Rows
    ages: Floats
    authors: NDArray[np.int32]

    @classmethod
    def before(cls, past: Past, kind: Kind, names: Sequence[str], now: float, bots: Bools) -> "Posted":
        """Find the posts in scopes or channels from before `now`; `bots` says whose are left out, by number."""
        found = [ledger.before(now) for ledger in past.ledgers(kind, names)]
        if not found:
            return cls(np.zeros(0, np.intp), np.zeros(0), np.zeros(0, np.int32))
        ats, authors, rows = (np.concatenate(part) for part in zip(*found, strict=True))
        if len(found) > 1:
            ats, authors, rows = _chosen(np.lexsort((rows, ats)), ats, authors, rows)
        if bots.any():
            ats, authors, rows = _chosen(~bots[authors], ats, authors, rows)
        return cls(rows[::-1].astype(np.intp), now - ats[::-1], authors[::-1])

    def older(self, age: float) -> "Posted":
        """Leave out those that are no older than so many seconds."""
        start = self._younger(age)
        return Posted(self.rows[start:], self.ages[start:], self.authors[start:])

    def younger(self, age: float) -> "Posted":
        """Leave out those that are older than so many seconds."""
        end = self._younger(age)
        return Posted(self.rows[:end], self.ages[:end], self.authors[:end])

    def by(self, author: int) -> "Posted":
        """Leave those of one author."""
        own = self.authors == author
        return Posted(self.rows[own], self.ages[own], self.authors[own])

    def mask(self, size: int) -> Bools:
        """Say which of so many rows they are: shape (size,)."""
        mask = np.zeros(size, np.bool_)
        mask[self.rows] = True
        return mask

    def _younger(self, age: float) -> int:
        return int(np.searchsorted(self.ages, age, "right"))


def _chosen(which: NDArray[Any], *columns: NDArray[Any]) -> list[NDArray[Any]]:
    return [column[which] for column in columns]
