"""`kindling evaluate`: what recommend would have said of an archive, beside what people did and simple rules."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kindling.commands.common import kept, writable
from kindling.evaluate.files import written_whole
from kindling.evaluate.page import page
from kindling.evaluate.rankings import write_rankings
from kindling.evaluate.results import Evaluation, Task
from kindling.evaluate.run import Run
from kindling.evaluate.summary import summarise
from kindling.evaluate.terminal import show
from kindling.settings import load
from services.ingest.mapping import ArchiveMap, read_map
from services.recommend.app import open_encoder
from services.recommend.settings import RecommendSettings
from services.recommend.vector_cache import CachedEncoder, FileVectorCache


def evaluate(
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines, gzip or not.")],
    task: Annotated[
        list[Task] | None, typer.Option(help="What to evaluate; may be given several times. Default: everything.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(exists=True, help="Bots, zones and privacy where known.")] = None,
    html: Annotated[
        Path, typer.Option(callback=writable, help="Write the report to this file: one page that needs nothing else.")
    ] = Path("evaluation.html"),
    json_file: Annotated[
        Path | None, typer.Option("--json", callback=writable, help="Write all figures to this file.")
    ] = None,
    rankings: Annotated[
        Path | None,
        typer.Option(
            callback=writable,
            help="Write each case with its rankings to this file, a JSON object a line: anyone can score them.",
        ),
    ] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Learn once more without each group of features: what does it add?")
    ] = False,
    vectors: Annotated[
        Path, typer.Option(callback=kept, help="File that keeps embeddings from one run to the next.")
    ] = Path("~/.cache/kindling/vectors.sqlite"),
) -> None:
    """Show on a community's own history how well Kindling finds who answers, before anything is switched on.

    The history is walked once, in the order of time: the first four fifths of its threads are learnt from, the last
    fifth is judged, and nothing is known before it happened. No message leaves this machine.
    """
    known = read_map(mapping) if mapping else ArchiveMap()
    console = Console()
    try:
        made = _evaluate(archive, known, vectors, task or list(Task), ablate)
    except ValueError as error:
        console.print(f"There is nothing to evaluate in {archive}: {error}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    summary = summarise(made)
    show(console, summary)
    write_text(html, page(summary))
    console.print(f"The report is in {html}.", soft_wrap=True, highlight=False)
    if json_file is not None:
        write_text(json_file, json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    if rankings is not None:
        write_rankings(rankings, made)


def write_text(path: Path, text: str) -> None:
    with written_whole(path) as file:
        file.write(text.encode())


def _evaluate(archive: Path, known: ArchiveMap, vectors: Path, tasks: list[Task], ablate: bool) -> Evaluation:
    settings = load().recommend
    with progress_bar() as progress:
        line = progress.add_task("starting", total=None)
        encoder = open_cached(settings, vectors, progress, line)

        async def run() -> Evaluation:
            try:
                return await Run(archive, settings, encoder, Told(progress, line), known, ablate).evaluate(tasks)
            finally:
                await encoder.close()

        return asyncio.run(run())


def open_cached(settings: RecommendSettings, vectors: Path, progress: Progress, line: TaskID) -> CachedEncoder:
    """Load the model, with a file that keeps its vectors from one run to the next; blocks."""
    encoder = open_encoder(settings, lambda what: progress.update(line, description=what))
    return CachedEncoder(encoder, FileVectorCache(vectors))


class Told:
    """Moves the progress bar, not more often than anybody could see."""

    def __init__(self, progress: Progress, line: TaskID) -> None:
        self._progress = progress
        self._line = line
        self._last: tuple[str, int] = ("", 0)

    def __call__(self, what: str, done: int, total: int) -> None:
        now = what, 200 * done // max(total, 1)
        if now != self._last:
            self._last = now
            self._progress.update(self._line, description=what, completed=done, total=total)


def progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
