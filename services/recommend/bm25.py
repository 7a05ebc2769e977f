"""BM25 over posts, kept up to date post by post.

Scores depend on which documents are in, not on the order in which they came: counts are integers, and each
document's score is summed over the query's terms in the order of their rarity.

How rare a term is, and how long a document, is counted by scope (see `profile.py`): a document's score depends
only on documents of the scopes that are asked for.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown

K1 = 1.2
B = 0.75
_MOST = 2**16 - 1


@dataclass(slots=True)
class _Scope:
    """How many documents hold each term, how many there are, and how long they are together."""

    held: dict[str, int] = field(default_factory=dict)
    documents: int = 0
    length: int = 0


class Bm25:
    """An inverted index of numbered documents (rows)."""

    def __init__(self) -> None:
        self._rows: dict[str, array[int]] = {}
        self._counts: dict[str, array[int]] = {}
        self._lengths: NDArray[np.int64] = np.zeros(0, np.int64)
        self._scopes: dict[str, _Scope] = {}

    def add(self, row: int, terms: Sequence[str], scope: str) -> None:
        """Add a document that is not in."""
        for term, count in Counter(terms).items():
            rows = self._rows.get(term)
            if rows is None:
                rows = self._rows[term] = array("i")
                self._counts[term] = array("H")
            rows.append(row)
            self._counts[term].append(min(count, _MOST))
        self._lengths = grown(self._lengths, row + 1)
        self._lengths[row] = len(terms)
        self.count(terms, scope, 1)

    def remove(self, row: int, terms: Sequence[str], scope: str) -> None:
        """Take a document out; `terms` are those that it was added with."""
        for term in set(terms):
            rows, counts = self._rows[term], self._counts[term]
            place = rows.index(row)
            del rows[place], counts[place]
            if not rows:
                del self._rows[term], self._counts[term]
        self._lengths[row] = 0
        self.count(terms, scope, -1)

    def replace(self, row: int, old: Sequence[str], new: Sequence[str], scope: str) -> None:
        """Give a document other terms."""
        self.remove(row, old, scope)
        self.add(row, new, scope)

    def count(self, terms: Sequence[str], scope: str, by: int) -> None:
        """Count a document that is in as one of a scope, or with -1 as one no more: both when it moves."""
        known = self._scopes.setdefault(scope, _Scope())
        for term in set(terms):
            held = known.held.get(term, 0) + by
            if held:
                known.held[term] = held
            else:
                del known.held[term]
        known.documents += by
        known.length += by * len(terms)

    def scores(self, terms: Iterable[str], size: int, most: int, scopes: Sequence[str]) -> NDArray[np.float64]:
        """Score rows 0 to `size` for a query, of whose terms the `most` rarest are looked up: shape (size,).

        What the scores of rows in other scopes are says nothing.
        """
        asked = [self._scopes[scope] for scope in scopes if scope in self._scopes]
        counted = [(sum(scope.held.get(t, 0) for scope in asked), t) for t in set(terms)]
        known = sorted(one for one in counted if one[0])[:most]
        if not known:
            return np.zeros(size)
        n = sum(scope.documents for scope in asked)
        idf = np.array([math.log(1 + (n - held + 0.5) / (held + 0.5)) for held, _ in known])
        rows = np.concatenate([np.frombuffer(self._rows[t], np.int32) for _, t in known])
        counts = np.concatenate([np.frombuffer(self._counts[t], np.uint16) for _, t in known]).astype(np.float64)
        mean = sum(scope.length for scope in asked) / n
        norms = (K1 * (1 - B)) + (K1 * B / mean) * self._lengths
        weights = np.repeat(idf * (K1 + 1), [len(self._rows[t]) for _, t in known])
        gains = weights * counts / (counts + norms[rows])
        scores: NDArray[np.float64] = np.bincount(rows, gains, size).astype(np.float64)
        return scores
