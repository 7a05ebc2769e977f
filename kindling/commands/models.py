"""`kindling models`: train a community's models, see them, take one into use, and go back."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from kindling.commands.common import Community, DataDir, open_log
from kindling.servers import servers
from kindling.settings import Settings, load
from services.recommend.app import open_encoder
from services.recommend.documents import ACTIVE, BEFORE, MODELS
from services.recommend.models import Models, sha256
from services.recommend.promote import HAND_SET, in_use
from services.recommend.stored_models import StoredModels
from services.recommend.stored_vectors import StoredVectors
from services.recommend.train import TooYoung, train
from services.recommend.vector_cache import CachedEncoder, FileVectorCache
from services.recommend.walk import History
from shared.clock import wall_clock
from shared.connections import Connections
from shared.events import ModelPromoted
from shared.log import Log, Outgoing
from shared.service import ServiceName, TopicName
from shared.state import Documents
from shared.topics import partition_of
from shared.wire import Envelope, encode

app = typer.Typer(help="Train a community's models, see them, take one into use, and go back.", no_args_is_help=True)
console = Console(emoji=False)

_BATCH = 1000


@dataclass
class _Opened:
    """A community's documents as recommend has stored them, its models, and the log."""

    community: str
    documents: Documents
    kept: StoredModels
    log: Log
    connections: Connections

    async def promote(self, name: str, artefact: bytes) -> None:
        """Publish that a model is to rank from now on; recommend takes it over where the record comes."""
        at = wall_clock()
        event = ModelPromoted(
            id=f"model/{name}/{secrets.token_hex(8)}", source="kindling/models", at=at, community=self.community,
            model=name, artefact=name, sha256=sha256(artefact),
        )  # fmt: skip
        partition = partition_of(self.community, self.log.partitions)
        body = encode(Envelope(event))
        await self.log.publish([Outgoing(TopicName.ACTIVITY, partition, self.community, body)])


@asynccontextmanager
async def _open(connections: Connections, community: str) -> AsyncIterator[_Opened]:
    redis = connections.redis()
    try:
        stored = await connections.store(redis, ServiceName.RECOMMEND).load(community)
        if stored.position is None:
            raise typer.BadParameter(f"recommend knows no community {community}: import its history first")
        async with open_log(connections) as log:
            kept = StoredModels(redis, connections.prefix)
            yield _Opened(community, Documents(dict(stored.documents)), kept, log, connections)
    finally:
        await redis.aclose()


@app.command("train")
def train_(
    community: Community,
    promote: Annotated[
        bool, typer.Option(help="Take the new models into use where they do no worse than those in use.")
    ] = True,
    data_dir: DataDir = None,
) -> None:
    """Learn from the community's history who answers what, beside the running services.

    A fifth of the history, the latest, is held out to compare the new models with those in use. It takes a minute or
    two for each ten thousand posts. Run it daily or weekly: what is learnt is taken into use by a record in the log.
    """
    settings = load(data_dir=data_dir)
    with servers(settings) as connections:
        try:
            asyncio.run(_train(settings, connections, community, promote))
        except TooYoung as error:
            console.print(f"Nothing is trained for {escape(community)}: {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(1) from None


async def _train(settings: Settings, connections: Connections, community: str, promote: bool) -> None:
    rules = settings.recommend
    async with _open(connections, community) as opened:
        history = await asyncio.to_thread(History.of, opened.documents)
        with _progress() as progress:
            line = progress.add_task("reading vectors", total=None)
            encoder = await asyncio.to_thread(open_encoder, rules, lambda what: progress.update(line, description=what))
            if rules.vector_file is not None:
                cache = await asyncio.to_thread(FileVectorCache, rules.vector_file.expanduser())
                encoder = CachedEncoder(encoder, cache)
            redis = connections.redis()
            try:
                store = StoredVectors(redis, connections.prefix, encoder, rules.vectors_kept)
                vectors = await _vectors(store, community, history)
            finally:
                await encoder.close()
                await redis.aclose()
            progress.update(line, description="walking through the history", total=len(history.posts))
            made = await asyncio.to_thread(
                train, rules, store.version, store.dimension, history, vectors, in_use(opened.documents),
                lambda done, total: progress.update(line, completed=done, total=total),
            )  # fmt: skip
        artefact = made.artefact()
        await opened.kept.put(community, made.id, artefact, _named(opened.documents))
        _say(made)
        held_out = made.card["held_out"]["mrr"]
        if not promote:
            console.print(f"It is kept: kindling models promote {escape(community)} {made.id}", soft_wrap=True)
        elif held_out["this"] < held_out["in_use"]:
            console.print("It does worse than what is in use, and is only kept.")
        else:
            await opened.promote(made.id, artefact)
            way_back = f"kindling models back {escape(community)}"
            console.print(f"{made.id} ranks from now on; the way back: {way_back}", soft_wrap=True)


async def _vectors(store: StoredVectors, community: str, history: History) -> dict[str, NDArray[np.int16]]:
    texts = history.texts()
    said = [text for text in texts if text.strip()]
    vectors: dict[str, NDArray[np.int16]] = {}
    for start in range(0, len(said), _BATCH):
        batch = said[start : start + _BATCH]
        vectors |= zip(batch, await store.vectors(community, batch), strict=True)
    return vectors | {text: np.zeros(store.dimension, np.int16) for text in texts if text not in vectors}


def _named(documents: Documents) -> frozenset[str]:
    return frozenset(model.id for model in documents.table(MODELS).values())


def _say(made: Models) -> None:
    card, held_out = made.card, made.card["held_out"]
    found = held_out["mrr"]
    console.print(
        f"{made.id}: learnt from {card['posts_answered']:,} answered and {card['posts_silent']:,} unanswered posts "
        f"up to {card['until'][:10]}",
        soft_wrap=True, highlight=False,
    )  # fmt: skip
    console.print(
        f"on the latest {held_out['posts']:,}, held out: MRR {found['this']:.3f}, in use {found['in_use']:.3f}, "
        f"set by hand {found['hand_set']:.3f}",
        soft_wrap=True, highlight=False,
    )  # fmt: skip


@app.command("list")
def list_(community: Community, data_dir: DataDir = None) -> None:
    """Show which models there are, what each learnt from, and which one ranks."""
    with servers(load(data_dir=data_dir)) as connections:
        asyncio.run(_list(connections, community))


async def _list(connections: Connections, community: str) -> None:
    async with _open(connections, community) as opened:
        active, before = (opened.documents.get(MODELS, key) for key in (ACTIVE, BEFORE))
        artefacts = await opened.kept.all(community)
    ranks = active.id if active else HAND_SET
    table = Table("", "model", "posts", "MRR", "in use then", "set by hand", box=None)
    table.columns[1].no_wrap = True
    for name, artefact in artefacts.items():
        card = json.loads(artefact)["card"]
        found = card["held_out"]["mrr"]
        mark = ">" if name == ranks else "before" if before and name == before.id else ""
        figures = (f"{found[key]:.3f}" for key in ("this", "in_use", "hand_set"))
        table.add_row(mark, name, f"{card['posts_answered']:,}", *figures)
    table.add_row(">" if ranks == HAND_SET else "", HAND_SET, "", "", "", "")
    console.print(table)
    console.print("posts: answered ones that it learnt from; MRR: on the latest fifth, held out", style="dim")
    if not artefacts:
        console.print(f"Nothing has been trained yet: kindling models train {escape(community)}", soft_wrap=True)


@app.command("promote")
def promote_(
    community: Community,
    model: Annotated[str, typer.Argument(help=f"A model of `kindling models list`, or {HAND_SET}.")],
    data_dir: DataDir = None,
) -> None:
    """Take a model into use that was trained before."""
    with servers(load(data_dir=data_dir)) as connections:
        asyncio.run(_promote(connections, community, model))


async def _promote(connections: Connections, community: str, model: str) -> None:
    async with _open(connections, community) as opened:
        artefact = Models().artefact() if model == HAND_SET else await opened.kept.get(community, model)
        if artefact is None:
            raise typer.BadParameter(f"there is no model {model} of {community}: see kindling models list {community}")
        try:
            Models.read(artefact)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        await opened.promote(model, artefact)
        console.print(f"{escape(model)} ranks from now on", highlight=False)


@app.command("back")
def back(community: Community, data_dir: DataDir = None) -> None:
    """Go back to the models that ranked before those in use; before any, to the weights set by hand."""
    with servers(load(data_dir=data_dir)) as connections:
        asyncio.run(_back(connections, community))


async def _back(connections: Connections, community: str) -> None:
    async with _open(connections, community) as opened:
        active, before = (opened.documents.get(MODELS, key) for key in (ACTIVE, BEFORE))
        if active is None:
            console.print("The weights set by hand rank: there is nothing before them.")
            raise typer.Exit(1)
        name, artefact = (HAND_SET, Models().artefact()) if before is None else (before.id, before.body.encode())
        if before is not None:
            await opened.kept.put(community, name, artefact, _named(opened.documents))
        await opened.promote(name, artefact)
        console.print(f"{escape(name)} ranks from now on, {escape(active.id)} is kept", highlight=False)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
