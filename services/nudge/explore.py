"""Draw for a share of the posts whom to ask among the best few, so that the log can tell what others would bring.

Who is always asked where they are worth most is never seen elsewhere: an assignment alone has no overlap with another
policy. Where it is drawn, everybody of the few had a known chance to be asked.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from services.nudge.assign import DECIMALS
from services.nudge.hold import chance_draw

# So many of those who are worth most for a post are drawn from, and remembered beside whom was chosen.
FEW: Final = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """Who was drawn, and how likely each of those was who could have been."""

    member: str
    chances: dict[str, float]


def draw_people(
    values: Mapping[tuple[str, str], float], asked: Mapping[str, int], community: str, share: float
) -> dict[str, Drawn]:
    """Draw whom to ask about those posts for which it is drawn, each person for one at most.

    `values` are what asks are worth, by post and person, `asked` how many were asked about each post before. A post for
    which there are not two people left whose ask is worth anything is not among them.
    """
    exploring = [post for post in sorted(asked) if chance_draw("explore", community, post) < share]
    worth: dict[str, dict[str, float]] = {post: {} for post in exploring}
    for (post, who), value in values.items():
        if post in worth:
            worth[post][who] = value
    drawn: dict[str, Drawn] = {}
    for post in exploring:
        taken = {found.member for found in drawn.values()}
        few = best_few({who: value for who, value in worth[post].items() if who not in taken})
        if len(few) > 1:
            drawn[post] = draw(few, chance_draw("whom", community, post, str(asked[post])))
    return drawn


def best_few(worth: Mapping[str, float]) -> dict[str, float]:
    """Give those who are worth most, of those who are worth anything: best first, ties by member."""
    positive = {who: round(value, DECIMALS) for who, value in worth.items() if round(value, DECIMALS) > 0}
    return dict(sorted(positive.items(), key=lambda pair: (-pair[1], pair[0]))[:FEW])


def draw(few: Mapping[str, float], place: float) -> Drawn:
    """Draw one of some people by a place from 0 up to 1: in proportion to worth, the softmax of its logarithm."""
    whole = math.fsum(few.values())
    chances = {who: worth / whole for who, worth in few.items()}
    ends = zip(chances, accumulate(chances.values()), strict=True)
    return Drawn(next((who for who, end in ends if place < end), [*few][-1]), chances)
