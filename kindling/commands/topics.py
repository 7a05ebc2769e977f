"""`kindling topics`: make the topics, and say how they stand."""

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from kindling.commands.accept_gap import accept_gap
from kindling.commands.common import DataDir, Json, open_log, refuse_renewed, write_json
from kindling.commands.renew import drained, renew
from kindling.servers import partitions, servers
from kindling.settings import load
from shared.connections import Connections
from shared.service import TopicName

app = typer.Typer(help="Make, describe and renew the topics of the log.", no_args_is_help=True)
app.command("accept-gap")(accept_gap)
app.command("drained")(drained)
app.command("renew")(renew)


@app.command()
def create(
    data_dir: DataDir = None,
    count: Annotated[
        int | None, typer.Option("--partitions", min=1, max=1024, help="Partitions of each topic; never altered later.")
    ] = None,
    json_file: Json = None,
) -> None:
    """Make the topics where they are missing; run it once per installation."""
    settings = load(data_dir=data_dir, partitions=count)

    async def make(connections: Connections) -> tuple[bool, int]:
        await refuse_renewed(connections)
        async with connections.closing_log() as log:
            made = await log.create(partitions(settings))
            await log.start()
            return made, log.partitions

    with servers(settings) as connections:
        made, there = asyncio.run(make(connections))
    of = f"of {there} partitions under {settings.prefix!r}"
    typer.echo(f"topics made, {of}" if made else f"the topics are there already, {of}")
    write_json(json_file, {"made": made, "prefix": settings.prefix, "partitions": there})
    if count not in (None, there):
        typer.echo(f"they were not made with {count}: a log's partitions are never altered", err=True)
        raise typer.Exit(1)


@app.command()
def describe(json_file: Json = None, data_dir: DataDir = None) -> None:
    """Print each topic with its partitions and how many records were ever written to it."""
    settings = load(data_dir=data_dir)

    async def look(connections: Connections) -> dict[str, Any]:
        async with open_log(connections) as log:
            before = log.first * log.partitions
            written = {topic.value: sum((await log.ends(topic)).values()) - before for topic in TopicName}
            made = {"prefix": settings.prefix, "generation": log.generation, "partitions": log.partitions}
            return {**made, "records": written}

    with servers(settings) as connections:
        made = asyncio.run(look(connections))
    title = f"{made['prefix']}, generation {made['generation']}"
    table = Table("topic", "partitions", "records so far", title=title)
    for topic, written in made["records"].items():
        table.add_row(topic, str(made["partitions"]), f"{written:,}")
    Console().print(table)
    write_json(json_file, made)
