"""Turn what an operator knows into facts, so that they hold: also over what an earlier import has said.

An import states them as of its own time. A replay may not know its end from the start, and has no other time than
the archive's: there they are as old as its first message.
"""

from collections.abc import Iterator
from datetime import datetime

from services.ingest.mapping import ArchiveMap, MappedChannel, MappedMember, is_bot
from services.ingest.naming import Origin
from shared.events import ChannelChanged, ChannelOpened, CommunityEvent, MemberJoined, MemberUpdated, RolesChanged

_READERS_AT_ONCE = 1000


def state_known(known: ArchiveMap, origin: Origin, first: datetime, now: datetime | None) -> Iterator[CommunityEvent]:
    """Give the facts of a mapping. `first` is the time of the first message, `now` the import's; None in a replay.

    That somebody joined and that a channel was opened are as old as the archive: who has left since is not
    brought back.
    """
    for member, about in sorted(known.members.items()):
        yield from _member(origin, member, about, first, now)
    for channel, of_it in sorted(known.channels.items()):
        yield from _channel(origin, channel, of_it, first, now)


def _member(
    origin: Origin, member: str, about: MappedMember, first: datetime, now: datetime | None
) -> Iterator[CommunityEvent]:
    bot = is_bot(member, about)
    joined = origin.stated(first, "member", member, "joined", name=about.name, zone=about.zone, bot=bot)
    yield MemberJoined(**joined, member=member)
    if now is not None and (about.name or about.zone or about.bot is not None):
        said = origin.stated(now, "member", member, "said", name=about.name or None, zone=about.zone, bot=about.bot)
        yield MemberUpdated(**said, member=member)
    if about.roles is not None:
        yield RolesChanged(**origin.stated(now or first, "member", member, "roles", roles=about.roles), member=member)


def _channel(
    origin: Origin, channel: str, known: MappedChannel, first: datetime, now: datetime | None
) -> Iterator[CommunityEvent]:
    opened = origin.stated(
        first, "channel", channel, "opened", name=known.name or channel, privacy=known.privacy_or_private
    )
    yield ChannelOpened(**opened, channel=channel)
    if now is not None and (known.name or known.privacy is not None):
        said = origin.stated(now, "channel", channel, "said", name=known.name or None, privacy=known.privacy)
        yield ChannelChanged(**said, channel=channel)
    # In parts: an event has a largest size.
    for part in range(0, len(known.members), _READERS_AT_ONCE):
        readers = known.members[part : part + _READERS_AT_ONCE]
        yield ChannelChanged(
            **origin.stated(now or first, "channel", channel, "readers", joined=readers), channel=channel
        )
