"""A community's history once more, in the order of time: what training and evaluation see.

The index is built fact by fact as it was built live, so that whatever is asked of it at a step knows only what
happened before. What happens at one and the same time is shown as a whole before any of it is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from services.recommend.documents import (
    ASKED,
    CHANNELS,
    MEMBERS,
    POSTS,
    READERS,
    REPLIES,
    Asked,
    Channel,
    Member,
    Post,
    Reader,
    Reply,
)
from services.recommend.features import Question
from services.recommend.index import Index
from services.recommend.rank import Listed, look_at
from services.recommend.settings import RecommendSettings
from shared.state import Documents

Vectors = Mapping[str, NDArray[np.int16]]


@dataclass(frozen=True, slots=True)
class History:
    """The facts of a community, by id."""

    channels: Mapping[str, Channel]
    members: Mapping[str, Member]
    readers: Mapping[str, Reader]
    posts: Mapping[str, Post]
    replies: Mapping[str, Reply]
    asked: Mapping[str, Asked] = field(default_factory=dict)  # by post

    @classmethod
    def of(cls, documents: Documents) -> "History":
        """Take the facts of now."""
        table = documents.table
        return cls(
            dict(table(CHANNELS)), dict(table(MEMBERS)), dict(table(READERS)), dict(table(POSTS)), dict(table(REPLIES)),
            dict(table(ASKED)),
        )  # fmt: skip

    def texts(self) -> list[str]:
        """Give what is embedded, each text once, in order."""
        return sorted({post.words() for post in self.posts.values()})


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at `now` (seconds since 1970), and the index before it: posts and replies by id.

    A reply whose post comes later, or never, is in no step: nobody could know what it answers.
    """

    now: float
    index: Index
    posts: Mapping[str, Post]
    replies: Mapping[str, Reply]
    _looked: dict[str, Listed | None] = field(default_factory=dict)

    def question(self, post: Post, vectors: Vectors) -> Question:
        """Ask who should answer a post of this step."""
        words = post.words()
        return Question(self.index.people.number(post.author), post.channel, words, vectors[words], post.mentions)

    def look_at(self, settings: RecommendSettings, name: str, vectors: Vectors) -> Listed | None:
        """Find who may answer a post of this step, once for all who ask; None where nobody may."""
        if name not in self._looked:
            question = self.question(self.posts[name], vectors)
            self._looked[name] = look_at(self.index, settings, question, self.now)
        return self._looked[name]


def walk(settings: RecommendSettings, dimension: int, history: History, vectors: Vectors) -> Iterator[Step]:
    """Give every step of a history; `vectors` has the vector of each post's words.

    Who is a member, a bot or a reader, and which channel is public, is taken as it stands in the history.
    """
    index = Index(settings, dimension)
    for name, channel in history.channels.items():
        index.set_channel(name, channel, {}, {})
    for reader in history.readers.values():
        index.set_reader(reader.channel, reader.member, reader.reads)
    for name, member in history.members.items():
        index.set_member(name, member)
    for now, posts, replies in _moments(history):
        yield Step(now, index, posts, replies)
        for name, post in posts.items():
            index.add_post(name, post, vectors[post.words()])
            if name in history.asked:
                # Whoever looks at the index does so as of a time, and sees nothing of it before.
                index.set_asked(name, history.asked[name].at)
        for name, reply in replies.items():
            index.add_reply(name, reply)


def _moments(history: History) -> Iterator[tuple[float, dict[str, Post], dict[str, Reply]]]:
    posts = history.posts
    facts: list[tuple[float, int, str]] = [(p.at.timestamp(), p.ordinal, name) for name, p in posts.items()]
    for name, reply in history.replies.items():
        if reply.post in posts and reply.at >= posts[reply.post].at:
            facts.append((reply.at.timestamp(), -1, name))
    for now, group in groupby(sorted(facts), key=lambda fact: fact[0]):
        names = [name for _, _, name in group]
        yield (
            now,
            {name: posts[name] for name in names if name in posts},
            {name: history.replies[name] for name in names if name not in posts},
        )
