"""`kindling backtest`: what Kindling would have asked of whom on an archive, beside what really happened."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kindling.backtest.page import page
from kindling.backtest.results import Backtest
from kindling.backtest.run import Run
from kindling.backtest.summary import summarise
from kindling.backtest.terminal import show
from kindling.commands.common import kept, writable
from kindling.commands.evaluate import Told, open_cached, progress_bar, write_text
from kindling.settings import load
from services.ingest.mapping import ArchiveMap, read_map
from services.nudge.settings import NudgeSettings
from services.recommend.app import one_blas_thread


def backtest(
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines, gzip or not.")],
    mapping: Annotated[
        Path | None, typer.Option(exists=True, help="Roles, bots, zones and privacy where known.")
    ] = None,
    ask_members: Annotated[
        bool, typer.Option("--ask-members", help="Let everybody be asked who has ever written, with or without a role.")
    ] = False,
    names: Annotated[
        bool, typer.Option("--names", help="Name those who would have been asked most: else they are numbered.")
    ] = False,
    html: Annotated[
        Path, typer.Option(callback=writable, help="Write the report to this file: one page that needs nothing else.")
    ] = Path("backtest.html"),
    json_file: Annotated[
        Path | None, typer.Option("--json", callback=writable, help="Write all figures to this file.")
    ] = None,
    messages: Annotated[int | None, typer.Option(min=1, help="Stop after so many messages.")] = None,
    vectors: Annotated[
        Path, typer.Option(callback=kept, help="File that keeps embeddings from one run to the next.")
    ] = Path("~/.cache/kindling/vectors.sqlite"),
) -> None:
    """Show on a community's own history whom Kindling would have asked about what, before anything is switched on.

    The history goes once, in the order of time, through the same code that would serve it: nothing is known before it
    happened, budgets and working hours hold, and models are learnt on the way. Nobody is asked anything, and no message
    leaves this machine. Who may be asked is said by the mapping's roles, or else are those who answered most lately.
    """
    known = read_map(mapping) if mapping else ArchiveMap()
    console = Console()
    try:
        made = _backtest(archive, known, vectors, messages, ask_members=ask_members)
    except ValueError as error:
        console.print(f"There is nothing to backtest in {archive}: {error}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    summary = summarise(made, names=names)
    show(console, summary)
    write_text(html, page(summary))
    console.print(f"The report is in {html}.", soft_wrap=True, highlight=False)
    if json_file is not None:
        write_text(json_file, json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _backtest(archive: Path, known: ArchiveMap, vectors: Path, messages: int | None, *, ask_members: bool) -> Backtest:
    settings = load()
    nudge: NudgeSettings = settings.nudge.model_copy(update={"ask_members": settings.nudge.ask_members or ask_members})
    one_blas_thread()
    with progress_bar() as progress:
        line = progress.add_task("starting", total=None)
        encoder = open_cached(settings.recommend, vectors, progress, line)

        async def run() -> Backtest:
            try:
                return await Run(
                    archive, settings.recommend, nudge, encoder, Told(progress, line), known, messages
                ).backtest()
            finally:
                await encoder.close()

        return asyncio.run(run())
