"""`kindling encoders`: which encoder each community has, and changing it without a stop."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kindling.changing import Changed, change, embed, to_change_to, why_not, with_other_builds
from kindling.commands.common import DataDir, community_id
from kindling.commands.models import progress_bar
from kindling.servers import servers
from kindling.settings import Settings, load
from kindling.training import BEING_TRAINED, Opened, Told, UnknownCommunity, opened
from services.recommend.app import open_encoders
from services.recommend.documents import ENCODED, ENCODER
from services.recommend.encoding import encoder_of
from services.recommend.ports import Encoder
from services.recommend.replicas import Replicas
from services.recommend.stored_tries import BeingTrained
from services.recommend.vector_versions import VectorVersions
from shared.connections import Connections
from shared.service import ServiceName

app = typer.Typer(help="See which encoder makes each community's vectors, and change it.", no_args_is_help=True)
console = Console(emoji=False)

# Recommend comes to the record within a second, where it is not behind.
_WAIT_SECONDS = 60.0

Communities = Annotated[
    list[str] | None, typer.Argument(callback=lambda names: [community_id(n) for n in names or ()], help="Their ids.")
]
Nice = Annotated[int, typer.Option(min=0, max=19, help="How far to stand back behind the services.")]
All = Annotated[bool, typer.Option("--all", help="All communities.")]
Work = Callable[[Opened, Encoder, Told], Awaitable[str]]


@app.command("list")
def list_(data_dir: DataDir = None) -> None:
    """Show each community's encoder, the vectors that are kept of each, and what the replicas of recommend have."""
    with servers(load(data_dir=data_dir)) as connections:
        asyncio.run(_list(connections))


async def _list(connections: Connections) -> None:
    async with connections.redis() as redis:
        state, table = connections.store(redis, ServiceName.RECOMMEND), Table()
        for column in ("community", "encoder", "vectors kept"):
            table.add_column(column, overflow="fold")  # two builds differ in what would be cut
        for name in sorted(await state.communities()):
            known = await state.get(name, ENCODED, ENCODER)
            counts = await VectorVersions(redis, connections.prefix).counts(name)
            kept = "\n".join(f"{count:,} of {version}" for version, count in counts.items())
            table.add_row(escape(name), escape(known.encoder) if known else "as recommend is set", escape(kept))
        told = await Replicas(redis, connections.prefix).versions()
    console.print(table)
    console.print(f"replicas of recommend that run: {len(told)}", highlight=False)
    for encoder, number in sorted(Counter(name for names in told for name in names).items()):
        console.print(f"  {number} of them {'have' if number > 1 else 'has'} {escape(encoder)}", highlight=False)


@app.command("embed")
def embed_(communities: Communities = None, every: All = False, nice: Nice = 10, data_dir: DataDir = None) -> None:
    """Make the vectors of the encoder that a community has not, of all it keeps; the services go on meanwhile.

    Of KINDLING_RECOMMEND__MODEL and KINDLING_RECOMMEND__SECOND_MODEL that is the other one. It keeps what it has made
    where it is interrupted, and goes on from there. Nothing changes by it but what is kept.
    """
    settings = load(data_dir=data_dir)

    async def work(found: Opened, encoder: Encoder, told: Told) -> str:
        made = await embed(settings.recommend, found, encoder, told)
        return f"{made:,} texts were embedded by {encoder_of(encoder.version)}, the rest had been before"

    _for_each(settings, _chosen(communities, every=every), work, nice)


@app.command("change")
def change_(
    communities: Communities = None,
    every: All = False,
    train: Annotated[bool, typer.Option(help="Train models with the new encoder before.")] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Even where replicas of recommend lack it, or have another build.")
    ] = False,
    nice: Nice = 10,
    data_dir: DataDir = None,
) -> None:
    """Change communities to the other encoder: embed, train, then one record in the log says so.

    The old encoder ranks up to that record and the new one after it, also what was written before. The vectors of the
    old one stay for the way back, which is the same command, until `kindling encoders drop`.
    """
    settings = load(data_dir=data_dir)

    async def work(found: Opened, encoder: Encoder, told: Told) -> str:
        name = encoder_of(encoder.version)

        async def still() -> None:
            await _refuse_or_warn(found, encoder.version, force=force)

        await still()
        changed = await change(settings.recommend, found, encoder, told, training=train, still=still)
        told("waiting for recommend", None, None)
        return _said(changed, done=await _is_done(found, name))

    try:
        _for_each(settings, _chosen(communities, every=every), work, nice)
    except BeingTrained as error:
        console.print(f"Not changed yet: {error}; call again when it has ended", soft_wrap=True)
        raise typer.Exit(BEING_TRAINED) from None


async def _refuse_or_warn(found: Opened, version: str, *, force: bool) -> None:
    replicas = await Replicas(found.redis, found.connections.prefix).versions()
    why = why_not(version, replicas)
    if why and not force:
        raise typer.BadParameter(f"{why}, or say --force")
    others = with_other_builds(version, replicas)
    if why or others:
        why = why or (
            f"{others} of {len(replicas)} replicas of recommend have another build than {version}: they make the "
            "vectors of communities of theirs again, while the partition waits"
        )
        typer.echo(f"{found.community}: {why}", err=True)


async def _is_done(found: Opened, encoder: str) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(_WAIT_SECONDS):
            while await found.encoder() != encoder:
                await asyncio.sleep(0.2)
            return True
    return False


def _said(changed: Changed, *, done: bool) -> str:
    models = f"{changed.models} ranks" if changed.models else "what is set by hand ranks until models are trained"
    when = "from now on" if done else "as soon as recommend comes to the record: /health/ready says what it waits for"
    return f"{changed.encoder} {when}; {changed.embedded:,} texts embedded; {models} ({changed.why})"


@app.command("drop")
def drop(communities: Communities = None, every: All = False, data_dir: DataDir = None) -> None:
    """Delete the vectors of encoders that communities do not have (any more): the way back is a new embedding then."""
    settings = load(data_dir=data_dir)
    with servers(settings) as connections:
        asyncio.run(_drop(connections, _chosen(communities, every=every)))


async def _drop(connections: Connections, chosen: Sequence[str] | None) -> None:
    async with connections.redis() as redis:
        state, vectors = connections.store(redis, ServiceName.RECOMMEND), VectorVersions(redis, connections.prefix)
        for name in await _named(connections, chosen):
            known = await state.get(name, ENCODED, ENCODER)
            if known is None:
                raise typer.BadParameter(f"no encoder is noted for {name} yet: nothing is dropped")
            counts = await vectors.counts(name)
            others = {version: count for version, count in counts.items() if encoder_of(version) != known.encoder}
            for version, count in others.items():
                await vectors.drop(name, version)
                console.print(f"{escape(name)}: {count:,} vectors of {version} are gone", soft_wrap=True)
            if not others:
                console.print(f"{escape(name)}: nothing to drop", soft_wrap=True)


def _for_each(settings: Settings, chosen: Sequence[str] | None, work: Work, nice: int) -> None:
    os.nice(nice)
    with servers(settings) as connections:
        asyncio.run(_work(settings, connections, chosen, work))


async def _work(settings: Settings, connections: Connections, chosen: Sequence[str] | None, work: Work) -> None:
    names = await _named(connections, chosen)
    with progress_bar() as progress:
        line = progress.add_task("", total=None)
        encoders = await open_encoders(settings.recommend, lambda what: progress.update(line, description=what))
        try:
            for name in names:

                def told(what: str, done: int | None, total: int | None, name: str = name) -> None:
                    progress.update(line, description=f"{escape(name)}: {what}", completed=done, total=total)

                try:
                    async with opened(connections, name) as found:
                        encoder = to_change_to(encoders, await found.encoder())
                        said = await work(found, encoder, told)
                except UnknownCommunity as error:
                    raise typer.BadParameter(str(error)) from None
                progress.console.print(f"{escape(name)}: {said}", soft_wrap=True, highlight=False, markup=False)
        finally:
            for encoder in encoders:
                await encoder.close()


def _chosen(communities: Sequence[str] | None, *, every: bool) -> Sequence[str] | None:
    """Give the communities that are named; None for all of them."""
    if bool(communities) == every:
        raise typer.BadParameter("name communities, or say --all")
    return communities or None


async def _named(connections: Connections, chosen: Sequence[str] | None) -> Sequence[str]:
    """Give the communities that are named, or all; refuses one that recommend does not know before anything is done."""
    async with connections.redis() as redis:
        state = connections.store(redis, ServiceName.RECOMMEND)
        if chosen is None:
            return sorted(await state.communities())
        for name in chosen:
            if not await state.known(name):
                raise typer.BadParameter(str(UnknownCommunity(name)))
        return chosen
