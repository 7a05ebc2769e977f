"""Follow who is there and what they may read: of two facts about the same thing the later one holds.

Each field carries the stamp of what it was last told, so that repeats and late events change nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, TypeVar

from services.nudge.delegates import in_order
from services.nudge.documents import (
    CHANNELS,
    COMMUNITY,
    MEMBERS,
    READERS,
    THE_COMMUNITY,
    Channel,
    Community,
    Gathering,
    Member,
    Reader,
    reader_key,
    reader_of,
)
from services.nudge.state import NudgeCommunity
from shared.events import (
    Absence,
    Answer,
    ChannelChanged,
    ChannelClosed,
    ChannelOpened,
    CommunityClosed,
    CommunityOpened,
    Event,
    Kind,
    MemberEvent,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    NudgeAnswered,
    PreferencesChanged,
    Privacy,
    RolesChanged,
)
from shared.stamps import Stamp, overrides, stamp_of

T = TypeVar("T", Member, Channel, Community, Gathering)

# Halved so often, any number that can be set has become one.
MOST_LESS: Final = 7

# What shuts somebody out holds against the contrary of the same instant: in doubt, private.
_SHUTS_OUT: Final[Mapping[str, Any]] = {"privacy": Privacy.PRIVATE, "closed": True, "left": True, "cancelled": True}


def told(document: T, stamp: Stamp, facts: Mapping[str, Any]) -> T:
    """Give the document with those facts that are later than what it knows."""
    news = {name: value for name, value in facts.items() if _is_news(document, stamp, name, value)}
    if not news:
        return document
    # Sorted: what is stored is the same, byte for byte, in whatever order the facts came.
    stamps = dict(sorted({**document.stamps, **dict.fromkeys(news, stamp)}.items()))
    return replace(document, **news, stamps=stamps)


def _is_news(document: Member | Channel | Community | Gathering, stamp: Stamp, name: str, value: Any) -> bool:
    shuts_out = _SHUTS_OUT.get(name)
    closes, closed = (shuts_out is not None and it == shuts_out for it in (value, getattr(document, name)))
    return overrides(stamp, document.stamps.get(name), closes=closes, closed=closed)


def follow_member(state: NudgeCommunity, event: MemberEvent, facts: Mapping[str, Any]) -> bool:
    """Take in facts about a member; say whether anything changed."""
    if state.is_forgotten(event.member, event.at):
        return False
    if "delegates" in facts:
        known = (one for one in facts["delegates"] if not state.is_forgotten(one.member, event.at))
        facts = {**facts, "delegates": tuple(known)}
    was = state.member(event.member)
    now = with_less(told(was or Member(), stamp_of(event), facts), {})
    state.documents.put(MEMBERS, event.member, now)
    return now != was


def follow_less(state: NudgeCommunity, event: NudgeAnswered) -> bool:
    """Take in that a member said `less` to a nudge; say whether anything changed."""
    if state.is_forgotten(event.member, event.at):
        return False
    was = state.member(event.member)
    now = with_less(was or Member(), {event.nudge: stamp_of(event)})
    state.documents.put(MEMBERS, event.member, now)
    return now != was


def with_less(member: Member, said: Mapping[str, Stamp]) -> Member:
    """Add to which nudges a member said `less`, each once; what came before the number that they named is over.

    Kept as what was said, not as the number that it left: then the order in which it comes does not matter.
    """
    named = member.stamps.get("weekly_asks")
    latest = dict(member.less)
    for nudge, stamp in said.items():
        latest[nudge] = max(stamp, latest.get(nudge, stamp))
    counting = sorted((stamp, nudge) for nudge, stamp in latest.items() if named is None or stamp > named)
    less = {nudge: stamp for stamp, nudge in counting[-MOST_LESS:]}
    return member if less == member.less else replace(member, less=less)


def follow_out(state: NudgeCommunity, event: MemberLeft) -> bool:
    """Take in that a member left, and with it every channel: back again, they are in none until they join it."""
    stamp = stamp_of(event)
    changed = follow_member(state, event, {"left": True, "gone": stamp})
    keys = [key for key in state.documents.keys(READERS) if reader_of(key) == event.member]
    left = [_follow_reader(state, key, event, reads=False) for key in keys]
    return changed or any(left)


def member_facts(event: MemberEvent) -> dict[str, Any]:
    """Read what an event says of a member; empty where it says nothing."""
    match event:
        case MemberJoined():
            return _given(name=event.name or None, zone=event.zone, bot=event.bot, left=False)
        case MemberUpdated():
            return _given(name=event.name, zone=event.zone, bot=event.bot)
        case RolesChanged():
            return {"roles": event.roles}
        case PreferencesChanged():
            without = None if event.without is None else tuple(sorted(set(event.without)))
            return _given(
                own_zone=event.zone,
                hours=event.hours,
                weekly_asks=event.weekly_asks,
                without=without,
                paused_until=event.paused_until,
                interests=event.interests,
                consent=event.consent,
                language=event.language,
                gap_hours=event.gap_hours,
                digest=event.digest,
                delegates=None if event.delegates is None else in_order(event.delegates, event.member),
                region=event.region,
                absences=None if event.absences is None else tuple(sorted(event.absences, key=_by_day)),
            )
        case _:
            return {}


def never_facts() -> dict[str, Any]:
    """Give what `never` says of a member: no kind at all."""
    return {"without": tuple(sorted(Kind))}


def said_of_person(event: NudgeAnswered | PreferencesChanged) -> dict[str, Member]:
    """Give what somebody says of themselves, by name: each a member of whom nothing else is known."""
    stamp = stamp_of(event)
    if isinstance(event, PreferencesChanged):
        facts = member_facts(event)
    elif event.answer is Answer.LESS:
        return {f"less/{event.nudge}": Member(less={event.nudge: stamp})}
    else:
        facts = never_facts() if event.answer is Answer.NEVER else {}
    return {name: told(Member(), stamp, {name: value}) for name, value in facts.items()}


def told_by(member: Member, said: Member) -> Member:
    """Give the member with what is later in what they said of themselves."""
    for name, stamp in said.stamps.items():
        member = told(member, stamp, {name: getattr(said, name)})
    return with_less(member, said.less)


@dataclass(frozen=True, slots=True)
class ChannelNews:
    """What an event says of a channel."""

    facts: dict[str, Any]
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def channel_news(event: ChannelOpened | ChannelChanged | ChannelClosed) -> ChannelNews:
    match event:
        case ChannelOpened():
            facts = {"name": event.name, "privacy": event.privacy, "closed": False}
            return ChannelNews(facts, joined=event.members)
        case ChannelChanged():
            return ChannelNews(_given(name=event.name, privacy=event.privacy), event.joined, event.left)
        case ChannelClosed():
            return ChannelNews({"closed": True})


def follow_channel(state: NudgeCommunity, event: ChannelOpened | ChannelChanged | ChannelClosed) -> bool:
    """Take in what happened to a channel; say whether anything changed."""
    news = channel_news(event)
    stamp = stamp_of(event)
    was = state.documents.get(CHANNELS, event.channel)
    now = told(was or Channel(), stamp, news.facts)
    state.documents.put(CHANNELS, event.channel, now)
    # Named on both sides they are out: in doubt, private.
    joined = [member for member in news.joined if member not in set(news.left)]
    changed = [_follow_readers(state, event, joined, reads=True), _follow_readers(state, event, news.left, reads=False)]
    return now != was or any(changed)


def _follow_readers(
    state: NudgeCommunity, event: ChannelOpened | ChannelChanged | ChannelClosed, members: Iterable[str], *, reads: bool
) -> bool:
    keys = [reader_key(event.channel, member) for member in members]
    changed = [_follow_reader(state, key, event, reads=reads) for key in keys]
    return any(changed)


def _follow_reader(state: NudgeCommunity, key: str, event: Event, *, reads: bool) -> bool:
    was, member, stamp = state.documents.get(READERS, key), reader_of(key), stamp_of(event)
    if state.is_forgotten(member, event.at):
        return False
    known = state.member(member)
    # The news that they left the community may have come before that of a channel they had joined until then.
    if known and known.gone and overrides(known.gone, stamp, closes=True, closed=not reads):
        reads, stamp = False, known.gone
    if was is not None and not overrides(stamp, was.stamp, closes=not reads, closed=not was.reads):
        return False
    state.documents.put(READERS, key, Reader(reads, stamp))
    return True


def follow_community(state: NudgeCommunity, event: CommunityOpened | CommunityClosed) -> bool:
    """Take in whether the community is closed; say whether that changed."""
    was = state.documents.get(COMMUNITY, THE_COMMUNITY) or Community()
    now = told(was, stamp_of(event), {"closed": isinstance(event, CommunityClosed)})
    now = replace(now, deleted=was.deleted and now.closed)
    state.documents.put(COMMUNITY, THE_COMMUNITY, now)
    return now.closed != was.closed


def _by_day(absence: Absence) -> tuple[date, date]:
    return absence.first, absence.last


def _given(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
