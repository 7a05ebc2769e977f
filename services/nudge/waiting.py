"""How long a post waits for an answer by itself before anybody is asked: an optimal stopping rule. Pure.

An ask costs attention, which is wasted where the post would have been answered anyway; each hour without an answer
costs too. With T the age at which it would be answered by itself, asking at an age x costs

    hours(x) / patience + P(T > x),    hours(x) = E[min(T, x)] = integral of P(T > t) from 0 to x

in asks, where `patience` is how many hours of silence weigh as much as one ask. Its slope is
P(T > x) * (1 / patience - hazard(x)): one waits as long as the hazard of an answer is above 1 / patience, and over a
lull where what comes after it makes up for it. Between two ages that recommend speaks of the hazard is taken as
constant, so the slope has one sign there, and the best age is one of these or the present one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

# What is said to be impossible is as unlikely as this.
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Curve:
    """How likely a post is to be open still at some ages, in hours: from (0, 1) on, by age, never rising."""

    points: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, points: Iterable[tuple[float, float]]) -> "Curve":
        """Make a curve of what is said of some ages; where it rises, what was said before holds on."""
        found = [(0.0, 1.0)]
        for age, chance in sorted(points):
            if age > found[-1][0]:
                found.append((age, min(found[-1][1], max(chance, _LEAST))))
        return cls(tuple(found))

    def at(self, age: float) -> float:
        """Give the chance that the post is open at an age; after the last age that is spoken of it stays as it is."""
        before = [point for point in self.points if point[0] <= age][-1]
        after = next((point for point in self.points if point[0] > age), None)
        if after is None:
            return before[1]
        share = (age - before[0]) / (after[0] - before[0])
        return before[1] * math.exp(share * math.log(after[1] / before[1]))

    def stays_open(self, age: float, hours: float) -> float:
        """Give the chance that a post that is open at an age is so for so many more hours."""
        return self.at(age + hours) / self.at(age)


def best_age(curve: Curve, age: float, patience: float, latest: float) -> float:
    """Give the age in hours at which asking about a post costs least: that of now, at which it is open, or a later one.

    Of the ages that the curve speaks of those before `latest` come into question; of equally good ones the first.
    `patience` is how many hours of silence weigh as much as one ask.
    """
    ages = [age, *(at for at, _ in curve.points if age < at < latest)]
    costs = _costs([(at, curve.at(at)) for at in ages], patience)
    return ages[min(range(len(ages)), key=lambda place: (round(costs[place], 9), place))]


def _costs(points: Sequence[tuple[float, float]], patience: float) -> list[float]:
    """Give what asking costs at each of some ages, given that the post is open at the first one: in asks."""
    first, hours, costs = points[0][1], 0.0, [1.0]
    for (start, before), (end, after) in pairwise(points):
        hours += _area(before / first, after / first, end - start)
        costs.append(hours / patience + after / first)
    return costs


def _area(before: float, after: float, hours: float) -> float:
    """Give the area under a chance that falls at a constant hazard from one value to another in so many hours."""
    fall = math.log(before / after)
    return before * hours if fall < 1e-12 else (before - after) * hours / fall
