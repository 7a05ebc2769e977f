"""Delete a closed community: nothing of it is kept but that it was deleted, so that nothing is taken in again."""

from services.recommend.documents import COMMUNITY, COMMUNITY_KEY, Community
from services.recommend.index import Index
from services.recommend.models import Models
from services.recommend.state import State
from shared import stamps
from shared.events import CommunityDeleted, Event
from shared.stamps import stamp_of


def delete(state: State, event: CommunityDeleted) -> None:
    """Drop all documents, and what was derived from them; one that is open stays as it is."""
    if state.community.open:
        return
    state.documents.clear()
    state.documents.put(COMMUNITY, COMMUNITY_KEY, Community(open=False, opened=stamp_of(event), deleted=True))
    state.encoding = state.first
    state.index = Index(state.settings, state.encoding.dimension)
    state.listed.clear()
    state.matched.clear()
    state.use(Models())


def is_over(state: State, event: Event) -> bool:
    """Say whether the community was deleted, so that an event means nothing to it."""
    community = state.community
    return community.deleted and stamps.is_over(event, community.opened)
