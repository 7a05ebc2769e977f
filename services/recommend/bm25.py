"""BM25 over posts, kept up to date post by post.

Scores depend on which documents are in, not on the order in which they came: counts are integers, and each
document's score is summed over the query's terms in the order of their rarity.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown

K1 = 1.2
B = 0.75
_MOST = 2**16 - 1


class Bm25:
    """An inverted index of numbered documents (rows)."""

    def __init__(self) -> None:
        self._rows: dict[str, array[int]] = {}
        self._counts: dict[str, array[int]] = {}
        self._lengths: NDArray[np.int64] = np.zeros(0, np.int64)
        self._documents = 0
        self._length = 0

    def add(self, row: int, terms: Sequence[str]) -> None:
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
        self._documents += 1
        self._length += len(terms)

    def remove(self, row: int, terms: Sequence[str]) -> None:
        """Take a document out; `terms` are those that it was added with."""
        for term in set(terms):
            rows, counts = self._rows[term], self._counts[term]
            place = rows.index(row)
            del rows[place], counts[place]
            if not rows:
                del self._rows[term], self._counts[term]
        self._lengths[row] = 0
        self._documents -= 1
        self._length -= len(terms)

    def replace(self, row: int, old: Sequence[str], new: Sequence[str]) -> None:
        """Give a document other terms."""
        self.remove(row, old)
        self.add(row, new)

    def scores(self, terms: Iterable[str], size: int, most: int) -> NDArray[np.float64]:
        """Score rows 0 to `size` for a query, of whose terms the `most` rarest are looked up: shape (size,)."""
        known = sorted((len(self._rows[t]), t) for t in set(terms) if t in self._rows)[:most]
        if not known:
            return np.zeros(size)
        n = self._documents
        idf = np.array([math.log(1 + (n - held + 0.5) / (held + 0.5)) for held, _ in known])
        rows = np.concatenate([np.frombuffer(self._rows[t], np.int32) for _, t in known])
        counts = np.concatenate([np.frombuffer(self._counts[t], np.uint16) for _, t in known]).astype(np.float64)
        mean = self._length / n
        norms = (K1 * (1 - B)) + (K1 * B / mean) * self._lengths
        weights = np.repeat(idf * (K1 + 1), [held for held, _ in known])
        gains = weights * counts / (counts + norms[rows])
        scores: NDArray[np.float64] = np.bincount(rows, gains, size).astype(np.float64)
        return scores
