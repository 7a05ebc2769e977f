"""What the commands share: options, logging, and a log that is open for the length of a block."""

import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from kindling.commands.arguments import valid
from kindling.settings import Settings
from shared.clock import wall_clock
from shared.connections import Connections
from shared.events import CommunityEvent
from shared.limits import Id
from shared.log import Log, Outgoing
from shared.renewing import refuse_renewing
from shared.service import TopicName
from shared.topics import partition_of
from shared.wire import Envelope, encode

_valid_id = valid(Id)


def community_id(name: str) -> str:
    """Refuse what no address could name: a community's id stands in the paths of all doors."""
    _valid_id(name)
    if "/" in name or name in (".", ".."):
        raise typer.BadParameter("must not contain a slash, nor be . or ..")
    return name


Community = Annotated[str, typer.Argument(callback=community_id, help="The community's id.")]
CommunityOption = Annotated[
    str, typer.Option("--community", callback=community_id, help="The community that it belongs to.")
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where the embedded server and secrets are kept. [KINDLING_DATA_DIR]")
]


def writable(file: Path | None) -> Path | None:
    """Refuse an output file that could not be written, before the work that it is for is done."""
    if file is None:
        return None
    folder = file.parent
    if file.is_dir():
        raise typer.BadParameter(f"{file} is a directory: name a file in it")
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no directory that there is: make it first")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise typer.BadParameter(f"{file} may not be written")
    return file


def kept(file: Path) -> Path:
    """Make the folder of a file that is kept from one run to the next, which nobody has made yet the first time."""
    file = file.expanduser()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{file.parent} cannot be made ({error.strerror})") from None
    return writable(file) or file


Json = Annotated[
    Path | None, typer.Option("--json", callback=writable, help="Write the result to this file as JSON, too.")
]


def log_to_stderr(settings: Settings) -> None:
    """Log lines with time, level and source; never texts or names of people."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    _quieten(settings)


def log_to_file(settings: Settings) -> None:
    """Log to a file of the data directory, where the terminal belongs to something else."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=settings.log_level,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        filename=settings.folder / "kindling.log",
    )
    _quieten(settings)


def _quieten(settings: Settings) -> None:
    # aiokafka tells of every reconnection; what matters of that is said once by whoever waits.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL if settings.log_level != "DEBUG" else logging.DEBUG)
    # httpx tells of every address that it asks, and members' ids are in these.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def write_json(file: Path | None, result: Any) -> None:
    """Write a command's result to the file that `--json` names, if it names one."""
    if file is not None:
        file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


async def tell(connections: Connections, event: CommunityEvent) -> None:
    """Publish what an operator has decided of a community."""
    async with open_log(connections) as log:
        partition = partition_of(event.community, log.partitions)
        body = encode(Envelope(event, recorded=wall_clock()))
        await log.publish([Outgoing(TopicName.ACTIVITY, partition, event.community, body)])


async def refuse_renewed(connections: Connections) -> None:
    """Refuse, with UnsafeSettings, while the log is being renewed."""
    async with connections.redis() as redis:
        await refuse_renewing(redis, connections.prefix)


@asynccontextmanager
async def open_log(connections: Connections) -> AsyncIterator[Log]:
    """Open the log for a tool, which subscribes to nothing.

    Raises:
        UnsafeSettings: it is being renewed.
    """
    await refuse_renewed(connections)
    async with connections.closing_log() as log:
        await log.start()
        yield log
