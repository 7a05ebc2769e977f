"""The index of a community: all that is derived from its facts, kept up to date fact by fact.

Built anew from the same facts it says the same, whatever happened in between: see `Index.build`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown
from services.recommend.documents import (
    ASKED,
    CHANNELS,
    DECLINED_PEOPLE,
    DECLINED_TOPICS,
    INTERESTS,
    MEMBERS,
    POSTS,
    READERS,
    REPLIES,
    Channel,
    Member,
    Post,
    Reply,
)
from services.recommend.interests import Interests
from services.recommend.past import Past
from services.recommend.people import People
from services.recommend.profile import PUBLIC, Profiles
from services.recommend.readable import is_public
from services.recommend.settings import RecommendSettings
from services.recommend.spans import DAY
from services.recommend.threads import Threads
from services.recommend.wishes import Wishes
from shared.state import Documents

Vectors = Mapping[str, NDArray[np.int16]]

NO_ROW = -1


class Index:
    """People, threads, profiles, what was done when, and who reads which channel."""

    def __init__(self, settings: RecommendSettings, dimension: int) -> None:
        self.people = People()
        self.threads = Threads(dimension)
        self.profiles = Profiles(dimension, settings.profile_half_life_days * DAY)
        self.past = Past()
        self.wishes = Wishes()
        self.interests = Interests(dimension)
        self.public: set[str] = set()
        self.closed: set[str] = set()
        self._readers: dict[str, set[int]] = {}
        self._reading: dict[str, NDArray[np.bool_]] = {}  # the same as masks
        self.replies_of: dict[str, set[str]] = {}

    @classmethod
    def build(cls, settings: RecommendSettings, dimension: int, documents: Documents, vectors: Vectors) -> "Index":
        """Derive all from the facts; `vectors` holds the vector of each post's words and of each interest."""
        index = cls(settings, dimension)
        for name, channel in documents.table(CHANNELS).items():
            index.set_channel(name, channel, {}, {})
        for reader in documents.table(READERS).values():
            index.set_reader(reader.channel, reader.member, reader.reads)
        for name, member in documents.table(MEMBERS).items():
            index.set_member(name, member)
        for said in documents.table(DECLINED_PEOPLE).values():
            index.wishes.set_person(said.member, said.about, said.declined)
        for said in documents.table(DECLINED_TOPICS).values():
            index.wishes.set_topic(said.member, said.about, said.declined)
        for name, declared in documents.table(INTERESTS).items():
            index.set_interests(name, [vectors[topic] for topic in declared.topics])
        posts = documents.table(POSTS)
        for name, post in sorted(posts.items(), key=lambda item: item[1].ordinal):
            index.add_post(name, post, vectors[post.words()])
        for name, asked in documents.table(ASKED).items():
            index.set_asked(name, asked.at)
        for name, reply in documents.table(REPLIES).items():
            index.add_reply(name, reply)
        return index

    # Members

    def set_member(self, name: str, member: Member) -> None:
        """Take over who somebody is."""
        self.people.set_member(name, member)
        self.past.set_bot(self.people.number(name), member.bot)

    def set_interests(self, name: str, vectors: Sequence[NDArray[np.int16]]) -> None:
        """Take over what somebody is interested in, by the vectors of their interests."""
        if vectors or name in self.people.numbers:
            self.interests.set(self.people.number(name), vectors)
            self.people.set_interested(self.people.number(name), bool(vectors))

    def forget(self, name: str) -> None:
        """Forget a member whose messages have been taken away."""
        if name in self.people.numbers:
            self.past.set_bot(self.people.number(name), False)
        self.people.forget(name)

    # Channels

    def set_channel(self, name: str, channel: Channel, posts: Mapping[str, Post], replies: Mapping[str, Reply]) -> None:
        """Take over whether a channel is public or closed; `posts` and `replies` are those that are known, by id."""
        if channel.closed:
            self.closed.add(name)
        else:
            self.closed.discard(name)
        public = is_public(channel)
        if public == (name in self.public):
            return
        self._count_channel(name, replies, -1)
        before = self.scope(name)
        if public:
            self.public.add(name)
        else:
            self.public.discard(name)
        for row in sorted(self.threads.in_channel.get(name, ())):
            self.threads.move(row, posts[self.threads.ids[row]].words(), before, self.scope(name))
            self.past.move(row, self.scope(name))
        self._count_channel(name, replies, 1)

    def _count_channel(self, name: str, replies: Mapping[str, Reply], by: int) -> None:
        """Count what was written in a channel for who wrote it, in its scope; with -1 take it away again."""
        threads = self.threads
        for row in threads.in_channel.get(name, ()):
            known = {reply: replies[reply] for reply in self.replies_of.get(threads.ids[row], ())}
            self._profile_thread(row, known.values(), by)
            self._count_message(row, name, threads.authors[row], threads.ats[row], by)
            for reply_name, reply in known.items():
                self._count_answer(row, reply_name, reply, by)
        for reply in replies.values():
            if reply.channel == name:
                self._count_reply(reply, by)

    def set_reader(self, channel: str, member: str, reads: bool) -> None:
        number = self.people.number(member)
        readers = self._readers.setdefault(channel, set())
        if reads:
            readers.add(number)
        else:
            readers.discard(number)
        self._mask(channel, number + 1)[number] = reads

    def reads(self, person: int, channel: str) -> bool:
        """Say whether somebody, if present, may read a channel."""
        if channel in self.closed:
            return False
        return channel in self.public or person in self._readers.get(channel, ())

    def scope(self, channel: str) -> str:
        """Name the scope of profiles to which a channel belongs."""
        return PUBLIC if channel in self.public else channel

    def scopes_for(self, channel: str) -> tuple[str, ...]:
        """Name the scopes that everybody who reads a channel reads: all that may shape what is said there."""
        return (PUBLIC,) if channel in self.public else (PUBLIC, channel)

    def scopes_read_by(self, person: int) -> tuple[str, ...]:
        """Name the scopes that somebody, if present, reads, as far as anybody has written there."""
        private = (scope for scope in self.people.scopes if scope != PUBLIC and self.reads(person, scope))
        return (PUBLIC, *sorted(private))

    def may_read(self, channel: str) -> NDArray[np.bool_]:
        """Say who is present and may read a channel: shape (people,)."""
        present = self.people.present
        if channel in self.public:
            return present
        if channel in self.closed:
            return np.zeros_like(present)
        return present & self._mask(channel, len(present))[: len(present)]

    def _mask(self, channel: str, size: int) -> NDArray[np.bool_]:
        mask = self._reading[channel] = grown(self._reading.get(channel, np.zeros(0, np.bool_)), size)
        return mask

    # Posts

    def add_post(self, name: str, post: Post, vector: NDArray[np.int16]) -> None:
        """Index a new post."""
        author, at = self.people.number(post.author), post.at.timestamp()
        row, scope = self.threads.add(name, post.channel, author, at), self.scope(post.channel)
        self.threads.write(row, post.words(), vector, scope)
        self.people.add_message(scope, author, at, 1)
        self.past.add_post(row, scope, post.channel, author, at)
        self._profile_thread(row, [], 1)

    def set_asked(self, name: str, at: datetime) -> None:
        """Take over when somebody was first asked about a post."""
        self.past.set_asked(self.threads.rows[name], at.timestamp())

    def edit_post(self, name: str, old: Post, new: Post, vector: NDArray[np.int16], replies: Iterable[Reply]) -> None:
        """Give a post other words; `replies` are those of its thread."""
        row, replies = self.threads.rows[name], list(replies)
        self._profile_thread(row, replies, -1)
        self.threads.rewrite(row, old.words(), new.words(), vector, self.scope(old.channel))
        self._profile_thread(row, replies, 1)

    def remove_post(self, name: str, post: Post) -> None:
        """Take out a post whose replies have been taken out before."""
        row, scope = self.threads.rows[name], self.scope(post.channel)
        self._profile_thread(row, [], -1)
        self.past.remove_post(row)
        self.threads.remove(name, post.words(), scope)
        self.people.add_message(scope, self.people.number(post.author), post.at.timestamp(), -1)

    # Replies

    def add_reply(self, name: str, reply: Reply) -> None:
        """Index a reply, whether its post is known or not."""
        self.replies_of.setdefault(reply.post, set()).add(name)
        self._count_reply(reply, 1)
        self._join_thread(name, reply, 1)

    def remove_reply(self, name: str, reply: Reply) -> None:
        """Take a reply out while its post is still as it was when the reply came in."""
        names = self.replies_of[reply.post]
        names.discard(name)
        if not names:
            del self.replies_of[reply.post]
        self._count_reply(reply, -1)
        self._join_thread(name, reply, -1)

    def _count_reply(self, reply: Reply, by: int) -> None:
        person, at, scope = self.people.number(reply.author), reply.at.timestamp(), self.scope(reply.channel)
        self._count_message(self.threads.rows.get(reply.post, NO_ROW), reply.channel, person, at, by)
        if reply.answers:
            self.people.add_answer(scope, reply.channel, person, by)

    def _count_message(self, row: int, channel: str, person: int, at: float, by: int) -> None:
        scope, past = self.scope(channel), self.past
        self.people.add_message(scope, person, at, by)
        (past.add_message if by > 0 else past.remove_message)(scope, channel, person, at, row)

    def _count_answer(self, row: int, name: str, reply: Reply, by: int) -> None:
        if reply.answers:
            change = self.past.add_answer if by > 0 else self.past.remove_answer
            change(row, name, self.people.number(reply.author), reply.at.timestamp())

    def _join_thread(self, name: str, reply: Reply, by: int) -> None:
        person, row = self.people.number(reply.author), self.threads.rows.get(reply.post)
        if row is None:
            return
        self.threads.reply(row, name, person, reply.at.timestamp(), by)
        self._count_answer(row, name, reply, by)
        if reply.answers:
            self.threads.answer(row, person, by)
            self._profile(row, person, reply.at.timestamp(), by)

    def _profile_thread(self, row: int, replies: Iterable[Reply], by: int) -> None:
        """Count a post for the profile of who started it and of who answered it."""
        self._profile(row, self.threads.authors[row], self.threads.ats[row], by)
        for reply in replies:
            if reply.answers:
                self._profile(row, self.people.number(reply.author), reply.at.timestamp(), by)

    def _profile(self, row: int, person: int, at: float, by: int) -> None:
        scope = self.scope(self.threads.channels[row])
        self.profiles.add(scope, person, at, self.threads.vector(row), by)
