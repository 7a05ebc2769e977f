"""A community that nobody has opened is opened by whatever comes first of it: with a dry run, in which nobody is asked.

Dated before everything and always the same, so that whatever else is said of how it was opened holds over it, and
nothing new is said by a second time.
"""

from datetime import UTC, datetime

from services.ingest.accept import FIRST_YEAR
from shared.events import CommunityOpened
from shared.wire import Envelope, encode


def opening(community: str, by: str, source: str, now: datetime) -> bytes:
    """Give the record that opens it; `by` is what has come first (`import`, `key`), recorded `now`."""
    begun = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    opened = CommunityOpened(id=f"opened/{by}", source=source, at=begun, community=community, name="")
    return encode(Envelope(opened, recorded=now))
