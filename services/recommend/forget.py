"""Forget a member: what they are, wrote and counted for, and their places in every list."""

from dataclasses import replace
from datetime import datetime

from services.recommend import declare, decline
from services.recommend.documents import (
    FORGOTTEN,
    MEMBERS,
    POSTS,
    READERS,
    REPLIES,
    Forgotten,
    forgotten_key,
    reader_key,
)
from services.recommend.follow import drop_post, drop_reply
from services.recommend.meet import is_forgotten
from services.recommend.offer import erase
from services.recommend.state import State
from shared.events import MemberForgotten


def forget(state: State, event: MemberForgotten, clock: datetime) -> None:
    """Forget a member as of `clock`, so that all that is known is covered: they may come back, it does not.

    Other people's answers to them still count; the questions are gone.
    """
    if is_forgotten(state, event.member, event):
        return
    documents, member = state.documents, event.member
    documents.put(FORGOTTEN, forgotten_key(state.name, member), Forgotten(clock))
    replies = sorted(name for name, reply in documents.table(REPLIES).items() if reply.author == member)
    posts = sorted(name for name, post in documents.table(POSTS).items() if post.author == member)
    for name in replies:
        drop_reply(state, name)
    for name in posts:
        drop_post(state, name, answered=True)
    for name, post in list(documents.table(POSTS).items()):
        if member in post.mentions:
            documents.put(POSTS, name, replace(post, mentions=tuple(m for m in post.mentions if m != member)))
    for reader in list(documents.table(READERS).values()):
        if reader.member == member:
            documents.drop(READERS, reader_key(reader.channel, member))
            state.index.set_reader(reader.channel, member, False)
    decline.forget(state, member)
    declare.forget(state, member)
    documents.drop(MEMBERS, member)
    state.index.forget(member)
    erase(state, member, frozenset(posts))
