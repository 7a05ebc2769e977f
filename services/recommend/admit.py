"""Keep up with channels and who reads them. What is not known to be public is private."""

from collections.abc import Iterable
from dataclasses import replace

from services.recommend.documents import CHANNELS, POSTS, REPLIES, Channel
from services.recommend.meet import is_forgotten, set_reader
from services.recommend.state import State
from shared.events import ChannelChanged, ChannelClosed, ChannelEvent, ChannelOpened, Privacy
from shared.stamps import overrides, stamp_of


def open_channel(state: State, event: ChannelOpened) -> None:
    _set_privacy(state, event, event.privacy)
    _set_closed(state, event, False)
    _set_readers(state, event, event.members, True)


def change_channel(state: State, event: ChannelChanged) -> None:
    # A channel that is spoken of is known, and private as long as nobody says otherwise.
    _put(state, event.channel, _channel(state, event))
    if event.privacy is not None:
        _set_privacy(state, event, event.privacy)
    # Who is named in both has left: the safe reading.
    _set_readers(state, event, sorted(set(event.joined) - set(event.left)), True)
    _set_readers(state, event, event.left, False)


def close_channel(state: State, event: ChannelClosed) -> None:
    _set_closed(state, event, True)


def _channel(state: State, event: ChannelEvent) -> Channel:
    return state.documents.get(CHANNELS, event.channel) or Channel()


def _set_privacy(state: State, event: ChannelEvent, privacy: Privacy) -> None:
    channel, stamp = _channel(state, event), stamp_of(event)
    closes, closed = privacy is Privacy.PRIVATE, channel.privacy is Privacy.PRIVATE
    if overrides(stamp, channel.privacy_set, closes=closes, closed=closed):
        _put(state, event.channel, replace(channel, privacy=privacy, privacy_set=stamp))


def _set_closed(state: State, event: ChannelEvent, closed: bool) -> None:
    channel, stamp = _channel(state, event), stamp_of(event)
    if overrides(stamp, channel.closed_set, closes=closed, closed=channel.closed):
        _put(state, event.channel, replace(channel, closed=closed, closed_set=stamp))


def _put(state: State, name: str, channel: Channel) -> None:
    state.documents.put(CHANNELS, name, channel)
    state.index.set_channel(name, channel, state.documents.table(POSTS), state.documents.table(REPLIES))


def _set_readers(state: State, event: ChannelEvent, members: Iterable[str], reads: bool) -> None:
    for member in members:
        if not is_forgotten(state, member, event):
            set_reader(state, event.channel, member, stamp_of(event), reads=reads)
