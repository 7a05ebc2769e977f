"""`kindling replay`: an archive through the real services, in event time."""

import asyncio
import logging
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kindling.commands.common import Json, kept, writable, write_json
from kindling.replay.decisions import Decisions
from kindling.replay.drive import Counts, Drive
from kindling.replay.processes import Chaos, ServiceProcess, StoreProcess
from kindling.replay.report import report, show
from kindling.settings import load
from services.ingest.archive import Archive
from services.ingest.champions import ChampionRule
from services.ingest.lines import Lines
from services.ingest.mapping import ArchiveMap, read_map
from shared.connections import Connections
from shared.embedded import EmbeddedServer, running_server
from shared.failures import Unavailable
from shared.service import ServiceName

PARTITIONS = 4
COMMUNITY = "replay"

log = logging.getLogger(__name__)


def replay(
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines, gzip or not.")],
    kafka: Annotated[str | None, typer.Option(help="HOST:PORT of a Kafka; default: the embedded server.")] = None,
    speed: Annotated[str, typer.Option(help="`max`, or how many times faster than it happened.")] = "max",
    mapping: Annotated[Path | None, typer.Option(exists=True, help="Roles, zones and privacy where known.")] = None,
    decisions: Annotated[
        Path | None, typer.Option(callback=writable, help="Write the decision log to this file.")
    ] = None,
    json_file: Json = None,
    vectors: Annotated[
        Path, typer.Option(callback=kept, help="File that keeps embeddings from one replay to the next.")
    ] = Path("~/.cache/kindling/vectors.sqlite"),
    kill: Annotated[int, typer.Option(min=0, help="Kill each service so many times on the way (-9).")] = 0,
    seed: Annotated[int, typer.Option(help="Draws the moments to kill at.")] = 1,
    messages: Annotated[int | None, typer.Option(min=1, help="Stop after so many messages.")] = None,
) -> None:
    """Drive an archive through the real services in event time, and say what they decided.

    On Kafka three processes run, else one with the embedded server; all under a name of their own, so that a
    replay touches nothing else. The same archive gives the same decisions every time.
    """
    known = read_map(mapping) if mapping else ArchiveMap()
    fast = None if speed == "max" else _times(speed)
    with tempfile.TemporaryDirectory(prefix="kindling-replay-") as name, ExitStack() as stack:
        folder = Path(name)
        connections, processes, store = stack.enter_context(_services(folder, kafka, vectors))
        total = _lines(archive, messages)
        chaos = Chaos(processes, kill, total, seed)
        progress = stack.enter_context(_progress())
        task = progress.add_task("starting", total=total)

        def on_progress(counts: Counts) -> None:
            day = counts.until.date().isoformat() if counts.until else ""
            progress.update(task, completed=counts.lines, description=f"{day} {counts.events:,} events")

        drive = Drive(connections, COMMUNITY, processes, store, folder, chaos, fast, on_progress)
        found = Archive(COMMUNITY, known=known, rule=ChampionRule.WALK).read(_first(archive, messages))
        made = asyncio.run(drive.run(found))
        summary = _summary(drive, made, decisions, processes, "kafka" if kafka else "embedded")
    console = Console()
    show(console, summary)
    if not summary["events"]["in"]:
        lines, rejected = drive.counts.lines, summary["rejected_lines"]
        why = f"none of its {lines:,} lines is a message ({rejected:,} rejected)" if lines else "it has no line"
        console.print(f"There is nothing to replay in {archive}: {why}", soft_wrap=True, highlight=False)
    write_json(json_file, summary)
    if summary["events"]["in"] != summary["events"]["handled"] + summary["events"]["dead_lettered"]:
        raise typer.Exit(1)


def _summary(
    drive: Drive, made: Decisions, target: Path | None, processes: list[ServiceProcess], transport: str
) -> dict[str, Any]:
    return report(drive.counts, made, made.finish(target), processes, drive.store, transport)


def _times(speed: str) -> float:
    try:
        times = float(speed)
    except ValueError:
        times = 0
    if not times > 0:
        raise typer.BadParameter("must be `max` or a number above 0", param_hint="--speed")
    return times


def _first(archive: Path, messages: int | None) -> Iterator[tuple[int, bytes]]:
    with Lines(archive) as lines:
        yield from islice(lines, messages)


def _lines(archive: Path, messages: int | None) -> int:
    return sum(1 for _ in _first(archive, messages))


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip


@contextmanager
def _services(
    folder: Path, kafka: str | None, vectors: Path
) -> Iterator[tuple[Connections, list[ServiceProcess], StoreProcess]]:
    """Start the services of a replay under a name of their own; when the block ends, leave nothing of it."""
    settings = load()
    prefix = f"replay-{secrets.token_hex(4)}"
    with EmbeddedServer(folder / "store", port=0) as server:
        connections = Connections(f"kafka://{kafka}" if kafka else server.url, server.url, prefix)
        environment = {
            "KINDLING_LOG": connections.log_url,
            "KINDLING_STORE": server.url,
            "KINDLING_PREFIX": prefix,
            "KINDLING_PARTITIONS": str(PARTITIONS),
            "KINDLING_DATA_DIR": str(folder),
            "KINDLING_SERVICE_KEY": secrets.token_urlsafe(32),
            "KINDLING_NUDGE__LINK_SECRET": secrets.token_urlsafe(32),
            "KINDLING_INGEST__TICKS": "false",
            # What a training takes into use at some moment of the wall's clock is in no other replay.
            "KINDLING_RECOMMEND__TRAIN_EVERY_HOURS": "0",
            "KINDLING_RECOMMEND__VECTOR_FILE": str(vectors),
            "KINDLING_RECOMMEND__CACHE_DIR": str(settings.recommend.cache_dir),
        }
        running = running_server(server.data_dir)
        assert running is not None
        if kafka:
            processes = [ServiceProcess(s.value, ["run", s.value], environment, folder) for s in ServiceName]
        else:
            processes = [ServiceProcess("kindling", ["up"], environment, folder)]
        try:
            asyncio.run(_make_topics(connections))
            for process in processes:
                process.start()
            for process in processes:
                process.wait_ready()
            yield connections, processes, StoreProcess(running.pid)
        finally:
            for process in processes:
                process.stop()
            if kafka:
                asyncio.run(_delete_topics(connections))


async def _make_topics(connections: Connections) -> None:
    async with connections.closing_log() as log:
        await log.create(PARTITIONS)


async def _delete_topics(connections: Connections) -> None:
    broker = connections.log()
    try:
        await broker.delete()
    except Unavailable as error:
        # What the replay itself ended with matters more.
        log.warning("the topics %s.* are still there: %s", connections.prefix, error)
    finally:
        await broker.stop()
