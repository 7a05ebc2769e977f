"""`kindling community save` and `restore`: one community in a file, for a backup or a move to another deployment."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from kindling.commands.common import Community, DataDir, Json, open_log, writable, write_json
from kindling.saved.plan import How
from kindling.saved.restore import Restored, Restoring
from kindling.saved.save import Saved
from kindling.saved.save import save as save_into
from kindling.servers import servers
from kindling.settings import load
from shared.clock import wall_clock
from shared.connections import Connections

NOT_IN_IT = "Not in it: keys of the front door, links, what imports kept, and the log that its services have read."


def save(
    community: Community,
    file: Annotated[Path, typer.Argument(callback=writable, help="The file to write; it must not be there yet.")],
    json_file: Json = None,
    data_dir: DataDir = None,
) -> None:
    """Save all that the services keep of a community into one file, which nobody else may read.

    The services may be at work. To move it elsewhere, close it first: so nobody is asked twice.
    """

    async def work(connections: Connections) -> Saved:
        async with connections.redis() as redis, open_log(connections) as log:
            return await save_into(connections, redis, log, community, file, wall_clock())

    with servers(load(data_dir=data_dir)) as connections:
        saved = asyncio.run(work(connections))
    write_json(json_file, asdict(saved))
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        Text(
            f"{community} is saved in {file}: {saved.documents:,} documents, {saved.records:,} records on their way, "
            f"{saved.letters:,} dead letters, {file.stat().st_size:,} bytes. It holds all texts and names."
        )
    )
    console.print(NOT_IN_IT)
    if not saved.closed:
        console.print("It is open, and goes on: a backup. To move it, close it, save it again, and restore that.")


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `kindling community save` wrote.")],
    as_saved: Annotated[
        bool, typer.Option("--as-saved", help="Without what the log holds since; it comes closed.")
    ] = False,
    over: Annotated[bool, typer.Option("--replace", help="Put it in the place of the one that is there.")] = False,
    json_file: Json = None,
    data_dir: DataDir = None,
) -> None:
    """Restore a saved community, here or in another deployment.

    Where the log is the one that it was saved from, what came in since is read again: stop all services first. In
    another log, or with --as-saved, they may be at work; it comes closed, and `kindling community open` goes on.
    """
    settings = load(data_dir=data_dir)

    async def work(connections: Connections) -> Restored:
        async with connections.redis() as redis, open_log(connections) as log:
            restoring = Restoring(connections, redis, log, settings.nudge, file, wall_clock())
            return await restoring.restore(as_saved=as_saved, over=over)

    with servers(settings) as connections:
        restored = asyncio.run(work(connections))
    shown = asdict(restored) | {"saved": restored.saved.isoformat()}
    write_json(json_file, shown | {"full": restored.full.isoformat() if restored.full else None})
    _show(Console(highlight=False, soft_wrap=True), restored)


def _show(console: Console, restored: Restored) -> None:
    name, when = restored.community, f"{restored.saved:%Y-%m-%d %H:%M} UTC"
    if restored.how is How.READING_ON:
        console.print(
            Text(
                f"{name} is as it was at {when}. Start the services: they read again what came in since, "
                f"{restored.again:,} records."
            )
        )
        return
    console.print(
        Text(
            f"{name} is as it was at {when}, and closed. `kindling community open {name}` goes on with it; "
            f"`kindling keys create {name}` makes a key to send with."
        )
    )
    if restored.full is not None:
        console.print(
            Text(
                "It was open when it was saved: whom it asked after that is not known here. Opened not before "
                f"{restored.full:%Y-%m-%d %H:%M} UTC, it asks nobody beyond their attention budget."
            )
        )
    if restored.forgotten:
        console.print(Text(f"{restored.forgotten:,} members were forgotten since, and are again."))
    if restored.unsure:
        console.print(
            Text(
                "Who was forgotten since it was saved is not known here: this log does not tell of all that time. Have "
                "them forgotten again before you open it."
            )
        )
