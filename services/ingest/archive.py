"""Turn an archive of messages into events, line by line: what was written, and what follows from it.

A line is `{"id", "channel", "topic", "author", "at", "text", "reply_to"}`; `reply_to` names the thread's first
message, null on that one. From it follow, where they are new: the channel, the author as a member, and that the
author can read the channel. Memory holds the ids of authors and channels, and nothing per message.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from services.ingest.accept import FIRST_YEAR
from services.ingest.champions import NOBODY, Appointed, ChampionRule, Champions, Change
from services.ingest.lines import LINE_BYTES
from services.ingest.mapping import ArchiveMap, MappedMember, is_bot
from services.ingest.naming import Origin
from services.ingest.state_known import state_known
from shared.events import (
    ChannelChanged,
    ChannelOpened,
    CommunityEvent,
    MemberJoined,
    PostPublished,
    ReplyPublished,
    Role,
    RolesChanged,
)
from shared.limits import Id, Moment, Text, ahead_of, whole_characters
from shared.mentions import MENTION
from shared.sentences import sentences

_TOPIC_ID: Final = re.compile(r"^t\d+(?:: |$)")
TOO_LONG: Final = f"the line is longer than {LINE_BYTES} bytes"
_UNKNOWN: Final = MappedMember()
# A pair's first or second half, as JSON escapes it: there may be whole pairs among them.
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Found:
    """An event, and the line that it comes from (1 is the first; what follows from the whole file: one past it)."""

    line_number: int
    event: CommunityEvent


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no message, and why; the others go on."""

    line_number: int
    reason: str
    line: bytes


class _Message(BaseModel):
    """A line of the archive; fields that it has besides are not looked at."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    id: Id
    channel: Id
    topic: Text = ""
    author: Id
    at: Moment
    text: Text
    reply_to: Annotated[Id | None, Field()]


@dataclass
class Archive:
    """Reads one archive. `now` (wall clock) is the import's own time, and refuses times ahead of it; None is for
    replays, and takes them all. `earlier` is whom earlier imports of the source made champions.

    Ids come from the source and the archive's own ids, so that a webhook of the same source and an import that
    overlap are the same events.
    """

    community: str
    source: str = "import"
    known: ArchiveMap = field(default_factory=ArchiveMap)
    rule: ChampionRule = ChampionRule.LATEST
    now: datetime | None = None
    earlier: Appointed = NOBODY
    _authors: set[str] = field(default_factory=set)
    _channels: set[str] = field(default_factory=set)
    _readers: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        with_roles = {member for member, about in self.known.members.items() if about.roles is not None or about.bot}
        self._origin = Origin(self.community, self.source)
        self._champions = Champions(self.rule, self.earlier.named | with_roles, self.earlier)

    @property
    def appointed(self) -> Appointed:
        """What the next import of the source has to know of champions, once all is read."""
        return self._champions.appointed()

    def read(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[Found | Rejected]:
        """Give the events of numbered lines, in their order; empty lines are passed over."""
        number = 0
        begun = False
        for number, line in lines:
            if not line.strip():
                continue
            message = self._message(line)
            if isinstance(message, str):
                yield Rejected(number, message, line)
                continue
            if not begun:
                begun = True
                yield from self._all(number, self._what_is_known(message.at))
            yield from self._all(number, self._events(message))
        yield from self._all(number + 1, map(self._role_changed, self._champions.after()))

    def _what_is_known(self, first: datetime) -> Iterator[CommunityEvent]:
        self._authors.update(self.known.members)
        self._channels.update(self.known.channels)
        self._readers.update((channel, m) for channel, about in self.known.channels.items() for m in about.members)
        return state_known(self.known, self._origin, first, self.now)

    def _all(self, number: int, events: Iterable[CommunityEvent]) -> Iterator[Found]:
        return (Found(number, event) for event in events)

    def _message(self, line: bytes) -> "_Message | str":
        if len(line) >= LINE_BYTES:
            return TOO_LONG
        try:
            message = _Message.model_validate_json(_whole(line))
        except ValidationError as error:
            return "; ".join(f"{'.'.join(map(str, where)) or 'line'}: {what}" for where, what in sentences(error))
        if self.now is not None and ahead_of(message.at, self.now):
            return f"at: lies ahead of now, {self.now.isoformat()}"
        if message.at.year < FIRST_YEAR:
            return f"at: lies before {FIRST_YEAR}"
        if message.reply_to == message.id:
            return "reply_to: a message cannot reply to itself"
        return message

    # What follows from a message

    def _events(self, message: _Message) -> Iterator[CommunityEvent]:
        yield from map(self._role_changed, self._champions.before(message.at))
        if message.channel not in self._channels:
            yield self._channel_opened(message.channel, message.at)
        if message.author not in self._authors:
            yield self._member_joined(message.author, message.at)
        if (message.channel, message.author) not in self._readers:
            yield self._reader_joined(message)
        if not self._is_bot(message.author):
            self._champions.saw(message.id, message.reply_to, message.author, message.at)
        yield self._published(message)

    def _published(self, message: _Message) -> CommunityEvent:
        said: dict[str, Any] = {
            **self._named(message.at, "post", message.id),
            "message": message.id,
            "channel": message.channel,
            "author": message.author,
            "text": message.text,
            "mentions": self._mentions(message),
        }
        if message.reply_to is not None:
            return ReplyPublished(**said, post=message.reply_to)
        return PostPublished(**said, title=title_of(message.topic))

    def _mentions(self, message: _Message) -> tuple[str, ...]:
        if "@" not in message.text:
            return ()
        named = dict.fromkeys(MENTION.findall(message.text))
        return tuple(member for member in named if member in self._authors and member != message.author)

    def _reader_joined(self, message: _Message) -> ChannelChanged:
        """Who wrote in a channel can read it; all else about an unknown channel is private."""
        self._readers.add((message.channel, message.author))
        name = self._named(message.at, "channel", message.channel, "joined", message.author)
        return ChannelChanged(**name, channel=message.channel, joined=(message.author,))

    # What follows from it

    def _member_joined(self, member: str, at: datetime) -> MemberJoined:
        self._authors.add(member)
        bot = is_bot(member, _UNKNOWN)
        return MemberJoined(**self._named(at, "member", member, "joined"), member=member, bot=bot)

    def _channel_opened(self, channel: str, at: datetime) -> ChannelOpened:
        self._channels.add(channel)
        return ChannelOpened(**self._named(at, "channel", channel, "opened"), channel=channel, name=channel)

    def _role_changed(self, change: Change) -> RolesChanged:
        roles = (Role.MEMBER, Role.CHAMPION) if change.champion else (Role.MEMBER,)
        # With the role: of what is said of the same time, taking back holds.
        parts = ("member", change.member, "roles", change.at.isoformat(), roles[-1].value)
        name = self._named(change.at, *parts)
        return RolesChanged(**name, member=change.member, roles=roles)

    def _is_bot(self, member: str) -> bool:
        return is_bot(member, self.known.members.get(member, _UNKNOWN))

    def _named(self, at: datetime, *parts: str) -> dict[str, Any]:
        return self._origin.named(at, *parts)


def _whole(line: bytes) -> bytes:
    """Give a line without halves of surrogate pairs, which no JSON reader but Python's takes."""
    if not _HALF.search(line):
        return line
    try:
        return to_json(whole_characters(json.loads(line)))
    except (ValueError, RecursionError):
        return line


def title_of(topic: str) -> str:
    """Take an archive's thread id off a topic: `t00012: How to` is `How to`, and `t00012` has no title."""
    return _TOPIC_ID.sub("", topic, count=1)
