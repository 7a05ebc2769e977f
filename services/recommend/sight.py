"""What somebody may see now: checked against the documents at the moment of asking, not when a list was made."""

from collections.abc import Iterable

from services.recommend.documents import CHANNELS, MEMBERS, POSTS, READERS, Channel, Post, reader_key
from services.recommend.readable import can_read
from shared.events import Evidence, Reason
from shared.reading import StateReader


class Sight:
    """Answers for one request; each document is read once. Raises Unavailable while the store is away."""

    def __init__(self, reader: StateReader, community: str) -> None:
        self._reader = reader
        self._community = community
        self._posts: dict[str, Post | None] = {}
        self._channels: dict[str, Channel | None] = {}
        self._reads: dict[tuple[str, str], bool] = {}

    async def post(self, post: str) -> Post | None:
        if post not in self._posts:
            known = await self._reader.get(self._community, POSTS, post)
            self._posts[post] = known
        return self._posts[post]

    async def reads(self, member: str, channel: str) -> bool:
        """Say whether a member is here and may read a channel."""
        if (member, channel) not in self._reads:
            self._reads[member, channel] = await self._may_read(member, channel)
        return self._reads[member, channel]

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

    async def _may_read(self, member: str, channel: str) -> bool:
        if channel not in self._channels:
            known = await self._reader.get(self._community, CHANNELS, channel)
            self._channels[channel] = known
        facts = await self._reader.get(self._community, MEMBERS, member)
        reader = await self._reader.get(self._community, READERS, reader_key(channel, member))
        return can_read(facts, self._channels[channel], reader)
