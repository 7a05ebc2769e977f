"""The ladder: of those who could answer a post members are asked first, then champions, then leaders. Pure.

The lowest rung on which somebody may be asked has its turn. Who was asked before and did not take it opens the rung
above theirs, so the ladder is climbed a rung with each ask. Higher up only those come before their turn who add far
more than whoever stands lower; an ask of a leader costs a community more than one of a peer.
"""

from collections.abc import Collection, Mapping
from typing import Final

from services.nudge.documents import Candidate
from shared.events import Reason, Role

RUNGS: Final = (Role.MEMBER, Role.CHAMPION, Role.LEADER)


def in_turn(
    worth: Mapping[str, float], roles: Mapping[str, Role], asked: Collection[Role], lead: float
) -> frozenset[str]:
    """Give those whose turn it is: `worth` and `roles` are of all who may be asked about the post now.

    `asked` are the roles in which somebody was asked about it before. Who is worth `lead` times as much as the best
    of those whose turn it is comes out of turn.
    """
    rungs = {who: RUNGS.index(roles[who]) for who, value in worth.items() if value > 0}
    if not rungs:
        return frozenset()
    climbed = max((RUNGS.index(role) + 1 for role in asked), default=0)
    turn = max(climbed, min(rungs.values()))
    best = max((worth[who] for who, rung in rungs.items() if rung <= turn), default=0.0)
    return frozenset(who for who, rung in rungs.items() if rung <= turn or worth[who] >= lead * best)


def is_mentioned(candidate: Candidate) -> bool:
    """Say whether the post itself names somebody: then it is theirs, whatever rung they stand on."""
    return any(evidence.reason is Reason.MENTIONED for evidence in candidate.evidence)
