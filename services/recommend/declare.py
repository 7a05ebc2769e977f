"""Take in what members say that they are interested in: of what is said twice the later holds."""

from services.recommend.documents import INTERESTS, Interests
from services.recommend.meet import is_forgotten, meet
from services.recommend.state import State
from shared.events import PreferencesChanged
from shared.stamps import overrides, stamp_of


def is_declared(state: State, event: PreferencesChanged) -> bool:
    """Say whether an event declares interests, and the last word on them."""
    if event.interests is None or is_forgotten(state, event.member, event):
        return False
    known = state.documents.get(INTERESTS, event.member)
    return known is None or overrides(stamp_of(event), known.said)


def declared(event: PreferencesChanged) -> tuple[str, ...]:
    """Give the interests that an event declares, each once, in their order."""
    return tuple(dict.fromkeys(event.interests or ()))


def declare(state: State, event: PreferencesChanged) -> None:
    """Keep what an event declares; the index takes the vectors."""
    meet(state, event.member)
    # Kept also where it is empty: an earlier word that comes late must not bring anything back.
    state.documents.put(INTERESTS, event.member, Interests(declared(event), stamp_of(event)))


def forget(state: State, member: str) -> None:
    """Drop what a forgotten member was interested in."""
    state.documents.drop(INTERESTS, member)
    state.index.set_interests(member, [])
