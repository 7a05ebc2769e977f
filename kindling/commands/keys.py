"""`kindling keys`: who may send activity."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kindling.commands.arguments import valid
from kindling.commands.common import Community, DataDir, Json, write_json
from kindling.deleting import stage
from kindling.servers import servers
from kindling.settings import load
from services.ingest.accept import Scope
from services.ingest.keys import Keys
from shared import limits
from shared.clock import wall_clock
from shared.failures import Unprocessable

app = typer.Typer(help="Make, list and revoke the API keys of the front door.", no_args_is_help=True)
T = TypeVar("T")


def _with_keys(data_dir: DataDir, work: Callable[[Keys], Awaitable[T]], opened: str | None = None) -> T:
    """Work on the keys; refuse where the community that is to be `opened` by one is deleted."""
    settings = load(data_dir=data_dir)

    async def run() -> T:
        redis = connections.redis()
        try:
            if opened is not None and (await stage(connections, redis, opened)).begun:
                raise Unprocessable(
                    f"{opened} is deleted, and nothing that is sent for it is taken in: "
                    f"`kindling community open {opened}` begins it anew, with a key"
                )
            return await work(Keys(redis, connections.prefix, wall_clock))
        finally:
            await redis.aclose()

    with servers(settings) as connections:
        return asyncio.run(run())


@app.command()
def create(
    community: Community,
    scope: Annotated[list[Scope] | None, typer.Option(help="What the key may send; can be given again.")] = None,
    note: Annotated[str, typer.Option(callback=valid(limits.Text), help="What the key is for.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Make a key for a community. It is shown once: only its hash is kept."""
    typer.echo(_with_keys(data_dir, lambda keys: keys.create(community, scope or [Scope.ACTIVITY], note), community))


@app.command("list")
def list_(json_file: Json = None, data_dir: DataDir = None) -> None:
    """List the keys, without their secrets."""
    table = Table("key", "community", "scopes", "note", "made")
    listed = _with_keys(data_dir, lambda keys: keys.list())
    for key in listed:
        made = key.created.isoformat(timespec="minutes")
        table.add_row(key.id, Text(key.community), ", ".join(sorted(key.scopes)), Text(key.note), made)
    Console().print(table)
    shown = [key.model_dump(mode="json", exclude={"sha256"}) for key in listed]
    write_json(json_file, [{**key, "scopes": sorted(key["scopes"])} for key in shown])


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id, as listed.")], data_dir: DataDir = None) -> None:
    """End a key; services notice within seconds."""
    if not _with_keys(data_dir, lambda keys: keys.revoke(key)):
        typer.echo(f"there is no key {key}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{key} is revoked")
