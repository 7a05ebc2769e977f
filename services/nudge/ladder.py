"""The ladder: of those who could answer a post members are asked first, then champions, then leaders. Pure.

The lowest rung on which somebody may be asked has its turn. Who was asked before and did not take it opens the rung
above theirs, so the ladder is climbed a rung with each ask. Higher up only those come before their turn who add far
more than whoever stands lower; an ask of a leader costs a community more than one of a peer.
"""

from collections.abc import Collection, Mapping
from typing import Final

from services.nudge.budget import role_of
from services.nudge.choose import Applicant
from shared.events import Reason, Role

RUNGS: Final = (Role.MEMBER, Role.CHAMPION, Role.LEADER)


def in_turn(
    worth: Mapping[str, float], applicants: Mapping[str, Applicant], asked: Collection[Role], lead: float
) -> frozenset[str]:
    """Give those whose turn it is of all who may be asked about a post now, each with what that is worth.

    `asked` are the roles in which somebody was asked about it before. Who is worth `lead` times as much as the best
    of those whose turn it is comes out of turn; whom the post itself names always comes: it is theirs.
    """
    roles = {who: role_of(one.member) for who, one in applicants.items() if one.member is not None}
    mentioned = {who for who, one in applicants.items() if is_mentioned(one)}
    return whose_turn(worth, roles, asked, lead) | mentioned


def whose_turn(
    worth: Mapping[str, float], roles: Mapping[str, Role], asked: Collection[Role], lead: float
) -> frozenset[str]:
    """Give the same by worth and role alone."""
    rungs = {who: RUNGS.index(roles[who]) for who, value in worth.items() if value > 0}
    if not rungs:
        return frozenset()
    climbed = max((RUNGS.index(role) + 1 for role in asked), default=0)
    turn = max(climbed, min(rungs.values()))
    best = max((worth[who] for who, rung in rungs.items() if rung <= turn), default=0.0)
    return frozenset(who for who, rung in rungs.items() if rung <= turn or worth[who] >= lead * best)


def is_mentioned(applicant: Applicant) -> bool:
    """Say whether the post itself names somebody."""
    return any(evidence.reason is Reason.MENTIONED for evidence in applicant.candidate.evidence)
