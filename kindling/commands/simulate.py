"""`kindling simulate`: policies side by side in a world, on the same seeds."""

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kindling.commands.common import Json, kept, write_json
from kindling.settings import load
from kindling.simulate.child import ChildWorld
from kindling.simulate.drive import Outcome, Simulation, Span
from kindling.simulate.memory import Vectors
from kindling.simulate.policies import PolicyName, policy_of
from kindling.simulate.report import show, summarise
from services.recommend.app import one_blas_thread, open_encoder
from services.recommend.vector_cache import CachedEncoder, FileVectorCache
from shared.limits import read_time


def _until(text: str) -> datetime:
    """Read a time, or a date for its midnight in UTC."""
    try:
        return read_time(text if "T" in text.upper() else f"{text}T00:00:00Z").astimezone(UTC)
    except ValueError:
        raise typer.BadParameter(
            "must be a date or a time with offset, as 2026-06-30 or 2026-06-30T12:00:00Z"
        ) from None


def simulate(
    world: Annotated[
        str, typer.Option(help="Command that runs a world: a process that speaks the protocol of docs/simulate.md.")
    ],
    seed: Annotated[int, typer.Option(help="Draws all chance; the same seed gives the same report.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="So many seeds, from --seed on, added up.")] = 1,
    until: Annotated[
        datetime | None, typer.Option(parser=_until, metavar="TIME", help="When it ends, in event time.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is, where --until is not given.")] = 90,
    policy: Annotated[
        list[PolicyName] | None, typer.Option(help="Policies to compare; may be given several times. Default: all.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which a world that says nothing has hung.")
    ] = 60.0,
    train_every: Annotated[
        int, typer.Option(min=0, help="Days between trainings of the models, from the start on; 0: never.")
    ] = 28,
    vectors: Annotated[
        Path, typer.Option(callback=kept, help="File that keeps embeddings from one run to the next.")
    ] = Path("~/.cache/kindling/vectors.sqlite"),
    json_file: Json = None,
) -> None:
    """Compare what policies bring in a simulated community, through the real services in event time.

    Each policy sees the same world on the same seeds, and shares who may be asked, hours and budgets with the others:
    only when and whom it asks is its own.
    """
    names = _policies(policy)
    settings = load()
    span = Span(until, days)
    with _progress() as progress:
        line = progress.add_task("starting", total=1.0)
        runs = [(name, number) for name in names for number in range(seed, seed + seeds)]
        encoder = CachedEncoder(
            open_encoder(settings.recommend, lambda what: progress.update(line, description=what)),
            FileVectorCache(vectors),
        )

        async def all_runs() -> dict[PolicyName, dict[int, Outcome]]:
            every = timedelta(days=train_every) if train_every else None
            one = Simulation(settings.recommend, settings.nudge, Vectors(encoder), span, every)
            outcomes: dict[PolicyName, dict[int, Outcome]] = {name: {} for name in names}
            try:
                for place, (name, number) in enumerate(runs):
                    told = _Told(progress, line, place, len(runs), f"{name.value}, seed {number}")
                    found = await one.run(ChildWorld(world, timeout), policy_of(name, number), number, told)
                    outcomes[name][number] = found
            finally:
                await encoder.close()
            return outcomes

        one_blas_thread()
        outcomes = asyncio.run(all_runs())
    summary: dict[str, Any] = {
        "world": world, "seed": seed, "seeds": seeds, "until": until.isoformat() if until else None,
        "days": None if until else days, **summarise(outcomes),
    }  # fmt: skip
    show(Console(), summary, f"{world}: seed {seed}" + (f" to {seed + seeds - 1}" if seeds > 1 else ""))
    write_json(json_file, summary)


def _policies(chosen: Sequence[PolicyName] | None) -> list[PolicyName]:
    """Give the policies to simulate, in the order of the table."""
    if chosen and PolicyName.ORACLE in chosen:
        raise typer.BadParameter("an oracle knows only the built-in world", param_hint="--policy")
    names = chosen or [name for name in PolicyName if name is not PolicyName.ORACLE]
    return [name for name in PolicyName if name in names]


class _Told:
    """Moves the progress bar, not more often than anybody could see."""

    def __init__(self, progress: Progress, line: Any, place: int, total: int, name: str) -> None:
        self._progress, self._line, self._place, self._total, self._name = progress, line, place, total, name
        self._last = ""

    def __call__(self, share: float, what: str) -> None:
        now = f"{self._name}: {what}"
        if now != self._last:
            self._last = now
            done = (self._place + share) / self._total
            self._progress.update(self._line, description=now, completed=math.floor(1000 * done) / 1000)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
