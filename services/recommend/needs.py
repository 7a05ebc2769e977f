"""Which vectors a batch of events needs, and which need not be kept any more. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.recommend.documents import GONE, POSTS, Post, words
from shared.events import Event, MemberForgotten, MessageEdited, MessageRemoved, PostPublished
from shared.state import Documents


@dataclass(slots=True)
class Needs:
    """Texts, each once, in the order of their first need."""

    wanted: dict[str, None] = field(default_factory=dict)
    unwanted: dict[str, None] = field(default_factory=dict)


def needs(documents: Documents, events: Sequence[Event]) -> Needs:
    """Look ahead through a batch that is about to be handled in order.

    What an edit leaves of a title depends on which edits count, so each title that may stand gives a text.
    """
    posts, found = documents.table(POSTS), Needs()
    titles: dict[str, dict[str, None]] = {}
    texts: dict[str, dict[str, None]] = {}
    authors: dict[str, str] = {}

    def know(message: str, post: Post | PostPublished) -> None:
        titles.setdefault(message, {})[post.title] = None
        texts.setdefault(message, {})[words(post.title, post.text)] = None
        authors[message] = post.author

    for event in events:
        if isinstance(event, (MessageEdited, MessageRemoved)) and event.message in posts:
            know(event.message, posts[event.message])
        if isinstance(event, PostPublished):
            if event.message in posts or event.message in documents.table(GONE):
                continue
            know(event.message, event)
            found.wanted[words(event.title, event.text)] = None
        elif isinstance(event, MessageEdited) and event.message in titles:
            found.unwanted |= texts[event.message]
            if event.title is not None:
                titles[event.message][event.title] = None
            for title in [event.title] if event.title is not None else list(titles[event.message]):
                found.wanted[words(title, event.text)] = None
                texts[event.message][words(title, event.text)] = None
        elif isinstance(event, MessageRemoved):
            found.unwanted |= texts.get(event.message, {})
        elif isinstance(event, MemberForgotten):
            found.unwanted |= {post.words(): None for post in posts.values() if post.author == event.member}
            for message, author in authors.items():
                if author == event.member:
                    found.unwanted |= texts[message]
    return found
