"""An archive as recommend would know it: the facts that its events leave, without a server."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.ingest.archive import Archive, Rejected
from services.ingest.champions import ChampionRule
from services.ingest.lines import Lines
from services.ingest.mapping import ArchiveMap
from services.recommend.documents import Channel, Member, Post, Reader, Reply, reader_key
from services.recommend.walk import History
from shared.events import (
    ChannelChanged,
    ChannelOpened,
    CommunityEvent,
    MemberJoined,
    PostPublished,
    Privacy,
    ReplyPublished,
)
from shared.stamps import stamp_of

COMMUNITY = "evaluation"


@dataclass
class Reading:
    """Takes in the events of an archive as recommend's handlers would; nothing in one is edited or removed.

    A channel of unknown privacy counts as public here: an archive is judged as a whole.
    """

    known: ArchiveMap
    rejected: int = 0
    channels: dict[str, Channel] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)

    def read(self, archive: Path) -> History:
        """Read all of an archive."""
        with Lines(archive) as lines:
            for found in Archive(COMMUNITY, known=self.known, rule=ChampionRule.NONE).read(lines):
                if isinstance(found, Rejected):
                    self.rejected += 1
                else:
                    self._take(found.event)
        return History(self.channels, self.members, self.readers, self.posts, self.replies)

    def _take(self, event: CommunityEvent) -> None:
        if isinstance(event, PostPublished):
            post = Post(event.channel, event.author, event.title, event.text, event.at, len(self.posts))
            self.posts.setdefault(event.message, replace(post, mentions=event.mentions))
        elif isinstance(event, ReplyPublished):
            self._take_reply(event)
        elif isinstance(event, MemberJoined):
            self.members[event.member] = Member(bot=event.bot)
        elif isinstance(event, ChannelOpened):
            mapped = self.known.channels.get(event.channel)
            unknown = mapped is None or mapped.privacy is None
            self.channels[event.channel] = Channel(Privacy.PUBLIC if unknown else event.privacy)
            self._let_in(event.channel, event.members, event)
        elif isinstance(event, ChannelChanged):
            self._let_in(event.channel, event.joined, event)

    def _take_reply(self, event: ReplyPublished) -> None:
        post = self.posts.get(event.post)
        channel = event.channel if post is None else post.channel
        answers = post is not None and post.author != event.author
        self.replies.setdefault(event.message, Reply(event.post, channel, event.author, event.at, answers))

    def _let_in(self, channel: str, members: Iterable[str], event: CommunityEvent) -> None:
        for member in members:
            self.readers[reader_key(channel, member)] = Reader(channel, member, True, stamp_of(event))
