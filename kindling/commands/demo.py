"""`kindling demo`: an invented community at work."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kindling.commands.common import DataDir, Json, log_to_file, write_json
from kindling.commands.serve import at_home
from kindling.demo.run import Demo
from kindling.secrets import with_secrets
from kindling.servers import FOLDER as STORE
from kindling.servers import embedded
from kindling.settings import load
from shared.embedded import EmbeddedServer, EmbeddedServerError, free_port, running_server
from shared.failures import UnsafeSettings

FOLDER = "demo"
UNITS = {"s": 1, "m": 60, "h": 3600}


def demo(
    speed: Annotated[float, typer.Option(min=1, help="How many times faster than life.")] = 600,
    for_: Annotated[str | None, typer.Option("--for", help="End by itself after 60s, 5m or 1h.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over: delete the demo's data first.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed invents another community.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the pages (0: any free one).")] = 8080,
    json_file: Json = None,
    data_dir: DataDir = None,
) -> None:
    """See an invented community at work: posts, matches, nudges in inboxes, and what came of them.

    Eight weeks of history come first, then live traffic until Ctrl-C. The data stays: called again, the demo
    goes on where it was.
    """
    console = Console()
    seconds = None if for_ is None else _seconds(for_)
    settings = load(data_dir=data_dir)
    settings = settings.model_copy(
        update={"data_dir": settings.folder / FOLDER, "prefix": "demo", "port": port or free_port()}
    )
    if fresh:
        start_over(settings.folder)
    settings = with_secrets(settings)
    # A promotion at the wall's time would pull the demo's clock, which is another one; and training takes a core.
    settings = settings.model_copy(
        update={
            "nudge": at_home(settings),
            "ingest": settings.ingest.model_copy(update={"ticks": False}),
            "recommend": settings.recommend.model_copy(update={"train_every_hours": 0.0}),
        }
    )
    log_to_file(settings)
    console.print(f"The demo keeps its data and its log in {settings.folder}")
    with embedded(settings) as connections:
        shown = Demo(settings, connections, console, seed, speed, seconds)
        try:
            asyncio.run(shown.run())
        finally:
            if shown.view is not None:
                write_json(json_file, shown.view.numbers())


def start_over(folder: Path) -> None:
    """Delete a demo's data, and end the server that a killed demo left behind.

    Raises:
        UnsafeSettings: another demo is at work on it.
    """
    store = folder / STORE
    if running_server(store) is not None:
        try:
            EmbeddedServer(store).start().stop()
        except EmbeddedServerError as error:
            # Data that no server starts on any more is gone all the same.
            if running_server(store) is not None:
                raise UnsafeSettings(f"--fresh deletes nothing that is in use. {error}") from None
    if folder.exists():
        shutil.rmtree(folder)


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if match is None or float(match[1]) <= 0:
        raise typer.BadParameter("must be a time such as 60s, 5m or 1h", param_hint="--for")
    return float(match[1]) * UNITS[match[2] or "s"]
