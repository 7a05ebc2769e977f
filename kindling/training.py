"""Training a community's models: its history is read, learnt from, and what does no worse is taken into use.

    open -> alone, by a lease -> fetch vectors -> walk and learn -> keep the artefact -> promote by a record in the log

How each try ended is kept for who trains next, and for `kindling models list` and `kindling doctor`.
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindling.commands.common import open_log
from kindling.standing import Standing, standing
from kindling.vectors_of_kept import vectors_of_kept
from services.recommend.app import open_encoders
from services.recommend.documents import ENCODED, ENCODER, MODELS
from services.recommend.encoding import encoder_of
from services.recommend.export import ModelUnavailable
from services.recommend.models import Models, sha256
from services.recommend.ports import Encoder
from services.recommend.promote import in_use
from services.recommend.settings import RecommendSettings
from services.recommend.stored_models import StoredModels
from services.recommend.stored_tries import BeingTrained, StoredTries
from services.recommend.stored_vectors import StoredVectors
from services.recommend.train import TooYoung, train
from services.recommend.tries import Ending, Try
from services.recommend.walk import History
from shared.clock import wall_clock
from shared.connections import Connections
from shared.events import CommunityEvent, ModelPromoted
from shared.failures import Unavailable, UnsafeSettings
from shared.log import Log, Outgoing
from shared.service import ServiceName, TopicName
from shared.state import Documents
from shared.topics import partition_of
from shared.wire import Envelope, encode

# How `kindling models train` ends where another process trains the same models.
BEING_TRAINED = 3

_BATCH = 1000
# What these say of themselves names nobody and quotes no text.
_SPEAKING = (Unavailable, UnsafeSettings, ModelUnavailable)

# Told what is done, how much of it, and of how much, where that is known.
Told = Callable[[str, int | None, int | None], None]


class UnknownCommunity(Exception):
    """Recommend has stored nothing of such a community."""

    def __init__(self, community: str) -> None:
        super().__init__(f"recommend knows no community {community}: import its history first")


@dataclass(frozen=True)
class Opened:
    """A community's documents as recommend has stored them, its models and tries, and the log."""

    community: str
    documents: Documents
    models: StoredModels
    tries: StoredTries
    log: Log
    connections: Connections
    redis: Any

    async def keep(self, name: str, artefact: bytes) -> None:
        """Keep an artefact, and those in use and before it beside it."""
        named = frozenset(model.id for model in self.documents.table(MODELS).values())
        await self.models.put(self.community, name, artefact, named)

    async def encoder(self) -> str | None:
        """Look up which encoder makes the community's vectors; None where none is noted yet, as before an upgrade."""
        store = self.connections.store(self.redis, ServiceName.RECOMMEND)
        known = await store.get(self.community, ENCODED, ENCODER)
        return None if known is None else known.encoder

    async def read_again(self) -> Documents:
        """Read the documents as they are now."""
        stored = await self.connections.store(self.redis, ServiceName.RECOMMEND).load(self.community)
        return await asyncio.to_thread(Documents, dict(stored.documents))

    async def standing(self) -> Standing:
        """Look up which models rank, and how the last try ended."""
        return await standing(self.connections, self.redis, self.community)

    async def promote(self, name: str, artefact: bytes) -> None:
        """Publish that a model is to rank from now on; recommend takes it over where the record comes."""
        await self.publish(
            ModelPromoted(
                id=f"model/{name}/{secrets.token_hex(8)}", source="kindling/models", at=wall_clock(),
                community=self.community, model=name, artefact=name, sha256=sha256(artefact),
            )
        )  # fmt: skip

    async def publish(self, event: CommunityEvent) -> None:
        """Publish what was decided of the community."""
        partition = partition_of(self.community, self.log.partitions)
        body = encode(Envelope(event))
        await self.log.publish([Outgoing(TopicName.ACTIVITY, partition, self.community, body)])


@asynccontextmanager
async def opened(connections: Connections, community: str) -> AsyncIterator[Opened]:
    """Open a community for a tool.

    Raises:
        UnknownCommunity: recommend knows none of that name.
    """
    async with connections.redis() as redis:
        stored = await connections.store(redis, ServiceName.RECOMMEND).load(community)
        if stored.position is None:
            raise UnknownCommunity(community)
        async with open_log(connections) as log:
            models, tries = StoredModels(redis, connections.prefix), StoredTries(redis, connections.prefix)
            yield Opened(community, Documents(dict(stored.documents)), models, tries, log, connections, redis)


@dataclass(frozen=True, slots=True)
class Trained:
    """What was made, and how the try ended: promoted or only kept, and why."""

    models: Models
    tried: Try


async def train_community(
    rules: RecommendSettings,
    opened: Opened,
    told: Told,
    *,
    promote: bool,
    keep_chosen: bool,
    encoder: Encoder | None = None,
) -> Trained:
    """Train a community's models, and take them into use where they do no worse than those in use.

    With `keep_chosen` what an operator chose stays in use; without, it is left to the training again. It is trained
    with the vectors of the community's encoder, or of another one, which who gives it closes.

    Raises:
        TooYoung: there is too little to learn from.
        BeingTrained: another process is at it.
        UnsafeSettings: the settings do not name the community's encoder.
    """
    tries, community, begun = opened.tries, opened.community, wall_clock()
    async with tries.alone(community) as alone:
        try:
            await tries.note(community, Try(begun, Ending.UNDER_WAY))
            if promote and not keep_chosen:
                await tries.choose(community, False)
            made = await _trained(rules, opened, told, encoder)
            artefact = made.artefact()
            await opened.keep(made.id, artefact)
            why_not = await _why_not(opened, made, promote)
            await alone()
            if why_not is None:
                await opened.promote(made.id, artefact)
        except BeingTrained:
            raise
        except BaseException as error:
            with suppress(Unavailable):
                await tries.note(community, _ended_by(begun, error))
            raise
        ending = Ending.PROMOTED if why_not is None else Ending.KEPT
        tried = Try(begun, ending, why_not or f"{made.id} ranks from then on")
        await tries.note(community, tried)
        return Trained(made, tried)


def _ended_by(begun: datetime, error: BaseException) -> Try:
    if isinstance(error, TooYoung):
        return Try(begun, Ending.TOO_YOUNG, str(error))
    if isinstance(error, Exception):
        return Try(begun, Ending.FAILED, str(error) if isinstance(error, _SPEAKING) else type(error).__name__)
    return Try(begun, Ending.STOPPED)


async def _why_not(opened: Opened, made: Models, promote: bool) -> str | None:
    """Say why new models are only kept; None where they are to rank."""
    found = made.card["held_out"]["mrr"]
    if not promote:
        return "it was trained to be kept"
    encoder = await opened.encoder()
    if encoder is not None and not made.fits(encoder):
        return f"the community has changed its encoder to {encoder} meanwhile"
    if found["this"] < found["in_use"]:
        return f"it does worse than what is in use: MRR {found['this']:.3f}, and {found['in_use']:.3f}"
    # Asked at the end: they may have gone back meanwhile.
    if await opened.tries.chosen(opened.community):
        return "what ranks was chosen by an operator, and stays"
    return None


async def _trained(rules: RecommendSettings, opened: Opened, told: Told, encoder: Encoder | None) -> Models:
    if encoder is not None:
        return await _made(rules, opened, told, encoder)
    encoders = await open_encoders(rules, lambda what: told(what, None, None))
    try:
        known = {encoder_of(found.version): found for found in encoders}
        own = await opened.encoder() or next(iter(known))
        if own not in known:
            raise UnsafeSettings(
                f"the community has its vectors from {own}, and the settings name only {' and '.join(known)}"
            )
        return await _made(rules, opened, told, known[own])
    finally:
        for found in encoders:
            await found.close()


async def _made(rules: RecommendSettings, opened: Opened, told: Told, encoder: Encoder) -> Models:
    # Somebody may have been forgotten since it was opened, as where all was embedded before.
    documents = await opened.read_again()
    history = await asyncio.to_thread(History.of, documents)
    told("reading vectors", None, None)
    async with vectors_of_kept(rules, opened, encoder) as (store, _):
        vectors = await _vectors(store, opened.community, history)
    with _until_cancelled() as go_on:

        def walked(done: int, total: int) -> None:
            go_on()
            told("walking through the history", done, total)

        used = in_use(documents, encoder_of(store.version))
        return await asyncio.to_thread(train, rules, store.version, store.dimension, history, vectors, used, walked)


async def _vectors(store: StoredVectors, community: str, history: History) -> dict[str, NDArray[np.int16]]:
    texts = history.texts()
    said = [text for text in texts if text.strip()]
    vectors: dict[str, NDArray[np.int16]] = {}
    for start in range(0, len(said), _BATCH):
        batch = said[start : start + _BATCH]
        vectors |= zip(batch, await store.vectors(community, batch), strict=True)
    return vectors | {text: np.zeros(store.dimension, np.int16) for text in texts if text not in vectors}


@contextmanager
def _until_cancelled() -> Iterator[Callable[[], None]]:
    """Give what a thread calls to end once nobody waits for it: a process waits for its threads before it ends."""
    ended = threading.Event()

    def go_on() -> None:
        if ended.is_set():
            raise InterruptedError

    try:
        yield go_on
    finally:
        ended.set()
