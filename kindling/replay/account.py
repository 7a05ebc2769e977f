"""Finding every activity event of a replay again: handled by all, or a dead letter."""

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass

from shared.dead_letters import Cause, DeadLetter
from shared.events import DECISIONS, CommunityEvent, MatchesRanked
from shared.failures import Invalid
from shared.service import ServiceName
from shared.wire import decode

READERS = (ServiceName.RECOMMEND, ServiceName.NUDGE)


@dataclass(frozen=True, slots=True)
class Account:
    """Distinct events by id: of those sent, how many were handled and how many died.

    `other_letters` are those that are about no event that was sent: rankings, decisions, timers. They are no part
    of the sum, because what they come from is in it already.
    """

    handled: int
    dead_lettered: int
    other_letters: int


def account(sent: Set[str], passed: Set[str], letters: Collection[DeadLetter]) -> Account:
    """Find what was `sent` again: an event is handled where recommend passed it on and nudge read it.

    `passed` are the ids that recommend passed on, all of which nudge has read or made a letter of. Neither number
    is made from the other: an event that was lost is in none of them.
    """
    died: dict[ServiceName, set[str]] = {service: set() for service in READERS}
    others = 0
    for letter in letters:
        event = _activity(letter)
        if event is not None and event in sent:
            died[letter.service].add(event)
        else:
            others += 1
    handled = (passed & sent) - died[ServiceName.NUDGE]
    return Account(len(handled), len(_union(died.values())), others)


def _activity(letter: DeadLetter) -> str | None:
    """Give the id of the activity event that a reader's letter is about, None where it is about something else."""
    if letter.service not in READERS or letter.cause is Cause.TIMER:
        return None
    try:
        event = decode(letter.body.encode()).event
    except Invalid:
        return None
    if not isinstance(event, CommunityEvent) or isinstance(event, (MatchesRanked, *DECISIONS)):
        return None
    return event.id


def _union(sets: Iterable[set[str]]) -> set[str]:
    return set().union(*sets)
