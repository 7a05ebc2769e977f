"""What members say they do not want, and take back: the same rule for every service, whatever order it comes in."""

from dataclasses import dataclass

from shared.events import MatchDeclined, TopicDeclined
from shared.stamps import Stamp, overrides, stamp_of


@dataclass(frozen=True, slots=True)
class Said:
    """What a member said last of one post or person: that they decline it, or, not `declined`, no longer."""

    declined: bool
    said: Stamp


def said_by(event: MatchDeclined | TopicDeclined) -> Said:
    return Said(event.declined, stamp_of(event))


def is_news(new: Said, known: Said | None, gone: Stamp | None = None) -> bool:
    """Say whether what was said holds over what is known, and was said since its member last left.

    Declined and taken back at the same instant it is declined: in doubt, left alone.
    """
    if gone is not None and new.said <= gone:
        return False
    return known is None or overrides(new.said, known.said, closes=new.declined, closed=known.declined)
