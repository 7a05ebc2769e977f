"""Which of two facts about the same thing holds: the same rule for every service, whatever order they come in."""

from dataclasses import dataclass
from datetime import datetime

from shared.events import CommunityOpened, Event


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When something was said and by which event: of two, the later one holds, ties by the event's id."""

    at: datetime
    id: str


def stamp_of(event: Event) -> Stamp:
    return Stamp(event.at, event.id)


def overrides(new: Stamp, known: Stamp | None, *, closes: bool = False, closed: bool = False) -> bool:
    """Say whether a new fact holds over what is known; the same fact does not hold over itself.

    `closes` and `closed` say of facts about who may read or is here, the new one and the known one, whether they
    shut somebody out: said at the same instant as the contrary, that holds, whatever the ids are.
    """
    return known is None or (new.at, closes, new.id) > (known.at, closed, known.id)


def is_over(event: Event, deleted: Stamp | None) -> bool:
    """Say whether an event means nothing to a community that was deleted as of a stamp: all but its later opening."""
    return not (isinstance(event, CommunityOpened) and overrides(stamp_of(event), deleted, closed=True))
