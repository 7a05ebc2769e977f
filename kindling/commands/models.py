"""`kindling models`: train a community's models, see them, take one into use, and go back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from kindling.commands.common import Community, DataDir
from kindling.servers import servers
from kindling.settings import Settings, load
from kindling.training import BEING_TRAINED, Opened, UnknownCommunity, opened, train_community
from services.recommend.documents import ACTIVE, BEFORE, MODELS
from services.recommend.models import Models, trained_with
from services.recommend.promote import HAND_SET
from services.recommend.stored_tries import BeingTrained
from services.recommend.train import TooYoung
from services.recommend.tries import Ending
from shared.clock import wall_clock
from shared.connections import Connections

app = typer.Typer(help="Train a community's models, see them, take one into use, and go back.", no_args_is_help=True)
console = Console(emoji=False)


@asynccontextmanager
async def _open(connections: Connections, community: str) -> AsyncIterator[Opened]:
    try:
        async with opened(connections, community) as found:
            yield found
    except UnknownCommunity as error:
        raise typer.BadParameter(str(error)) from None


@app.command("train")
def train_(
    community: Community,
    promote: Annotated[
        bool, typer.Option(help="Take the new models into use where they do no worse than those in use.")
    ] = True,
    keep_chosen: Annotated[
        bool, typer.Option("--keep-chosen", help="Leave in use what `promote` or `back` chose, as the services do.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Learn from the community's history who answers what, beside the running services.

    They do so by themselves, as often as KINDLING_RECOMMEND__TRAIN_EVERY_HOURS says. A fifth of the history, the
    latest, is held out to compare the new models with those in use. It takes a minute or two for each ten thousand
    posts. What is learnt is taken into use by a record in the log.
    """
    settings = load(data_dir=data_dir)
    with servers(settings) as connections:
        try:
            asyncio.run(_train(settings, connections, community, promote, keep_chosen))
        except TooYoung as error:
            console.print(f"Nothing is trained for {escape(community)}: {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(1) from None
        except BeingTrained as error:
            console.print(f"Nothing is trained for {escape(community)}: {error}", soft_wrap=True)
            raise typer.Exit(BEING_TRAINED) from None


async def _train(
    settings: Settings, connections: Connections, community: str, promote: bool, keep_chosen: bool
) -> None:
    async with _open(connections, community) as found:
        with progress_bar() as progress:
            line = progress.add_task("", total=None)

            def told(what: str, done: int | None, total: int | None) -> None:
                progress.update(line, description=what, completed=done, total=total)

            trained = await train_community(
                settings.recommend, found, told, promote=promote, keep_chosen=keep_chosen
            )  # fmt: skip
    made, tried = trained.models, trained.tried
    _say(made)
    if tried.ending is Ending.PROMOTED:
        way_back = f"kindling models back {escape(community)}"
        console.print(f"{made.id} ranks from now on; the way back: {way_back}", soft_wrap=True)
    else:
        way = f"kindling models promote {escape(community)} {made.id}"
        console.print(f"It is only kept, because {tried.said}. To use it: {way}", soft_wrap=True, highlight=False)


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
    """Show which models there are, what each learnt from, which one ranks, and how the last training ended."""
    with servers(load(data_dir=data_dir)) as connections:
        asyncio.run(_list(connections, community))


async def _list(connections: Connections, community: str) -> None:
    async with _open(connections, community) as found:
        before = found.documents.get(MODELS, BEFORE)
        artefacts = await found.models.all(community)
        stands = await found.standing()
    ranks = stands.ranks
    table = Table("", "model", "posts", "MRR", "in use then", "set by hand", box=None)
    table.columns[1].no_wrap = True
    for name, artefact in artefacts.items():
        card = json.loads(artefact)["card"]
        scores = card["held_out"]["mrr"]
        mark = ">" if name == ranks else "before" if before and name == before.id else ""
        mark = "aside" if name == stands.aside else mark
        figures = (f"{scores[key]:.3f}" for key in ("this", "in_use", "hand_set"))
        table.add_row(mark, name, f"{card['posts_answered']:,}", *figures)
    table.add_row(">" if ranks == HAND_SET else "", HAND_SET, "", "", "", "")
    console.print(table)
    console.print("posts: answered ones that it learnt from; MRR: on the latest fifth, held out", style="dim")
    console.print(stands.told(wall_clock()), soft_wrap=True, highlight=False, markup=False)
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
    async with _open(connections, community) as found:
        artefact = Models().artefact() if model == HAND_SET else await found.models.get(community, model)
        if artefact is None:
            raise typer.BadParameter(f"there is no model {model} of {community}: see kindling models list {community}")
        try:
            models = Models.read(artefact)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        encoder = await found.encoder()
        if encoder is not None and not models.fits(encoder):
            raise typer.BadParameter(f"{model} was trained with {models.encoder}, and {community} has {encoder} now")
        await found.tries.choose(community, True)
        await found.promote(model, artefact)
        console.print(f"{escape(model)} ranks from now on; {_until(community)}", soft_wrap=True, highlight=False)


@app.command("back")
def back(community: Community, data_dir: DataDir = None) -> None:
    """Go back to the models that ranked before those in use; before any, to the weights set by hand."""
    with servers(load(data_dir=data_dir)) as connections:
        asyncio.run(_back(connections, community))


async def _back(connections: Connections, community: str) -> None:
    async with _open(connections, community) as found:
        active, before = (found.documents.get(MODELS, key) for key in (ACTIVE, BEFORE))
        stands, encoder = await found.standing(), await found.encoder()
        if active is None or stands.aside is not None:
            console.print("The weights set by hand rank: there is nothing before them.")
            raise typer.Exit(1)
        if before is not None and encoder is not None and trained_with(before.body) not in (None, encoder):
            before = None  # of another encoder
        name, artefact = (HAND_SET, Models().artefact()) if before is None else (before.id, before.body.encode())
        if before is not None:
            await found.keep(name, artefact)
        await found.tries.choose(community, True)
        await found.promote(name, artefact)
        said = f"{escape(name)} ranks from now on, {escape(active.id)} is kept; {_until(community)}"
        console.print(said, soft_wrap=True, highlight=False)


def _until(community: str) -> str:
    return f"it stays until you say otherwise, or let newer ones take over: kindling models train {escape(community)}"


def progress_bar() -> Progress:
    """Make a bar for what is done in steps, on stderr."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
