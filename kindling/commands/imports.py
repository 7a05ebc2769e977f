"""`kindling import`: the history that a community has, into the log."""

import asyncio
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from kindling.commands.arguments import valid
from kindling.commands.common import CommunityOption, DataDir, Json, open_log, write_json
from kindling.deleting import look_up
from kindling.servers import servers
from kindling.settings import load
from services.ingest.champions import ChampionRule
from services.ingest.importing import Format, Import, Report, import_file
from services.ingest.mapping import ArchiveMap, read_map
from shared.connections import Connections
from shared.failures import Unprocessable
from shared.limits import Id


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines, gzip or not.")],
    community: CommunityOption,
    source: Annotated[
        str,
        typer.Option(
            callback=valid(Id),
            help="Name of the platform: with the same one, a webhook and an import are one event.",
        ),
    ] = "import",
    form: Annotated[Format, typer.Option("--format", help="What a line is.")] = Format.AUTO,
    champions: Annotated[
        ChampionRule,
        typer.Option(
            help="Who becomes champion: `latest`, who answered most in the file's last 90 days, at most 5 % of those "
            "active then, in place of whom an earlier import of the source chose; `walk`, every 30 days; or `none`."
        ),
    ] = ChampionRule.LATEST,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, help="TOML or JSON with roles, zones and privacy where known.")
    ] = None,
    rejected: Annotated[
        Path | None,
        typer.Option(
            help="Where wrong lines go; default: FILE.rejected.jsonl. A file that holds something else is not touched."
        ),
    ] = None,
    json_file: Json = None,
    data_dir: DataDir = None,
) -> None:
    """Import an archive of messages, or CloudEvents, one a line.

    Interrupted by Ctrl-C it goes on where it was when it is called again; what is imported twice is one event.
    A channel whose privacy is not known counts as private: who wrote in it can read it.

    What the mapping says holds from now on, also over earlier imports, and whose roles it names is left out of the
    rule for champions for good. The rule replaces roles that were given before the file's last message: name leaders
    in the mapping.

    A community that is new begins with a dry run: nobody is asked before `kindling community mode` says so.
    """
    settings = load(data_dir=data_dir)
    known = read_map(mapping) if mapping else ArchiveMap()
    what = Import(file, community, settings.folder, source, form, known, champions, rejected)
    _refuse_overwriting(json_file, file, mapping, what.aside)
    so_far = SoFar()
    try:
        with servers(settings) as connections:
            what = replace(what, opens=asyncio.run(_is_new(what.community, connections)))
            so_far.report = asyncio.run(_import(what, connections, so_far))
    except KeyboardInterrupt:
        so_far.interrupted = True
    report = so_far.report
    _show(Console(emoji=False), so_far, what)
    write_json(json_file, {**asdict(report), "interrupted": so_far.interrupted})
    if so_far.interrupted:
        raise typer.Exit(130)
    if report.damaged or not report.events:
        raise typer.Exit(1)


@dataclass
class SoFar:
    """What an import has come to, for whoever interrupts it."""

    report: Report = field(default_factory=Report)
    interrupted: bool = False


async def _is_new(community: str, connections: Connections) -> bool:
    """Say whether no service has ever heard of a community; those that are there stay as they are.

    Raises:
        Unprocessable: it was deleted, and nothing would be kept of it.
    """
    found = await look_up(connections, community)
    if found.deleted:
        raise Unprocessable(f"{community} was deleted: `kindling community open {community}` begins it anew")
    return not found.known


def _refuse_overwriting(target: Path | None, *kept: Path | None) -> None:
    """Refuse a result that would take the place of what is read or written besides."""
    for path in kept:
        if target is not None and path is not None and target.resolve() == path.resolve():
            raise typer.BadParameter(f"{target} is used for something else here", param_hint="--json")


async def _import(what: Import, connections: Connections, so_far: SoFar) -> Report:
    progress = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
        console=Console(stderr=True),
    )  # fmt: skip
    async with open_log(connections) as log:
        with progress:
            task = progress.add_task(what.path.name, total=None)

            def on_progress(report: Report) -> None:
                so_far.report = report
                said = f"{report.events:,} events" + (f", {report.rejected:,} lines aside" if report.rejected else "")
                progress.update(task, completed=report.read_bytes, total=report.total_bytes, description=said)

            return await import_file(what, log, on_progress=on_progress)


def _show(console: Console, so_far: SoFar, what: Import) -> None:
    """Say what became of it; paths and names are data, in which brackets mean nothing."""
    report = so_far.report
    console.print(f"{report.lines:,} lines, {report.events:,} events, {report.published:,} of them published now")
    if report.resumed_from:
        console.print(f"resumed after line {report.resumed_from:,}")
    if report.rejected:
        elsewhere = "" if report.aside == str(what.aside) else f" ({what.aside} cannot be written)"
        where = escape(f"{report.aside}{elsewhere}")
        console.print(f"[yellow]{report.rejected:,} lines were wrong[/yellow]: each with its reason in {where}")
    if report.damaged:
        console.print(f"[red]{escape(report.damaged)}[/red]; what came before is imported")
    if so_far.interrupted:
        console.print(f"interrupted after line {report.lines:,}: the same command goes on from there")
    elif not report.events:
        console.print(f"[red]nothing is imported[/red]: no line of {escape(what.path.name)} is a message or an event")
    if what.opens and report.events:
        name = escape(what.community)
        console.print(
            f"{name} is new and begins with a dry run: nobody is asked. What would be asked: "
            f"kindling community approve-link {name}; to go on: kindling community mode {name} approve (or autopilot)",
            soft_wrap=True,
        )
