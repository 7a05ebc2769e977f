"""`kindling member`: what is held of one person."""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from kindling.commands.arguments import valid
from kindling.commands.common import Community, DataDir, open_log, writable
from kindling.deleting import look_up
from kindling.exporting import Export, export
from kindling.private_file import is_device, private_file
from kindling.servers import servers
from kindling.settings import Settings, load
from shared.connections import Connections
from shared.failures import Unprocessable
from shared.limits import Id

app = typer.Typer(help="See and take away what is held of one person.", no_args_is_help=True)


def _replaceable(file: Path) -> Path:
    """Refuse what could not be written, also where a file of another mode would have to make room."""
    writable(file)
    if not is_device(file) and not os.access(file.parent, os.W_OK):
        raise typer.BadParameter(f"{file.parent} may not be written")
    return file


@app.callback()
def _group() -> None:
    """Have the command named, though it is the only one yet."""


@app.command("export")
def export_(
    community: Community,
    member: Annotated[str, typer.Argument(callback=valid(Id), help="The member's id in it.")],
    out: Annotated[Path, typer.Option("--out", callback=_replaceable, help="Write it to this file, for you alone.")],
    no_log: Annotated[bool, typer.Option("--no-log", help="Do not look through the log, which takes longest.")] = False,
    own_words: Annotated[
        bool,
        typer.Option(
            "--own-words",
            help="Add what they wrote where they may not read any more, without saying where: read it before you give "
            "it away, it may quote others.",
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Write all that is held of a member as JSON that explains itself: to be given to that member alone.

    Over all services' states, the log, dead letters and what imports from this machine kept. Only read, so the services
    may be at work. Left out is what the member may not see: channels that they cannot read, and what others said or
    decided about them; the file says so.
    """
    settings = load(data_dir=data_dir)
    with servers(settings) as connections:
        found = asyncio.run(_export(settings, connections, community, member, own_words=own_words, with_log=not no_log))
    if not found.entries and not found.forgotten:
        raise Unprocessable(f"nothing is held of {member} in {community}, and nothing was written: is that their id?")
    told = json.dumps(found.as_json(community, member), indent=2, ensure_ascii=False) + "\n"
    if is_device(out):
        out.write_text(told, encoding="utf-8")
    else:
        with private_file(out) as file:
            file.write(told.encode())
    # Beside the file, which may be the standard output.
    _show(Console(stderr=True, highlight=False, soft_wrap=True), found, out)


async def _export(
    settings: Settings, connections: Connections, community: str, member: str, *, own_words: bool, with_log: bool
) -> Export:
    if not (await look_up(connections, community)).known:
        raise Unprocessable(f"there is no community {community}")
    async with open_log(connections) as log:
        return await export(
            connections, log, settings.nudge, settings.folder, community, member, own_words=own_words, with_log=with_log
        )


def _show(console: Console, found: Export, out: Path) -> None:
    """Say what was found, in numbers: what it says is for the member."""
    if not found.entries:
        console.print("They were forgotten: nothing is held.")
    parts = [f"{one.service}: {one.entries} entries" for one in found.services]
    parts.append("the log: not looked through" if found.log is None else f"the log: {len(found.log)} events")
    parts += [f"dead letters: {len(found.letters)}", f"files of imports: {len(found.files)}"]
    console.print(Text("; ".join(parts)))
    if found.unread_letters:
        console.print(
            f"{found.unread_letters} dead letters name them and are left out: what others sent, what nobody can place, "
            "or from where they may not read. `kindling dead-letters show` has each."
        )
    if found.unread_lines:
        console.print(f"{found.unread_lines} wrong lines of imports name them and are left out, for the same reasons.")
    console.print(Text(f"Written to {out}: give it to that member alone."))
