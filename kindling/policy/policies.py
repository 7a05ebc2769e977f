"""Ways of choosing whom to ask among those who could have been: each gives everybody's chance. Pure."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from shared.events import Alternative


class PolicyName(StrEnum):
    """What `kindling policy evaluate` knows."""

    # Who is worth most, as where nothing is drawn (and no other post of the round needs the same person).
    WORTH = "worth"
    # Who was most likely to answer by the ranking alone, whatever was learnt of asks and whatever they carried.
    RELEVANCE = "relevance"
    # Who was asked least this week, the best of them.
    LEAST_ASKED = "least-asked"
    # Anybody of them.
    RANDOM = "random"
    # As it was: by the chances in the log.
    LOGGED = "logged"


def chances(policy: PolicyName, people: Sequence[Alternative]) -> list[float]:
    """Give how likely a policy asks each of some people: chances that add up to 1."""
    if policy is PolicyName.LOGGED:
        return [one.propensity for one in people]
    if policy is PolicyName.RANDOM:
        return [1 / len(people)] * len(people)
    # Ties by member, as everywhere.
    best = min(range(len(people)), key=lambda place: (_ORDERS[policy](people[place]), people[place].member))
    return [float(place == best) for place in range(len(people))]


_ORDERS: Final[Mapping[PolicyName, Callable[[Alternative], tuple[float, ...]]]] = {
    PolicyName.WORTH: lambda one: (-one.worth,),
    PolicyName.RELEVANCE: lambda one: (-one.score,),
    PolicyName.LEAST_ASKED: lambda one: (one.asks_this_week, -one.worth),
}
