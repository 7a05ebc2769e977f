"""`kindling doctor`: is everything there that is needed, and what to do where it is not."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kindling.commands.accept_gap import READERS
from kindling.commands.common import DataDir, Json, open_log, write_json
from kindling.deleting import READS
from kindling.servers import servers
from kindling.settings import Settings, load, settings_file
from kindling.standing import standing
from services.recommend.encoder import exported_folder
from services.recommend.export import GRAPH, ModelUnavailable
from shared.accepting import find_gaps, find_newer
from shared.clock import wall_clock
from shared.connections import Connections
from shared.dead_letters import open_letters
from shared.embedded import EmbeddedServerError
from shared.failures import Unavailable, UnsafeSettings
from shared.redis_store import check_durable
from shared.service import ServiceName

Check = Callable[[Connections], Awaitable[list["Finding"]]]

FREE_BYTES = 2 * 1024**3
CLOCK_SECONDS = 5.0
_MOST_COMMUNITIES = 20
_UPGRADE = "upgrade this service, and then this command; after a downgrade: docs/operate.md, Upgrade"


@dataclass(frozen=True)
class Finding:
    """What was looked at; `todo` is empty where all is well, `fatal` where Kindling cannot run without it."""

    what: str
    found: str
    todo: str = ""
    fatal: bool = True


def doctor(json_file: Json = None, data_dir: DataDir = None) -> None:
    """Check settings, servers, model, clock and disk, and say what to do."""
    try:
        settings = load(data_dir=data_dir)
    except UnsafeSettings as error:
        _show([Finding("settings", "refused", str(error))], json_file)
        raise typer.Exit(1) from None
    findings = [
        Finding("settings", str(settings_file() or "environment and defaults")),
        _model(settings),
        # Of a Redis elsewhere the disk is not here to look at.
        *([_disk(settings)] if settings.store is None else []),
    ]
    try:
        with servers(settings) as connections:
            findings += asyncio.run(_servers(connections, settings))
    except EmbeddedServerError as error:
        findings.append(Finding("embedded server", "does not start", str(error)))
    _show(findings, json_file)
    if any(f.todo and f.fatal for f in findings):
        raise typer.Exit(1)


def _show(findings: list[Finding], json_file: Path | None) -> None:
    table = Table("", "what", "found", "what to do")
    for f in findings:
        sign = "[green]✓[/green]" if not f.todo else "[red]✗[/red]" if f.fatal else "[yellow]![/yellow]"
        table.add_row(sign, f.what, escape(f.found), escape(f.todo))
    Console().print(table)
    write_json(json_file, [asdict(f) for f in findings])


def _model(settings: Settings) -> Finding:
    name = settings.recommend.model
    if settings.recommend.encoder == "sentence-transformers":
        return Finding("model", f"{name}, as sentence-transformers loads it")
    if os.sep in name and name.startswith((os.sep, ".", "~")) and not Path(name).is_dir():
        return Finding("model", f"{name} is no folder", "name a folder with a sentence-transformers model, or a model")
    try:
        folder = exported_folder(name, settings.recommend.cache_dir.expanduser())
    except ModelUnavailable as error:
        return Finding("model", name, str(error))
    if (folder / GRAPH).is_file():
        return Finding("model", f"{name}, exported")
    return Finding("model", f"{name}, not exported yet", "nothing: its first use exports it", fatal=False)


def _disk(settings: Settings) -> Finding:
    folder = settings.folder
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    todo = "" if free > FREE_BYTES else f"free some: at least {FREE_BYTES / 1e9:.0f} GB, or the store refuses writes"
    return Finding("disk", f"{free / 1e9:,.1f} GB free at {folder}", todo)


async def _servers(connections: Connections, settings: Settings) -> list[Finding]:
    if settings.store is None and await _is_new(connections):
        return [Finding("store", "new: nothing was ever kept here", "nothing: `kindling up` makes it", fatal=False)]
    checks: dict[str, tuple[Check, str]] = {
        "Redis": (_redis, "start the server that KINDLING_STORE names, or name one that runs"),
        "log": (_log, "start the broker that KINDLING_LOG names, or name one that runs"),
        "gaps": (_gaps, "look again once Redis and the log are there"),
        "upgrades": (_upgrades, "look again once Redis and the log are there"),
        "models": (partial(_models, settings), "look again once Redis is there"),
    }
    findings = []
    for what, (check, todo) in checks.items():
        try:
            findings += await check(connections)
        except Unavailable as error:
            findings.append(Finding(what, str(error), todo))
        except UnsafeSettings as error:
            findings.append(Finding(what, "not as it must be", str(error)))
    return findings


async def _is_new(connections: Connections) -> bool:
    async with connections.redis() as redis:
        size: int = await redis.dbsize()
        return size == 0


async def _redis(connections: Connections) -> list[Finding]:
    async with connections.redis() as redis:
        await check_durable(redis)
        seconds, microseconds = await redis.time()
        theirs = datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    todo = "" if apart < CLOCK_SECONDS else "set both clocks by NTP: event times are compared with this machine's"
    return [Finding("Redis", "append-only, evicts nothing"), Finding("clock", f"{apart:.2f} s from the store's", todo)]


async def _log(connections: Connections) -> list[Finding]:
    async with open_log(connections) as log:
        letters = await open_letters(log)
        todo = "`kindling dead-letters list` says why; replay or drop them" if letters else ""
        return [
            Finding("log", f"{log.partitions} partitions, generation {log.generation[:8]}"),
            Finding("dead letters", str(len(letters)), todo, fatal=False),
        ]


async def _gaps(connections: Connections) -> list[Finding]:
    findings = []
    async with connections.redis() as redis, open_log(connections) as log:
        for name, (service, _) in READERS.items():
            for gap in await find_gaps(log, connections.store(redis, name), service):
                found = f"{gap.community} waits for record {gap.first} of {service.reads.value}"
                todo = f"if it is lost: `kindling topics accept-gap {gap.community} --service {name.value}`"
                findings.append(Finding(name.value, found, todo, fatal=False))
    return findings or [Finding("gaps", "none: no community waits for a lost record")]


async def _upgrades(connections: Connections) -> list[Finding]:
    """Name the communities that wait at a record of a newer version, each with the service to upgrade."""
    findings = []
    async with connections.redis() as redis, open_log(connections) as log:
        for name, reads in READS.items():
            waits = await find_newer(log, connections.store(redis, name), reads)
            findings += [
                Finding(
                    name.value,
                    f"{one.community} waits at a {one.wire_type}, of a newer version",
                    _UPGRADE,
                    fatal=False,
                )
                for one in waits
            ]
    return findings or [Finding("upgrades", "none: no community waits at a record of a newer version")]


async def _models(settings: Settings, connections: Connections) -> list[Finding]:
    """Tell how each community's models stand, first those with which something is wrong, at most twenty."""
    every, now = timedelta(hours=settings.recommend.train_every_hours), wall_clock()
    async with connections.redis() as redis:
        names = await connections.store(redis, ServiceName.RECOMMEND).communities()
        stand = [await standing(connections, redis, name) for name in names]
    found = [Finding(f"models of {s.community}", s.told(now), s.todo(now, every), fatal=False) for s in stand]
    found.sort(key=lambda finding: not finding.todo)
    more = len(found) - _MOST_COMMUNITIES
    rest = [Finding("models", f"of {more} more communities: `kindling models list COMMUNITY`")] if more > 0 else []
    return [*found[:_MOST_COMMUNITIES], *rest]
