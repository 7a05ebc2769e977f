"""What somebody may see now: checked against the documents at the moment of asking, not when a list was made."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from services.recommend.documents import CHANNELS, MEMBERS, POSTS, READERS, Channel, Post, reader_key
from services.recommend.readable import can_read, is_public
from shared.events import Evidence, Reason
from shared.reading import StateReader
from shared.state import Table

T = TypeVar("T")


class Sight:
    """Answers for one request; each document is read once. Raises Unavailable while the store is away."""

    def __init__(self, reader: StateReader, community: str) -> None:
        self._reader = reader
        self._community = community
        self._kept: dict[tuple[str, str], Any] = {}

    async def get(self, table: Table[T], key: str) -> T | None:
        """Give a document, None where there is none."""
        await self.fetch(table, [key])
        return cast("T | None", self._kept[table.name, key])

    async def fetch(self, table: Table[Any], keys: Iterable[str]) -> None:
        """Read documents of a table in one go, those that have not been read yet."""
        missing = [key for key in dict.fromkeys(keys) if (table.name, key) not in self._kept]
        if missing:
            found = await self._reader.get_many(self._community, table, missing)
            self._kept |= {(table.name, key): document for key, document in zip(missing, found, strict=True)}

    async def look_ahead(self, members: Iterable[str], posts: Iterable[str], evidence: Iterable[Evidence]) -> None:
        """Read, in four goes instead of one by one, what says which members see which posts and what evidence names."""
        members, posts, evidence = list(members), list(posts), list(evidence)
        await self.fetch(MEMBERS, members)
        await self.fetch(POSTS, [*posts, *(post for reason in evidence for post in reason.posts)])
        known = [document for (table, _), document in self._kept.items() if table == POSTS.name and document]
        channels = {post.channel for post in known} | {channel for reason in evidence for channel in reason.channels}
        await self.fetch(CHANNELS, sorted(channels))
        private = [channel for channel in sorted(channels) if not is_public(await self.channel(channel))]
        await self.fetch(READERS, [reader_key(channel, member) for channel in private for member in members])

    async def post(self, post: str) -> Post | None:
        return await self.get(POSTS, post)

    async def channel(self, channel: str) -> Channel | None:
        return await self.get(CHANNELS, channel)

    async def reads(self, member: str, channel: str) -> bool:
        """Say whether a member is here and may read a channel."""
        known, facts = await self.channel(channel), await self.get(MEMBERS, member)
        if is_public(known):
            return can_read(facts, known, None)
        reader = await self.get(READERS, reader_key(channel, member))
        return can_read(facts, known, reader)

    async def sees(self, member: str, post: str) -> bool:
        """Say whether a post is still there for a member to read."""
        known = await self.post(post)
        return known is not None and await self.reads(member, known.channel)

    async def shown(self, viewer: str, about: str, evidence: Iterable[Evidence]) -> list[Evidence]:
        """Give what a viewer may be told of the reasons for a match of `about`, who may be the viewer.

        A reason is shown only to who may read all that it rests on: every post that it names, and every channel
        of what it counts beyond these. Of others' counts only what is named, and so checked now, is told; and what
        names nothing is for oneself.
        """
        shown = []
        for reason in evidence:
            may_see = [await self.sees(viewer, post) for post in reason.posts]
            may_read = [await self.reads(viewer, channel) for channel in reason.channels]
            if not all(may_see) or not all(may_read):
                continue
            if viewer == about:
                shown.append(reason)
            elif reason.posts:
                shown.append(reason.model_copy(update={"count": len(reason.posts)}))
            elif reason.channels or reason.reason is Reason.MENTIONED:
                shown.append(reason)
        return shown
