"""Take in what members do not want, and what they take back; of what is said twice the later holds."""

from services.recommend import obey
from services.recommend.documents import DECLINED_PEOPLE, DECLINED_TOPICS, MEMBERS, Declined, declined_key
from services.recommend.meet import is_forgotten
from services.recommend.state import State
from shared.declining import is_news, said_by
from shared.events import MatchDeclined, MemberLeft, TopicDeclined
from shared.stamps import Stamp, stamp_of
from shared.state import Table


def decline_match(state: State, event: MatchDeclined) -> None:
    """Keep two people apart from now on, or as far as this one is concerned no longer."""
    if event.other == event.member or is_forgotten(state, event.other, event):
        return
    if _take(state, DECLINED_PEOPLE, event, event.other):
        state.index.wishes.set_person(event.member, event.other, event.declined)
        if event.declined:
            obey.keep_apart(state, event.member, event.other)


def decline_topic(state: State, event: TopicDeclined) -> None:
    """Match somebody with nothing near to a post from now on, or again."""
    if _take(state, DECLINED_TOPICS, event, event.post):
        state.index.wishes.set_topic(event.member, event.post, event.declined)
        if event.declined:
            obey.leave_topic(state, event.member, event.post)


def _take(state: State, table: Table[Declined], event: MatchDeclined | TopicDeclined, about: str) -> bool:
    """Keep what was said; say whether that is news."""
    member, said, key = event.member, said_by(event), declined_key(event.member, about)
    facts, known = state.documents.get(MEMBERS, member), state.documents.get(table, key)
    if is_forgotten(state, member, event) or not is_news(said, known, facts.gone if facts else None):
        return False
    state.documents.put(table, key, Declined(said.declined, said.said, member, about))
    return True


def leave(state: State, event: MemberLeft) -> None:
    """Drop what somebody wanted before they left."""
    if not is_forgotten(state, event.member, event):
        _drop(state, event.member, stamp_of(event))


def forget(state: State, member: str) -> None:
    """Drop all that a forgotten member wanted, and what others wanted of them."""
    _drop(state, member, None)
    for key, said in list(state.documents.table(DECLINED_PEOPLE).items()):
        if said.about == member:
            state.documents.drop(DECLINED_PEOPLE, key)
            state.index.wishes.set_person(said.member, member, False)


def _drop(state: State, member: str, until: Stamp | None) -> None:
    for table in (DECLINED_PEOPLE, DECLINED_TOPICS):
        for key, said in list(state.documents.table(table).items()):
            if said.member == member and (until is None or said.said <= until):
                state.documents.drop(table, key)
                take_back = state.index.wishes.set_person if table is DECLINED_PEOPLE else state.index.wishes.set_topic
                take_back(member, said.about, False)
