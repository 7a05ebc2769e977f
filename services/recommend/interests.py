"""What members say that they are interested in: each a topic in their own words, as a vector.

Who has written nothing yet can be matched by it, and who has is found beyond what they did so far. What is declared
belongs to no channel. Its words are never told to others: only that a post is near to it, and that to its member.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.threads import Threads
from services.recommend.vectors import similarities

Floats = NDArray[np.float64]

# Of a few words and a post in all-MiniLM-L6-v2. Among 1,000 first posts of a forum nothing was as near as this to
# "cooking" or "knitting"; what was, to its own topics, mostly was about them.
LEAST_COSINE = 0.3
_KERNEL = 14.0


class Interests:
    """One row for each interest, by the numbers of people."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._vectors: dict[int, NDArray[np.int16]] = {}
        self._stacked: tuple[NDArray[np.float32], NDArray[np.intp]] | None = None

    def set(self, person: int, vectors: Sequence[NDArray[np.int16]]) -> None:
        """Take over all that somebody is interested in; of nothing, nothing is kept."""
        self._stacked = None
        self._vectors.pop(person, None)
        if vectors:
            self._vectors[person] = np.array(vectors)

    def near(self, vector: NDArray[np.int16], people: int) -> Floats:
        """Say how near a post is to the nearest interest of everybody: exp(14 cos), 0 for not near, shape (people,)."""
        near = np.zeros(people)
        if self._vectors:
            matrix, owners = self._stack()
            np.maximum.at(near, owners, _votes(similarities(matrix, vector)))
        return near

    def near_threads(self, person: int, threads: Threads, rows: NDArray[np.int32]) -> Floats:
        """Say how near each thread is to the nearest interest of somebody: exp(14 cos), 0 for not near, (rows,)."""
        near = np.zeros(len(rows))
        for vector in self._vectors.get(person, ()):
            near = np.maximum(near, _votes(threads.cosines_of(rows.tolist(), vector)))
        return near

    def _stack(self) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        if self._stacked is None:
            owners = [person for person, vectors in self._vectors.items() for _ in vectors]
            matrix = np.concatenate(list(self._vectors.values())).astype(np.float32)
            self._stacked = matrix, np.array(owners, np.intp)
        return self._stacked


def _votes(cosines: Floats) -> Floats:
    return np.where(cosines >= LEAST_COSINE, np.exp(_KERNEL * cosines), 0.0)
