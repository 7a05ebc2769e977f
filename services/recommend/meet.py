"""Keep up with members: who is here, in which role, and who is a bot. People appear when they first write."""

from dataclasses import replace

from services.recommend.documents import FORGOTTEN, MEMBERS, READERS, Member, Reader, forgotten_key, reader_key
from services.recommend.state import State
from shared.events import Event, MemberEvent, MemberJoined, MemberLeft, MemberUpdated, RolesChanged
from shared.stamps import Stamp, overrides, stamp_of


def is_forgotten(state: State, member: str, event: Event) -> bool:
    """Say whether an event is from before its member was forgotten."""
    forgotten = state.documents.get(FORGOTTEN, forgotten_key(state.name, member))
    return forgotten is not None and event.at <= forgotten.at


def meet(state: State, member: str) -> Member:
    """Give what is known of a member, who becomes one when nothing is."""
    known = state.documents.get(MEMBERS, member)
    if known is not None:
        return known
    return _set(state, member, Member())


def join(state: State, event: MemberJoined) -> None:
    member = _known(state, event)
    if member is None:
        return
    stamp = stamp_of(event)
    if overrides(stamp, member.here_set, closed=not member.here):
        member = replace(member, here=True, here_set=stamp)
    if overrides(stamp, member.bot_set):
        member = replace(member, bot=event.bot, bot_set=stamp)
    _set(state, event.member, member)


def update(state: State, event: MemberUpdated) -> None:
    member = _known(state, event)
    if member is not None and event.bot is not None and overrides(stamp_of(event), member.bot_set):
        _set(state, event.member, replace(member, bot=event.bot, bot_set=stamp_of(event)))


def leave(state: State, event: MemberLeft) -> None:
    """Take in that a member left, and with it every channel: back again, they are in none until they join it."""
    member, stamp = _known(state, event), stamp_of(event)
    if member is None:
        return
    if overrides(stamp, member.here_set, closes=True, closed=not member.here):
        member = replace(member, here=False, here_set=stamp)
    if overrides(stamp, member.gone):
        member = replace(member, gone=stamp)
    _set(state, event.member, member)
    for reader in list(state.documents.table(READERS).values()):
        if reader.member == event.member:
            set_reader(state, reader.channel, event.member, stamp, reads=False)


def set_reader(state: State, channel: str, name: str, stamp: Stamp, *, reads: bool) -> None:
    """Take in that a member joined or left a channel, if nothing later is known."""
    key = reader_key(channel, name)
    known, member = state.documents.get(READERS, key), state.documents.get(MEMBERS, name)
    # The news that they left the community may have come before that of a channel they had joined until then.
    if member and member.gone and overrides(member.gone, stamp, closes=True, closed=not reads):
        reads, stamp = False, member.gone
    if known is None or overrides(stamp, known.reads_set, closes=not reads, closed=not known.reads):
        state.documents.put(READERS, key, Reader(channel, name, reads, stamp))
        state.index.set_reader(channel, name, reads)


def change_roles(state: State, event: RolesChanged) -> None:
    member = _known(state, event)
    if member is not None and overrides(stamp_of(event), member.roles_set):
        roles = tuple(sorted(set(event.roles)))
        _set(state, event.member, replace(member, roles=roles, roles_set=stamp_of(event)))


def _known(state: State, event: MemberEvent) -> Member | None:
    return None if is_forgotten(state, event.member, event) else meet(state, event.member)


def _set(state: State, name: str, member: Member) -> Member:
    state.documents.put(MEMBERS, name, member)
    state.index.set_member(name, member)
    return member
