"""All that is held of one member, over all services: their states, the log, dead letters and the files of imports.

It only reads. What a member may not see is left out, as on their own page; see the rules in `held.py` of each service.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kindling.own_events import Place, place_of, sent_by, told, whose
from services.ingest.appointed import AppointedFile
from services.ingest.importing import folder_of
from services.nudge import documents as nudge
from services.nudge.guard import Guard
from services.nudge.may_read import may_read
from services.nudge.read_held import read_held as held_by_nudge
from services.nudge.settings import NudgeSettings
from services.recommend import documents as recommend
from services.recommend.read_held import read_held as held_by_recommend
from services.recommend.readable import can_read
from shared.clock import wall_clock
from shared.connections import Connections
from shared.dead_letters import DeadLetter, Decided, entries_of
from shared.events import CommunityEvent
from shared.failures import Invalid
from shared.held import Entry, Holding, document, words_of
from shared.log import Log
from shared.reading import StateReader
from shared.service import ServiceName, TopicName
from shared.topics import partition_of
from shared.wire import decode

LOG: Final = (
    "What you did, and what was told of you, as it was sent: the texts of your replies are only here. Kafka keeps it "
    "for 30 days (retention.ms of the topic), the embedded server the last 20,000 handled records of a partition. What "
    "was made of it travels in two more topics, which are kept as long and not looked through: matches, nudges."
)
LETTERS: Final = "What you did that could not be processed, as it was sent; kept until it is deleted."
FILES: Final = "What imports from this machine kept aside: lines that were wrong, and whom they made champions."


@dataclass(slots=True)
class Export:
    """What was found. `unread` counts, for operators, what names the member and is left out: letters and lines."""

    services: list[Holding]
    log: list[Entry] | None = None
    letters: list[Entry] = field(default_factory=list)
    files: list[Entry] = field(default_factory=list)
    unread_letters: int = 0
    unread_lines: int = 0

    @property
    def entries(self) -> int:
        held = sum(one.entries for one in self.services)
        return held + len(self.log or ()) + len(self.letters) + len(self.files)

    @property
    def forgotten(self) -> bool:
        return any(one.forgotten is not None for one in self.services)

    def as_json(self, community: str, member: str) -> Entry:
        return document(
            community,
            member,
            wall_clock(),
            [one.as_json() for one in self.services],
            log={"about": LOG, "looked_through": self.log is not None, "events": self.log or []},
            dead_letters={"about": LETTERS, "letters": self.letters},
            imports={"about": FILES, "entries": self.files},
        )


class Sight:
    """What a member may read now: what both services say that they may, each by its own state."""

    def __init__(self, matching: StateReader, asking: StateReader, community: str, member: str) -> None:
        self._matching = matching
        self._asking = asking
        self._community = community
        self._member = member
        self._kept: dict[str, bool] = {}

    async def may_see(self, place: Place) -> bool:
        """Say whether the member may be told of what happened there; of a message that is unknown they may not."""
        channel = place.channel
        if place.message is not None:
            channel = await self._channel_of(place.message)
            if channel is None:
                return False
        if channel is None:
            return True
        if channel not in self._kept:
            self._kept[channel] = await self._reads(channel)
        return self._kept[channel]

    async def _channel_of(self, message: str) -> str | None:
        post = await self._matching.get(self._community, recommend.POSTS, message)
        if post is not None:
            return post.channel
        reply = await self._matching.get(self._community, recommend.REPLIES, message)
        return None if reply is None else reply.channel

    async def _reads(self, channel: str) -> bool:
        community, member = self._community, self._member
        facts = await self._matching.get(community, recommend.MEMBERS, member)
        known = await self._matching.get(community, recommend.CHANNELS, channel)
        within = await self._matching.get(community, recommend.READERS, recommend.reader_key(channel, member))
        if not can_read(facts, known, within):
            return False
        person = await self._asking.get(community, nudge.MEMBERS, member)
        place = await self._asking.get(community, nudge.CHANNELS, channel)
        reader = await self._asking.get(community, nudge.READERS, nudge.reader_key(channel, member))
        return may_read(person, place, reader)


async def export(
    connections: Connections,
    log: Log,
    settings: NudgeSettings,
    folder: Path,
    community: str,
    member: str,
    *,
    own_words: bool = False,
    with_log: bool = True,
) -> Export:
    """Look everything through; `folder` is the data directory of this machine's imports.

    Raises:
        Unavailable: a server is away.
    """
    async with connections.redis() as redis:
        asking = connections.store(redis, ServiceName.NUDGE)
        matching = connections.store(redis, ServiceName.RECOMMEND)
        guard = Guard(redis, connections.prefix, settings)
        asked = await held_by_nudge(asking, guard, community, member)
        matched = await held_by_recommend(matching, community, member, own_words=own_words)
        found, sight = Export([asked, matched]), Sight(matching, asking, community, member)
        if with_log:
            found.log = [one async for one in _log(log, sight, community, member, _written(matched))]
        await _letters(log, sight, community, member, found)
        await _files(folder, sight, community, member, found)
        return found


def _written(matched: Holding) -> frozenset[str]:
    """Give the ids of what a member wrote, where they may read it."""
    entries = [entry for section in matched.sections for entry in section.entries]
    posts = (entry["post"] for entry in entries if "post" in entry and "text" in entry)
    return frozenset([*posts, *(entry["reply"] for entry in entries if "reply" in entry)])


async def _log(log: Log, sight: Sight, community: str, member: str, written: frozenset[str]) -> AsyncIterator[Entry]:
    partition, ends = partition_of(community, log.partitions), await log.ends(TopicName.ACTIVITY)
    words = (*words_of(member), *(word for message in written for word in words_of(message)))
    others = {other: end for other, end in ends.items() if other != partition}
    async for record in log.scan(TopicName.ACTIVITY, others):
        if any(word in record.body for word in words):
            event = _event(record.body)
            own = event is not None and event.community == community and whose(event, written, member)
            if event is not None and own and await sight.may_see(place_of(event)):
                yield told(event, member)


def _event(body: bytes) -> CommunityEvent | None:
    """Read a record; None where it is none that this version knows."""
    with suppress(Invalid):
        event = decode(body).event
        return event if isinstance(event, CommunityEvent) else None
    return None


async def _letters(log: Log, sight: Sight, community: str, member: str, found: Export) -> None:
    """Look through all letters of a community, also those that were replayed or dropped."""
    words = words_of(member)
    fates: dict[str, str] = {}
    letters: dict[str, DeadLetter] = {}
    async for entry in entries_of(log):
        if isinstance(entry, Decided):
            fates[entry.id] = entry.fate
        elif entry.community == community and _names(entry.body, words):
            letters[entry.id] = entry
    for letter in letters.values():
        own = await _own_of(sight, letter.body.encode(), member)
        if own is None:
            found.unread_letters += 1
        else:
            about = {"letter": letter.id, "service": letter.service.value, "died": letter.died.isoformat()}
            found.letters.append({**about, "decided": fates.get(letter.id), "sent": own})


async def _own_of(sight: Sight, body: bytes, member: str) -> Any:
    """Give what was sent, if it is the member's own and they may see it: also what is no event."""
    event = _event(body)
    if event is not None:
        own = whose(event, frozenset(), member) and await sight.may_see(place_of(event))
        return told(event, member) if own else None
    with suppress(ValueError, RecursionError):
        sent = json.loads(body)
        place = sent_by(sent, member)
        if place is not None and await sight.may_see(place):
            return sent["data"]
    return None


def _names(text: str, words: Sequence[bytes]) -> bool:
    body = text.encode()
    return any(word in body for word in words)


async def _files(data_dir: Path, sight: Sight, community: str, member: str, found: Export) -> None:
    folder, words = folder_of(data_dir, community), words_of(member)
    for file in sorted(folder.glob("roles/*.json")):
        appointed = await asyncio.to_thread(AppointedFile(file).load)
        if member in appointed.champions | appointed.named:
            roles = {"made_champion": member in appointed.champions, "roles_given": member in appointed.named}
            found.files.append({"file": str(file.relative_to(data_dir)), **roles})
    for file in sorted(folder.glob("*.rejected.jsonl")):
        for entry in await asyncio.to_thread(lambda path: list(_rejected(path, words)), file):
            own = await _own_line(sight, entry["line"], member)
            if own is None:
                found.unread_lines += 1
            else:
                found.files.append({"file": str(file.relative_to(data_dir)), **entry})


def _rejected(file: Path, words: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """Give the lines of a file of wrong lines in which one of some words stands."""
    with file.open("rb") as lines:
        for line in lines:
            with suppress(ValueError, RecursionError):
                entry = json.loads(line)
                if isinstance(entry, dict) and _names(str(entry.get("line", "")), words):
                    yield entry


async def _own_line(sight: Sight, line: str, member: str) -> Any:
    """Give a line that an import refused, if it is a message of the member's, or an event, that they may see."""
    with suppress(ValueError, RecursionError):
        message = json.loads(line)
        if isinstance(message, dict) and message.get("author") == member and isinstance(message.get("channel"), str):
            return message if await sight.may_see(Place(message["channel"])) else None
    return await _own_of(sight, line.encode(), member)
