"""Who may read a channel."""

from services.nudge.documents import Channel, Member, Reader
from shared.events import Privacy


def may_read(member: Member | None, channel: Channel | None, reader: Reader | None) -> bool:
    """Say whether a member may read a channel now; `reader` is what is known of the two together.

    Nobody may read one that is unknown or closed, and who is unknown or has left reads nothing.
    """
    if member is None or member.left or channel is None or channel.closed:
        return False
    return channel.privacy is Privacy.PUBLIC or (reader is not None and reader.reads)
