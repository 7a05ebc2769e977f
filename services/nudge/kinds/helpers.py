"""What several kinds need: names for things that are no posts, and who could be asked where nothing ranks people."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from services.nudge.absence import is_away
from services.nudge.budget import role_of, within_week
from services.nudge.documents import MEMBERS, Candidate, Opportunity
from services.nudge.naming import short_hash
from shared.events import Kind, Role

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity

# How likely somebody of whom nothing says better does what is asked.
USUAL_CHANCE: Final = 0.3
MOST_HELPERS: Final = 30


def key_of(kind: Kind, *parts: str) -> str:
    """Name what an opportunity of a kind is about: the same each time, and it says of nobody that it is about them."""
    return f"{kind.value}/{short_hash(*parts)}"


def pair_key(kind: Kind, one: str, other: str) -> str:
    """Name two people, in whichever order."""
    return key_of(kind, *sorted((one, other)))


def helpers(
    state: "NudgeCommunity", key: str, clock: datetime, besides: frozenset[str] = frozenset()
) -> tuple[Candidate, ...]:
    """Give the champions and leaders who are there and were asked least this week, ties drawn by what it is about."""
    found = sorted(
        (len(within_week(state.asks(name), clock)), short_hash(key, name), name)
        for name, member in state.documents.table(MEMBERS).items()
        if name not in besides
        and not member.left
        and not member.bot
        and role_of(member) is not Role.MEMBER
        and not is_away(member, clock)
    )
    chosen = [name for _, _, name in found[:MOST_HELPERS]]
    return tuple(Candidate(name, USUAL_CHANCE, rank) for rank, name in enumerate(chosen, start=1))


def may_be_connected(state: "NudgeCommunity", opportunity: Opportunity) -> bool:
    """Say whether those whom it is about let themselves be suggested to others, and have not been kept apart."""
    people = opportunity.subject.people if opportunity.subject else ()
    wanted = all(consents(state, person) for person in people)
    return wanted and not any(state.apart(one, other) for one in people for other in people if one < other)


def consents(state: "NudgeCommunity", person: str) -> bool:
    """Say whether somebody lets themselves be suggested to others: who wants no `connect` is suggested to nobody."""
    member = state.member(person)
    return member is not None and not member.left and not member.bot and Kind.CONNECT not in member.without
