"""`kindling keys`: who may send activity."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kindling.commands.arguments import valid
from kindling.commands.common import Community, DataDir, Json, refuse_renewed, write_json
from kindling.deleting import stage
from kindling.servers import partitions, servers
from kindling.settings import Settings, load
from services.ingest.accept import Scope
from services.ingest.keys import Keys
from services.ingest.opening import opening
from shared import limits
from shared.clock import wall_clock
from shared.connections import Connections
from shared.failures import Unprocessable
from shared.log import Outgoing
from shared.service import TopicName
from shared.topics import partition_of

app = typer.Typer(help="Make, list and revoke the API keys of the front door.", no_args_is_help=True)
T = TypeVar("T")


def _with_keys(settings: Settings, work: Callable[[Connections, Keys], Awaitable[T]]) -> T:
    async def run() -> T:
        async with connections.redis() as redis:
            return await work(connections, Keys(redis, connections.prefix, wall_clock))

    with servers(settings) as connections:
        return asyncio.run(run())


@app.command()
def create(
    community: Community,
    scope: Annotated[list[Scope] | None, typer.Option(help="What the key may send; can be given again.")] = None,
    note: Annotated[str, typer.Option(callback=valid(limits.Text), help="What the key is for.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Make a key for a community. It is shown once: only its hash is kept.

    A community that is new begins with a dry run: nobody is asked before `kindling community mode` says so.
    """
    settings = load(data_dir=data_dir)

    async def work(connections: Connections, keys: Keys) -> tuple[bool, str]:
        found = await stage(connections, keys.redis, community)
        if found.begun:
            raise Unprocessable(
                f"{community} is deleted, and nothing that is sent for it is taken in: "
                f"`kindling community open {community}` begins it anew, with a key"
            )
        if not found.known:
            await _open(settings, connections, community)
        return not found.known, await keys.create(community, scope or [Scope.ACTIVITY], note)

    new, key = _with_keys(settings, work)
    if new:
        typer.echo(
            f"{community} is new and begins with a dry run: nobody is asked. What would be asked: "
            f"kindling community approve-link {community}; to go on: kindling community mode {community} approve "
            "(or autopilot)",
            err=True,
        )
    typer.echo(key)


async def _open(settings: Settings, connections: Connections, community: str) -> None:
    """Say in the log that a community begins, before anybody has a key to send something of it."""
    await refuse_renewed(connections)
    async with connections.closing_log() as log:
        if settings.store is None:  # with one process there is nobody else to make the topics
            await log.create(partitions(settings))
        await log.start()
        body = opening(community, "key", "kindling/keys", wall_clock())
        await log.publish([Outgoing(TopicName.ACTIVITY, partition_of(community, log.partitions), community, body)])


@app.command("list")
def list_(json_file: Json = None, data_dir: DataDir = None) -> None:
    """List the keys, without their secrets."""
    table = Table("key", "community", "scopes", "note", "made")
    listed = _with_keys(load(data_dir=data_dir), lambda _, keys: keys.list())
    for key in listed:
        made = key.created.isoformat(timespec="minutes")
        table.add_row(key.id, Text(key.community), ", ".join(sorted(key.scopes)), Text(key.note), made)
    Console().print(table)
    shown = [key.model_dump(mode="json", exclude={"sha256"}) for key in listed]
    write_json(json_file, [{**key, "scopes": sorted(key["scopes"])} for key in shown])


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id, as listed.")], data_dir: DataDir = None) -> None:
    """End a key; services notice within seconds."""
    if not _with_keys(load(data_dir=data_dir), lambda _, keys: keys.revoke(key)):
        typer.echo(f"there is no key {key}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{key} is revoked")
