"""Delete a closed community: nothing of it is kept but that it was deleted, so that nothing is taken in again."""

from services.nudge.documents import COMMUNITY, THE_COMMUNITY, Community
from services.nudge.state import NudgeCommunity
from shared.events import CommunityDeleted, CommunityOpened, Event
from shared.stamps import overrides, stamp_of


def delete(state: NudgeCommunity, event: CommunityDeleted) -> None:
    """Drop all documents and timers; one that is open stays as it is. Nobody is told: its nudges were taken back."""
    if not state.is_closed():
        return
    state.clear()
    left = Community(closed=True, stamps={"closed": stamp_of(event)}, deleted=True)
    state.documents.put(COMMUNITY, THE_COMMUNITY, left)


def is_over(state: NudgeCommunity, event: Event) -> bool:
    """Say whether the community was deleted before, so that an event means nothing to it: all but its opening."""
    community = state.documents.get(COMMUNITY, THE_COMMUNITY) or Community()
    return community.deleted and not (
        isinstance(event, CommunityOpened) and overrides(stamp_of(event), community.stamps["closed"], closed=True)
    )
