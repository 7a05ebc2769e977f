"""Which vectors a batch of events needs, and which need not be kept any more. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.recommend.declare import declared, is_declared
from services.recommend.documents import GONE, INTERESTS, POSTS, REPLIES, Post
from services.recommend.follow import edited, new_post
from services.recommend.meet import is_forgotten
from services.recommend.state import State
from shared.events import (
    CommunityClosed,
    CommunityDeleted,
    Event,
    MemberForgotten,
    MessageEdited,
    MessageRemoved,
    PostPublished,
    PreferencesChanged,
)


@dataclass(slots=True)
class Needs:
    """Texts, each once, in the order of their first need."""

    wanted: dict[str, None] = field(default_factory=dict)
    unwanted: dict[str, None] = field(default_factory=dict)


def needs(state: State, events: Sequence[Event]) -> Needs:
    """Look ahead through a batch that is about to be handled in order."""
    ahead = _Ahead(state)
    for event in events:
        if isinstance(event, PostPublished):
            ahead.take_post(event)
        elif isinstance(event, MessageEdited):
            ahead.edit(event)
        elif isinstance(event, MessageRemoved):
            ahead.remove(event.message)
        elif isinstance(event, MemberForgotten):
            ahead.forget(event)
        elif isinstance(event, PreferencesChanged):
            ahead.declare(event)
        elif isinstance(event, CommunityClosed):
            ahead.closed = True
        elif isinstance(event, CommunityDeleted):
            ahead.delete()
    return ahead.found()


class _Ahead:
    """Posts as they will stand: those that the batch touches, None for one that it has removed.

    `closed`: the community may be deleted. Whether it was opened again in between is not looked at: a vector that is
    given up in vain is made again.

    When somebody is forgotten as of a clock that is not known here, what they write later in the batch may be
    refused or not: its vector is made, and not kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.closed = not state.community.open
        self._standing: dict[str, Post | None] = {}
        self._topics: dict[str, tuple[str, ...]] = {}
        self._forgotten: set[str] = set()
        self._needs = Needs()

    def found(self) -> Needs:
        for post in self._standing.values():
            if post is not None and post.author not in self._forgotten:
                self._needs.unwanted.pop(post.words(), None)
        for member, topics in self._topics.items():
            for topic in topics if member not in self._forgotten else ():
                self._needs.unwanted.pop(topic, None)
        return self._needs

    def take_post(self, event: PostPublished) -> None:
        if self._refused(event):
            return
        self._stand(event.message, new_post(event, self._state.community.next_ordinal))

    def edit(self, event: MessageEdited) -> None:
        old = self._post(event.message)
        new = None if old is None else edited(old, event)
        if old is not None and new is not None:
            self._leave(old)
            self._stand(event.message, new)

    def remove(self, message: str) -> None:
        post = self._post(message)
        if post is not None:
            self._leave(post)
        self._standing[message] = None

    def declare(self, event: PreferencesChanged) -> None:
        if is_declared(self._state, event):
            self._leave_topics(event.member)
            self._topics[event.member] = declared(event)
            self._needs.wanted |= dict.fromkeys(declared(event))

    def forget(self, event: MemberForgotten) -> None:
        if is_forgotten(self._state, event.member, event):
            return
        self._forgotten.add(event.member)
        self._leave_topics(event.member)
        for post in (*self._state.documents.table(POSTS).values(), *self._standing.values()):
            if post is not None and post.author == event.member:
                self._leave(post)

    def delete(self) -> None:
        """Give up all vectors of a community that is closed, where they are kept: its texts go in this step."""
        if not self.closed:
            return
        documents = self._state.documents
        for post in (*documents.table(POSTS).values(), *self._standing.values()):
            if post is not None:
                self._leave(post)
        for member in (*documents.table(INTERESTS), *self._topics):
            self._leave_topics(member)
        self._topics = dict.fromkeys((*documents.table(INTERESTS), *self._topics), ())
        self._standing = dict.fromkeys((*documents.table(POSTS), *self._standing))

    def _refused(self, event: PostPublished) -> bool:
        """Say whether the post is sure not to be taken in."""
        documents, message = self._state.documents, event.message
        if message in self._standing:
            known = self._standing[message]
            return known is None or known.author not in self._forgotten
        if message in documents.table(GONE) or is_forgotten(self._state, event.author, event):
            return True
        for known_as in (documents.get(POSTS, message), documents.get(REPLIES, message)):
            if known_as is not None and known_as.author not in self._forgotten:
                return True
        return False

    def _post(self, message: str) -> Post | None:
        if message in self._standing:
            return self._standing[message]
        return self._state.documents.get(POSTS, message)

    def _stand(self, message: str, post: Post) -> None:
        self._standing[message] = post
        self._needs.wanted[post.words()] = None
        if post.author in self._forgotten:
            self._leave(post)

    def _leave(self, post: Post) -> None:
        self._needs.unwanted[post.words()] = None

    def _leave_topics(self, member: str) -> None:
        known = self._state.documents.get(INTERESTS, member)
        topics = self._topics.get(member, known.topics if known else ())
        self._needs.unwanted |= dict.fromkeys(topics)
