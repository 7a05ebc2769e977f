"""The doors of recommend: every activity passes, then what recommend says of it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommend import admit, change_encoder, declare, decline, follow, forget, meet, offer
from services.recommend.delete import delete, is_over
from services.recommend.documents import ENCODED, ENCODER, POSTS, texts_of, words
from services.recommend.encoding import Encoding, encoder_of
from services.recommend.index import Index
from services.recommend.needs import needs
from services.recommend.ports import ModelStore, VectorStore
from services.recommend.promote import in_use, promote
from services.recommend.ranked import another_post, rank_again, rank_new
from services.recommend.settings import RecommendSettings
from services.recommend.state import State
from services.recommend.tell_people import tell_people
from shared import events
from shared.events import EncoderChanged, Event, ModelPromoted
from shared.failures import Lacking
from shared.service import Handlers, Moment, ServiceName, TopicName
from shared.state import Documents, Timer

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Made:
    """What an encoder has made: vectors by text."""

    encoding: Encoding
    vectors: Mapping[str, NDArray[np.int16]]


@dataclass(frozen=True, slots=True)
class Aids:
    """What was fetched for a batch: what each encoder made, by its name, and artefacts by id, None for what is gone.

    `changes` has for each encoder that the batch names the one that is changed to: that one, or the only one here.
    """

    made: Mapping[str, Made]
    artefacts: Mapping[str, bytes | None]
    changes: Mapping[str, str]


class Recommend:
    """The matchmaker, as the processing loop drives it."""

    name = ServiceName.RECOMMEND
    reads = TopicName.ACTIVITY
    writes = TopicName.MATCHES
    passes_ticks = True

    def __init__(
        self,
        settings: RecommendSettings,
        vectors: VectorStore,
        artefacts: ModelStore,
        second: VectorStore | None = None,
    ) -> None:
        """`vectors` are those of communities that begin; `second` those of another encoder, for who changed to it."""
        self._settings = settings
        self._artefacts = artefacts
        self._first = encoder_of(vectors.version)
        self._stores = {encoder_of(store.version): store for store in (vectors, second) if store is not None}

    async def open(self, community: str, documents: Documents) -> State:
        """Derive the index of a community; fetches or makes the vectors of all that was written and declared.

        Raises Lacking where its encoder is not here.
        """
        first, known = _encoding(self._stores[self._first]), documents.get(ENCODED, ENCODER)
        store = self._stores[self._first if known is None else self._here(known.encoder)]
        if known is not None and known.encoder not in self._stores:
            documents.drop(ENCODED, ENCODER)  # what is embedded anew begins anew
        # In threads: a large community takes seconds, in which the process has other things to do.
        texts = await asyncio.to_thread(texts_of, documents)
        vectors = await self._fetch(store, community, texts)
        index = await asyncio.to_thread(Index.build, self._settings, store.dimension, documents, vectors)
        listed = await asyncio.to_thread(offer.decode, documents)
        models = in_use(documents, encoder_of(store.version))
        return State(community, documents, index, self._settings, _encoding(store), first, models, listed)

    def _here(self, encoder: str) -> str:
        """Name the encoder to use for a community whose own is `encoder`; raises Lacking where there is none."""
        if encoder in self._stores:
            return encoder
        if self._settings.without_encoder == "embed-anew":
            return self._first
        raise Lacking(
            f"a community has its vectors from {encoder}, and here is only {' and '.join(sorted(self._stores))}: name "
            f"its model by KINDLING_RECOMMEND__SECOND_MODEL, or see KINDLING_RECOMMEND__WITHOUT_ENCODER"
        )

    async def prepare(self, state: State, events: Sequence[Event]) -> Aids:
        """Fetch the vectors and models that these events need, and discard the vectors that they leave behind."""
        if all(is_over(state, event) for event in events):
            return Aids({}, {}, {})
        found = needs(state, events)
        changes = self._changes(state, events)
        texts = {state.encoding.encoder: list(found.wanted)}
        if changes:
            # All that the community has, by then, is compared by an encoder that is changed to, there and back too.
            known = await asyncio.to_thread(texts_of, state.documents)
            whole = list(dict.fromkeys([*known, *found.wanted]))
            texts |= dict.fromkeys(changes.values(), whole)
        made: dict[str, Made] = {}
        for encoder, wanted in texts.items():
            store = self._stores[encoder]
            made[encoder] = Made(_encoding(store), await self._fetch(store, state.name, wanted))
        if found.unwanted:
            await self._stores[state.encoding.encoder].discard(state.name, list(found.unwanted))
        return Aids(made, await self._artefacts_of(state.name, events), changes)

    def _changes(self, state: State, events: Sequence[Event]) -> dict[str, str]:
        changes = [e for e in events if isinstance(e, EncoderChanged) and change_encoder.is_change(state, e)]
        return {event.encoder: self._here(event.encoder) for event in changes}

    async def _artefacts_of(self, community: str, events: Sequence[Event]) -> dict[str, bytes | None]:
        named = {event.artefact for event in events if isinstance(event, ModelPromoted | EncoderChanged)}
        return {name: await self._artefacts.get(community, name) for name in sorted(filter(None, named))}

    def handle(self, state: State, event: Event, moment: Moment) -> Iterator[Event]:
        yield event
        if is_over(state, event):
            return
        change_encoder.note(state)
        handler = HANDLERS.get(type(event))
        if handler is not None:
            yield from handler(state, event, moment)

    def fire(self, state: State, timer: Timer, moment: Moment) -> Iterable[Event]:
        offer.end(state, timer)
        return ()

    def trace_of(self, state: State, event: Event) -> None:
        """Leave what is said of an activity in the activity's trace."""

    async def _fetch(self, store: VectorStore, community: str, texts: Sequence[str]) -> dict[str, NDArray[np.int16]]:
        # An empty text means nothing, which is near to nothing; a model would invent a place for it.
        found = {text: np.zeros(store.dimension, np.int16) for text in texts if not text.strip()}
        said = [text for text in texts if text not in found]
        for start in range(0, len(said), _BATCH):
            batch = said[start : start + _BATCH]
            found |= zip(batch, await store.vectors(community, batch), strict=True)
        return found


def _encoding(store: VectorStore) -> Encoding:
    return Encoding(store.version, store.dimension)


def _vector(state: State, moment: Moment, text: str) -> NDArray[np.int16]:
    aids: Aids | None = moment.aids
    made = None if aids is None else aids.made.get(state.encoding.encoder)
    vector = None if made is None else made.vectors.get(text)
    if vector is None:
        raise LookupError("no vector was prepared for a text of this event")
    return vector


def on_post_published(state: State, event: events.PostPublished, moment: Moment) -> Iterable[Event]:
    if not follow.is_new(state, event):
        return ()
    vector = _vector(state, moment, words(event.title, event.text))
    ranked = rank_new(state, event, follow.new_post(event, state.community.next_ordinal), vector, moment.clock)
    follow.take_post(state, event, vector)
    offered = [] if ranked is None else offer.offer_post(state, ranked, moment.clock)
    told = _write(state, event, event.author, event.channel, moment, offered)
    return told if ranked is None else [ranked, *told]


def on_reply_published(state: State, event: events.ReplyPublished, moment: Moment) -> Iterable[Event]:
    if not follow.is_new(state, event):
        return ()
    channel = follow.take_reply(state, event).channel
    offer.unlist_for(state, event.author, event.post)
    return _write(state, event, event.author, channel, moment)


def _write(
    state: State,
    event: events.CommunityEvent,
    member: str,
    channel: str,
    moment: Moment,
    offered: Sequence[str] = (),
) -> list[Event]:
    """Renew the lists of a member who has written in a channel, and of those who should be offered what they wrote.

    Gives what is to be said of people.
    """
    offer.renew(state, [*offered, member], channel, moment.clock)
    peers, introducing = offer.refresh_peers(state, member, channel, moment.clock)
    return [*tell_people(state, member, event, peers, introducing, moment.clock)]


def on_message_edited(state: State, event: events.MessageEdited, moment: Moment) -> Iterable[Event]:
    post = state.documents.get(POSTS, event.message)
    new = None if post is None else follow.edited(post, event)
    if new is None:
        return ()
    vector = _vector(state, moment, new.words())
    another = another_post(state, event, new, vector)
    follow.edit(state, event.message, new, vector)
    ranked = rank_again(state, event, vector, moment.clock) if another else None
    if ranked is None:
        return ()
    offer.renew(state, offer.offer_post(state, ranked, moment.clock), new.channel, moment.clock)
    return (ranked,)


def on_message_removed(state: State, event: events.MessageRemoved, _moment: Moment) -> Iterable[Event]:
    follow.remove(state, event)
    offer.withdraw(state, event.message)
    return ()


def on_thread_resolved(state: State, event: events.ThreadResolved, _moment: Moment) -> Iterable[Event]:
    follow.resolve(state, event)
    offer.settle(state, event.message)
    return ()


def on_thread_flagged(state: State, event: events.ThreadFlagged, _moment: Moment) -> Iterable[Event]:
    if event.flagged:
        # Moderators have it: nobody is offered it, as if it were settled.
        follow.resolve(state, event)
        offer.settle(state, event.message)
    return ()


def on_member_joined(state: State, event: events.MemberJoined, _moment: Moment) -> Iterable[Event]:
    meet.join(state, event)
    return ()


def on_member_updated(state: State, event: events.MemberUpdated, _moment: Moment) -> Iterable[Event]:
    meet.update(state, event)
    return ()


def on_member_left(state: State, event: events.MemberLeft, _moment: Moment) -> Iterable[Event]:
    meet.leave(state, event)
    decline.leave(state, event)
    return ()


def on_member_forgotten(state: State, event: events.MemberForgotten, moment: Moment) -> Iterable[Event]:
    forget.forget(state, event, moment.clock)
    return ()


def on_roles_changed(state: State, event: events.RolesChanged, _moment: Moment) -> Iterable[Event]:
    meet.change_roles(state, event)
    return ()


def on_preferences_changed(state: State, event: events.PreferencesChanged, moment: Moment) -> Iterable[Event]:
    if declare.is_declared(state, event):
        declare.declare(state, event)
        state.index.set_interests(event.member, [_vector(state, moment, topic) for topic in declare.declared(event)])
        offer.renew(state, [event.member], None, moment.clock)
    return ()


def on_match_declined(state: State, event: events.MatchDeclined, _moment: Moment) -> Iterable[Event]:
    decline.decline_match(state, event)
    return ()


def on_topic_declined(state: State, event: events.TopicDeclined, _moment: Moment) -> Iterable[Event]:
    decline.decline_topic(state, event)
    return ()


def on_channel_opened(state: State, event: events.ChannelOpened, _moment: Moment) -> Iterable[Event]:
    admit.open_channel(state, event)
    return ()


def on_channel_changed(state: State, event: events.ChannelChanged, _moment: Moment) -> Iterable[Event]:
    admit.change_channel(state, event)
    return ()


def on_channel_closed(state: State, event: events.ChannelClosed, _moment: Moment) -> Iterable[Event]:
    admit.close_channel(state, event)
    return ()


def on_model_promoted(state: State, event: events.ModelPromoted, moment: Moment) -> Iterable[Event]:
    aids: Aids | None = moment.aids
    promote(state, event, None if aids is None else aids.artefacts.get(event.artefact))
    return ()


def on_encoder_changed(state: State, event: events.EncoderChanged, moment: Moment) -> Iterable[Event]:
    aids: Aids | None = moment.aids
    if aids is not None and change_encoder.is_change(state, event):
        made = aids.made[aids.changes[event.encoder]]
        artefact = None if event.artefact is None else aids.artefacts.get(event.artefact)
        change_encoder.change(state, event, made.encoding, made.vectors, artefact)
    return ()


def on_nudge_issued(state: State, event: events.NudgeIssued, _moment: Moment) -> Iterable[Event]:
    follow.note_asked(state, event)
    return ()


def on_community(
    state: State, event: events.CommunityOpened | events.CommunityClosed, _moment: Moment
) -> Iterable[Event]:
    follow.open_community(state, event, isinstance(event, events.CommunityOpened))
    return ()


def on_community_deleted(state: State, event: events.CommunityDeleted, _moment: Moment) -> Iterable[Event]:
    delete(state, event)
    return ()


HANDLERS: Handlers[State] = {
    events.PostPublished: on_post_published,
    events.ReplyPublished: on_reply_published,
    events.MessageEdited: on_message_edited,
    events.MessageRemoved: on_message_removed,
    events.ThreadResolved: on_thread_resolved,
    events.ThreadFlagged: on_thread_flagged,
    events.MemberJoined: on_member_joined,
    events.MemberUpdated: on_member_updated,
    events.MemberLeft: on_member_left,
    events.MemberForgotten: on_member_forgotten,
    events.RolesChanged: on_roles_changed,
    events.PreferencesChanged: on_preferences_changed,
    events.MatchDeclined: on_match_declined,
    events.TopicDeclined: on_topic_declined,
    events.ChannelOpened: on_channel_opened,
    events.ChannelChanged: on_channel_changed,
    events.ChannelClosed: on_channel_closed,
    events.ModelPromoted: on_model_promoted,
    events.EncoderChanged: on_encoder_changed,
    events.NudgeIssued: on_nudge_issued,
    events.CommunityOpened: on_community,
    events.CommunityClosed: on_community,
    events.CommunityDeleted: on_community_deleted,
}
