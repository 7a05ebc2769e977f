"""Who is in the invented community: who answers what, what they do when asked, and when it is too much for them."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from kindling.demo.people import ZONES
from kindling.demo.topics import OPEN_TOPICS
from kindling.simulate.community.parameters import Parameters
from shared.events import Role

# Of what somebody answers, so much of it is of what they are no expert of.
_BESIDE: Final = 0.15
# How likely an expert's reply is makes the whole, another's so much of it.
_OF_NO_EXPERT: Final = 0.35
_HALF_LIFE: Final = timedelta(days=7)
# With each ask that is not forgotten a reply is so much less likely.
_TIRING: Final = 0.06
# Of each ask beyond what somebody bears, so likely do they leave.
_LEAVING: Final = 0.005


@dataclass(slots=True)
class Helper:
    """Somebody who answers. `weight`: how much unasked; `willing`: how likely when asked; `bears`: asks in mind."""

    id: str
    weight: float
    expert: frozenset[str]
    willing: float
    bears: float
    role: Role = Role.MEMBER
    zone: str | None = None
    left: bool = False
    tired: float = 0.0
    tired_at: datetime | None = field(default=None)

    def answers(self, topic: str) -> float:
        """Weigh how much of a topic's answers are theirs."""
        return self.weight * (1.0 if topic in self.expert else _BESIDE)

    def tiredness(self, at: datetime) -> float:
        """Give the asks that they have in mind: each counts half after a week."""
        if self.tired_at is None:
            return 0.0
        return self.tired * math.exp2(-((at - self.tired_at) / _HALF_LIFE))

    def replies(self, topic: str, at: datetime) -> float:
        """Give how likely they reply if they are asked now: the true effect of asking."""
        if self.left:
            return 0.0
        fits = 1.0 if topic in self.expert else _OF_NO_EXPERT
        return self.willing * fits * math.exp(-_TIRING * self.tiredness(at))

    def asked(self, at: datetime) -> float:
        """Note an ask; gives how likely they leave over it."""
        self.tired, self.tired_at = self.tiredness(at) + 1, at
        return _LEAVING * max(0.0, self.tired - self.bears)


def helpers(seed: int, parameters: Parameters) -> list[Helper]:
    """Invent those who answer: the first ones are champions, and two further down leaders."""
    rng = Random(f"{seed}/helpers")  # noqa: S311 - an invented community
    names = [topic.name for topic in OPEN_TOPICS]
    made = []
    for number in range(parameters.helpers):
        champion = number < parameters.champions
        leader = 0 <= number - parameters.champions < parameters.leaders
        made.append(
            Helper(
                id=f"helper{number:02}",
                weight=(number + 1) ** -parameters.concentration,
                expert=frozenset(rng.sample(names, 4 if champion or leader else 2)),
                willing=rng.uniform(0.4, 0.9) if champion else rng.uniform(0.3, 0.7),
                bears=rng.uniform(2.5, 6.0),
                role=Role.CHAMPION if champion else Role.LEADER if leader else Role.MEMBER,
                zone=ZONES[number % len(ZONES)] if champion or leader else None,
            )
        )
    return made
