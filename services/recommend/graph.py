"""Who has exchanged answers with whom, in scopes: neighbours in the graph of replies."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.index import Index

Floats = NDArray[np.float64]


class Graph:
    """`met` has for each scope everybody's neighbours by number, with how many answers they have exchanged."""

    def __init__(self, met: Sequence[Mapping[int, Mapping[int, int]]]) -> None:
        self._met = met

    @classmethod
    def of(cls, index: Index, scopes: Sequence[str]) -> "Graph":
        return cls([index.past.met(scope) for scope in scopes])

    def neighbours(self, person: int) -> set[int]:
        """Give with whom somebody has exchanged answers."""
        return {other for met in self._met for other in met.get(person, ())}

    def answers(self, person: int, other: int) -> int:
        """Count the answers between two."""
        return sum(met.get(person, {}).get(other, 0) for met in self._met)

    def adamic_adar(self, person: int, people: int) -> Floats:
        """Weigh shared neighbours, rare ones more: shape (people,).

        Adamic & Adar 2003, "Friends and neighbors on the web".
        """
        total = np.zeros(people)
        for other in sorted(self.neighbours(person)):
            reached = self.neighbours(other)
            if len(reached) > 1:
                total[list(reached)] += 1 / np.log(len(reached))
        return total

    def degrees(self, people: int) -> Floats:
        """Count everybody's neighbours: shape (people,)."""
        degrees = np.zeros(people)
        if len(self._met) == 1:
            sizes = {person: len(reached) for person, reached in self._met[0].items()}
        else:
            sizes = {person: len(self.neighbours(person)) for met in self._met for person in met}
        degrees[list(sizes)] = list(sizes.values())
        return degrees
