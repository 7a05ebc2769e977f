"""Which events of the log are one member's own doing, and where they happened: what of the log an export may hold.

Pure. Decisions about a member are no event of theirs: what came of them is in the state; nor is what others said.
"""

from dataclasses import dataclass
from typing import Any, Final

from shared import events
from shared.events import CommunityEvent, Event, MemberEvent
from shared.held import Entry

# Of what carries a member's id: what they did, or what was told of who they are.
OWN: Final[tuple[type[Event], ...]] = (
    events.PostPublished, events.ReplyPublished, events.MessageEdited, events.ReactionAdded, events.ReactionRemoved,
    events.PostViewed, events.MemberJoined, events.MemberUpdated, events.MemberLeft, events.MemberForgotten,
    events.RolesChanged, events.PreferencesChanged, events.TopicDeclined, events.MatchDeclined,
    events.GatheringScheduled, events.ContentQueued, events.ContentShared, events.NudgeAnswered, events.NudgeSeen,
    events.NudgeDelivered, events.MemberContacted,
)  # fmt: skip
# All others, and why nobody's export has them.
NOT_OWN: Final[dict[type[Event], str]] = {
    events.MessageRemoved: "says of nobody that they did it",
    events.ThreadResolved: "says of nobody that they did it",
    events.ThreadFlagged: "what moderators have is not told",
    events.ChannelOpened: "names others beside the member; who is in which channel is in the state",
    events.ChannelChanged: "names others beside the member; who is in which channel is in the state",
    events.ChannelClosed: "is of nobody",
    events.GatheringChanged: "says of nobody that they did it",
    events.GatheringAttended: "does not say where, and that may be a channel which the member cannot read now",
    events.NudgeReviewed: "what others approved or refused is theirs",
    events.CommunityOpened: "is of nobody",
    events.CommunityClosed: "is of nobody",
    events.CommunityDeleted: "is of nobody",
    events.SettingsChanged: "is of nobody",
    events.ModelPromoted: "is of nobody",
    events.EncoderChanged: "is of nobody",
    events.Tick: "is of nobody",
    events.MatchesRanked: "names others beside the member; what may be told of it is in the state",
    events.PeersRanked: "names others beside the member; what may be told of it is in the state",
    events.IntroductionsRanked: "names others beside the member; what may be told of it is in the state",
    events.NudgeIssued: "names others beside the member; what may be told of it is in the state",
    events.NudgeWithdrawn: "what may be told of it is in the state",
    events.NudgeExpired: "what may be told of it is in the state",
    events.NudgeActed: "what may be told of it is in the state",
    events.OpportunityHeld: "is of a post; what may be told of it is in the state",
    events.WeekDrawn: "is of nobody",
}
# By what else a person may be named in these.
_WHO: Final = ("author", "member", "by", "host")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event happened: in a channel, or with a message, as far as it says."""

    channel: str | None = None
    message: str | None = None


def whose(event: Event, written: frozenset[str], member: str) -> bool:
    """Say whether an event is a member's own; `written` are the ids of what they wrote, which alone names edits."""
    if not isinstance(event, OWN):
        return False
    if isinstance(event, events.MessageEdited):
        return event.message in written
    if isinstance(event, events.NudgeDelivered):
        return event.member == member
    return any(getattr(event, name, None) == member for name in _WHO)


def place_of(event: Event) -> Place:
    """Give where an event happened; what has no place can be told to whose it is."""
    channel, message = getattr(event, "channel", None), getattr(event, "message", None)
    if isinstance(event, events.TopicDeclined):
        message = event.post
    return Place(channel, None if channel is not None else message)


def told(event: CommunityEvent, member: str) -> Entry:
    """Give an event as JSON has it, under its name; a delegate's words for the member are not the member's."""
    without = {"community"}
    if isinstance(event, events.NudgeAnswered) and event.by not in (None, member):
        without.add("reason")
    return {"event": type(event).__name__, **event.model_dump(mode="json", exclude=without, exclude_none=True)}


def sent_by(body: Any, member: str) -> Place | None:
    """Give the place of what was refused as an event and yet says whose it is; None where it does not, or not where."""
    data = body.get("data") if isinstance(body, dict) else None
    name = str(body.get("type", "")).split(".")[1:2] if isinstance(body, dict) else []
    if not isinstance(data, dict) or name not in [[one.__name__] for one in (*_MESSAGES, *_ABOUT_SELF)]:
        return None
    if member not in (data.get("author"), data.get("member")):
        return None
    if name in [[one.__name__] for one in _ABOUT_SELF]:
        return Place()
    return Place(data["channel"]) if isinstance(data.get("channel"), str) else None


_MESSAGES: Final[tuple[type[CommunityEvent], ...]] = (events.PostPublished, events.ReplyPublished)
_ABOUT_SELF: Final[tuple[type[MemberEvent], ...]] = (
    events.MemberJoined, events.MemberUpdated, events.PreferencesChanged,
)  # fmt: skip
