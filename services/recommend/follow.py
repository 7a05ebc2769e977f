"""Keep up with messages: what was written, changed, taken away and settled.

Messages are known by their ids: one that is known, was removed, or is by somebody forgotten since changes nothing.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommend.documents import (
    ASKED,
    COMMUNITY,
    COMMUNITY_KEY,
    GONE,
    POSTS,
    REPLIES,
    RESOLVED,
    Asked,
    Gone,
    Post,
    Reply,
    Resolved,
)
from services.recommend.meet import is_forgotten, meet
from services.recommend.state import State
from shared.events import (
    CommunityClosed,
    CommunityOpened,
    MessageEdited,
    MessageRemoved,
    NudgeIssued,
    PostPublished,
    ReplyPublished,
    ThreadFlagged,
    ThreadResolved,
)
from shared.stamps import overrides, stamp_of

Vector = NDArray[np.int16]


def open_community(state: State, event: CommunityOpened | CommunityClosed, is_open: bool) -> None:
    """Open the community, or close it: nothing is ranked then."""
    community, stamp = state.community, stamp_of(event)
    if overrides(stamp, community.opened, closes=not is_open, closed=not community.open):
        state.documents.put(COMMUNITY, COMMUNITY_KEY, replace(community, open=is_open, opened=stamp))


def is_new(state: State, event: PostPublished | ReplyPublished) -> bool:
    """Say whether a message is to be taken in."""
    documents = state.documents
    tables = (documents.table(POSTS), documents.table(REPLIES), documents.table(GONE))
    return not any(event.message in table for table in tables) and not is_forgotten(state, event.author, event)


def new_post(event: PostPublished, ordinal: int) -> Post:
    """Give a post as it comes."""
    return Post(event.channel, event.author, event.title, event.text, event.at, ordinal, mentions=event.mentions)


def take_post(state: State, event: PostPublished, vector: Vector) -> None:
    """Take in a new post; replies that came before it are answers from now on."""
    meet(state, event.author)
    community = state.community
    resolved = event.message in state.documents.table(RESOLVED)
    post = replace(new_post(event, community.next_ordinal), resolved=resolved)
    state.documents.put(COMMUNITY, COMMUNITY_KEY, replace(community, next_ordinal=community.next_ordinal + 1))
    early = replies_of(state, event.message)
    for name, reply in early.items():
        state.index.remove_reply(name, reply)
    state.documents.put(POSTS, event.message, post)
    state.index.add_post(event.message, post, vector)
    for name, reply in early.items():
        _take_reply(state, name, replace(reply, channel=post.channel, answers=reply.author != post.author))


def take_reply(state: State, event: ReplyPublished) -> Reply:
    """Take in a new reply; it may be early (its post is not known yet) or late (its post is gone)."""
    meet(state, event.author)
    post = state.documents.get(POSTS, event.post)
    channel = event.channel if post is None else post.channel
    answers = post is not None and post.author != event.author
    reply = Reply(event.post, channel, event.author, event.at, answers)
    _take_reply(state, event.message, reply)
    return reply


def edited(post: Post, event: MessageEdited) -> Post | None:
    """Give a post with its new words; None where a newer edit stands."""
    if not overrides(stamp_of(event), post.edited):
        return None
    title = post.title if event.title is None else event.title
    return replace(post, title=title, text=event.text, edited=stamp_of(event))


def edit(state: State, message: str, new: Post, vector: Vector) -> None:
    """Give a post that is known its new words.

    An edit of what is not known is not kept: nobody could say whose text it is, to forget it with them.
    """
    old = state.documents.table(POSTS)[message]
    state.documents.put(POSTS, message, new)
    state.index.edit_post(message, old, new, vector, replies_of(state, message).values())


def remove(state: State, event: MessageRemoved) -> None:
    """Take a message away, with what it counted for; the replies to a removed post answer nothing any more."""
    documents = state.documents
    if documents.get(GONE, event.message) is not None:
        return
    documents.put(GONE, event.message, Gone(event.at))
    documents.drop(RESOLVED, event.message)
    if event.message in documents.table(POSTS):
        drop_post(state, event.message, answered=False)
    elif event.message in documents.table(REPLIES):
        drop_reply(state, event.message)


def resolve(state: State, event: ThreadResolved | ThreadFlagged) -> None:
    """Take in that a thread is settled, whether its post is known yet or not; one that was removed needs no more."""
    documents, name = state.documents, event.message
    if documents.get(GONE, name) is not None:
        return
    known, post = documents.get(RESOLVED, name), documents.get(POSTS, name)
    documents.put(RESOLVED, name, Resolved(min(known.at, event.at) if known else event.at))
    if post is not None:
        documents.put(POSTS, name, replace(post, resolved=True))


def note_asked(state: State, event: NudgeIssued) -> None:
    """Take in that somebody was asked about a post; what is asked about may be no post, or gone by now."""
    documents, post = state.documents, event.post
    known = documents.get(ASKED, post)
    if post in documents.table(POSTS) and (known is None or event.at < known.at):
        documents.put(ASKED, post, Asked(event.at))
        state.index.set_asked(post, event.at)


def replies_of(state: State, post: str) -> dict[str, Reply]:
    """Give the replies to a post by id, in the order of their ids."""
    replies = state.documents.table(REPLIES)
    return {name: replies[name] for name in sorted(state.index.replies_of.get(post, ()))}


def drop_post(state: State, name: str, *, answered: bool) -> None:
    """Drop a post that is known; `answered` says whether replies to it still count as answers."""
    replies = replies_of(state, name)
    for reply_name, reply in replies.items():
        state.index.remove_reply(reply_name, reply)
    state.index.remove_post(name, state.documents.table(POSTS)[name])
    state.documents.drop(POSTS, name)
    state.documents.drop(ASKED, name)
    for reply_name, reply in replies.items():
        _take_reply(state, reply_name, reply if answered else replace(reply, answers=False))


def drop_reply(state: State, name: str) -> None:
    """Drop a reply that is known."""
    state.index.remove_reply(name, state.documents.table(REPLIES)[name])
    state.documents.drop(REPLIES, name)


def _take_reply(state: State, name: str, reply: Reply) -> None:
    state.documents.put(REPLIES, name, reply)
    state.index.add_reply(name, reply)
