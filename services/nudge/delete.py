"""Delete a closed community: nothing of it is kept but that it was deleted, so that nothing is taken in again."""

from services.nudge.documents import COMMUNITY, THE_COMMUNITY, Community
from services.nudge.state import NudgeCommunity
from shared import stamps
from shared.events import CommunityDeleted, Event
from shared.stamps import stamp_of


def delete(state: NudgeCommunity, event: CommunityDeleted) -> None:
    """Drop all documents and timers; one that is open stays as it is. Nobody is told: its nudges were taken back."""
    if not state.is_closed():
        return
    state.clear()
    left = Community(closed=True, stamps={"closed": stamp_of(event)}, deleted=True)
    state.documents.put(COMMUNITY, THE_COMMUNITY, left)


def is_over(state: NudgeCommunity, event: Event) -> bool:
    """Say whether the community was deleted, so that an event means nothing to it."""
    community = state.documents.get(COMMUNITY, THE_COMMUNITY) or Community()
    return community.deleted and stamps.is_over(event, community.stamps["closed"])
