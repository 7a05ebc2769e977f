"""Who may read what. Unknown privacy is private, and an unknown or closed channel has no readers."""

from services.recommend.documents import Channel, Member, Reader
from shared.events import Privacy


def is_public(channel: Channel | None) -> bool:
    """Say whether everybody who is here may read the channel."""
    return channel is not None and not channel.closed and channel.privacy is Privacy.PUBLIC


def can_read(member: Member | None, channel: Channel | None, reader: Reader | None) -> bool:
    """Say whether a member may read a channel; `reader` is what is known of the two together."""
    if member is None or not member.here or channel is None or channel.closed:
        return False
    return is_public(channel) or (reader is not None and reader.reads)
