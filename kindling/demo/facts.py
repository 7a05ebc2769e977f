"""The demo's events: each with an id that follows from what it is about."""

from datetime import datetime
from typing import Final

from shared.events import (
    Answer,
    ChannelChanged,
    ChannelOpened,
    CommunityOpened,
    MemberJoined,
    MessageEdited,
    Mode,
    NudgeAnswered,
    NudgeSeen,
    PostPublished,
    PreferencesChanged,
    Privacy,
    ReactionAdded,
    ReplyPublished,
    Role,
    RolesChanged,
    ThreadResolved,
    Tick,
    WorkingHours,
)

COMMUNITY: Final = "demo"
SOURCE: Final = "kindling/demo"


def community_opened(at: datetime, name: str) -> CommunityOpened:
    """Open it as one whose people have agreed to be asked: they are invented."""
    return CommunityOpened(
        id="opened", source=SOURCE, at=at, community=COMMUNITY, name=name, mode=Mode.AUTOPILOT, asks_consent=False
    )


def channel_opened(at: datetime, name: str, privacy: Privacy, members: tuple[str, ...]) -> ChannelOpened:
    return ChannelOpened(
        id=f"channel/{name}",
        source=SOURCE,
        at=at,
        community=COMMUNITY,
        channel=name,
        name=name,
        privacy=privacy,
        members=members,
    )


def channel_joined(at: datetime, channel: str, member: str) -> ChannelChanged:
    native = f"channel/{channel}/joined/{member}"
    return ChannelChanged(id=native, source=SOURCE, at=at, community=COMMUNITY, channel=channel, joined=(member,))


def joined(at: datetime, member: str, name: str, zone: str) -> MemberJoined:
    native = f"joined/{member}"
    return MemberJoined(id=native, source=SOURCE, at=at, community=COMMUNITY, member=member, name=name, zone=zone)


def roles(at: datetime, member: str, roles: tuple[Role, ...]) -> RolesChanged:
    native = f"roles/{member}"
    return RolesChanged(id=native, source=SOURCE, at=at, community=COMMUNITY, member=member, roles=roles)


def preferences(
    at: datetime, member: str, hours: WorkingHours, weekly_asks: int, paused_until: datetime
) -> PreferencesChanged:
    return PreferencesChanged(
        id=f"preferences/{member}",
        source=SOURCE,
        at=at,
        community=COMMUNITY,
        member=member,
        hours=hours,
        weekly_asks=weekly_asks,
        paused_until=paused_until,
    )


def post(at: datetime, message: str, channel: str, author: str, text: str) -> PostPublished:
    native = f"message/{message}"
    return PostPublished(
        id=native, source=SOURCE, at=at, community=COMMUNITY, message=message, channel=channel, author=author, text=text
    )


def reply(at: datetime, message: str, post: str, channel: str, author: str, text: str) -> ReplyPublished:
    return ReplyPublished(
        id=f"message/{message}",
        source=SOURCE,
        at=at,
        community=COMMUNITY,
        message=message,
        post=post,
        channel=channel,
        author=author,
        text=text,
    )


def edited(at: datetime, message: str, text: str) -> MessageEdited:
    return MessageEdited(id=f"edited/{message}", source=SOURCE, at=at, community=COMMUNITY, message=message, text=text)


def reaction(at: datetime, message: str, member: str, emoji: str) -> ReactionAdded:
    native = f"reaction/{message}/{member}/{emoji}"
    return ReactionAdded(
        id=native, source=SOURCE, at=at, community=COMMUNITY, message=message, member=member, emoji=emoji
    )


def resolved(at: datetime, message: str, answer: str) -> ThreadResolved:
    native = f"resolved/{message}"
    return ThreadResolved(id=native, source=SOURCE, at=at, community=COMMUNITY, message=message, answer=answer)


def seen(at: datetime, native: str, nudge: str, member: str) -> NudgeSeen:
    return NudgeSeen(id=f"seen/{native}", source=SOURCE, at=at, community=COMMUNITY, nudge=nudge, member=member)


def answered(
    at: datetime,
    native: str,
    nudge: str,
    member: str,
    answer: Answer,
    reason: str = "",
    to: str | None = None,
    until: datetime | None = None,
) -> NudgeAnswered:
    return NudgeAnswered(
        id=f"answered/{native}/{answer}",
        source=SOURCE,
        at=at,
        community=COMMUNITY,
        nudge=nudge,
        member=member,
        answer=answer,
        reason=reason,
        to=to,
        until=until,
    )


def tick(at: datetime, partition: int) -> Tick:
    """Give the demo's clock for a partition: event time, where the services get the wall's from ingest."""
    return Tick(id=f"tick/{partition}/{at.timestamp():.3f}", source=SOURCE, at=at, partition=partition)
