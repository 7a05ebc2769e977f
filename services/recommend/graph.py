"""Who has exchanged answers with whom, in scopes: neighbours in the graph of replies."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.index import Index

Floats = NDArray[np.float64]


class Graph:
    """`met` has for each scope everybody's neighbours by number, with how many answers they have exchanged."""

    def __init__(self, met: Sequence[Mapping[int, Mapping[int, int]]], counted: Floats | None = None) -> None:
        self._met = met
        self._counted = counted

    @classmethod
    def of(cls, index: Index, scopes: Sequence[str]) -> "Graph":
        """Read the graph off an index; where it has one scope, the neighbours are counted there already."""
        counted = index.past.degrees(scopes[0], len(index.people)) if len(scopes) == 1 else None
        return cls([index.past.met(scope) for scope in scopes], counted)

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
        if self._counted is not None:
            return self._counted
        degrees = np.zeros(people)
        for person in {person for met in self._met for person in met}:
            degrees[person] = len(self.neighbours(person))
        return degrees
