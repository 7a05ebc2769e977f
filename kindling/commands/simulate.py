"""`kindling simulate`: policies side by side in a world, on the same seeds."""

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from kindling.commands.common import Json, kept, write_json
from kindling.commands.evaluate import open_cached, progress_bar
from kindling.commands.holdouts import check_holdouts
from kindling.evaluate.archive import Reading
from kindling.evaluate.results import Task
from kindling.evaluate.run import Run
from kindling.memory import Vectors
from kindling.settings import load
from kindling.simulate.child import ChildWorld
from kindling.simulate.community.community import Community
from kindling.simulate.community.fit import fit as fit_to
from kindling.simulate.community.fit import told_apart
from kindling.simulate.community.oracle import Oracle
from kindling.simulate.community.parameters import Parameters
from kindling.simulate.community.presets import PRESETS, Like
from kindling.simulate.compare import compare
from kindling.simulate.drive import Outcome, Simulation, Span
from kindling.simulate.policies import PolicyName, Watching, policy_of
from kindling.simulate.protocol import WorldError
from kindling.simulate.report import show, summarise
from kindling.simulate.world import World
from services.ingest.mapping import ArchiveMap
from services.recommend.app import one_blas_thread
from services.recommend.settings import RecommendSettings
from services.recommend.vector_cache import CachedEncoder
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
        str | None,
        typer.Option(help="Command that runs a world, by the protocol of docs/simulate.md. Default: the built-in one."),
    ] = None,
    like: Annotated[Like, typer.Option(help="The built-in world is like this community.")] = Like.FORUM,
    fit: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="An archive that it is like instead: takes a while."),
    ] = None,
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
    holdouts: Annotated[
        int | None,
        typer.Option(min=1, help="Compare no policies: check the effect that is told on so many simulated holdouts."),
    ] = None,
    json_file: Json = None,
) -> None:
    """Compare what policies bring in a simulated community, through the real services in event time.

    Each policy sees the same world on the same seeds, and shares who may be asked, hours and budgets with the others:
    only when and whom it asks is its own.
    """
    if world is not None and fit is not None:
        raise typer.BadParameter("is for the built-in world: leave out --world", param_hint="--fit")
    if holdouts is not None:
        if world is not None or fit is not None:
            raise typer.BadParameter("is for the built-in worlds: leave out --world and --fit", param_hint="--holdouts")
        check_holdouts(PRESETS[like], holdouts, json_file)
        return
    names = _policies(policy, world)
    settings = load()
    one_blas_thread()
    with progress_bar() as progress:
        line = progress.add_task("starting", total=1.0)
        encoder = open_cached(settings.recommend, vectors, progress, line)
        told = _Told(progress, line, len(names) * seeds)

        async def compared() -> tuple[Parameters | None, dict[PolicyName, dict[int, Outcome]]]:
            try:
                given = None if world else PRESETS[like]
                if fit is not None and given is not None:
                    given = await _fitted(fit, settings.recommend, encoder, lambda _share, what: told(0, 0.0, what))
                every = timedelta(days=train_every) if train_every else None
                one = Simulation(settings.recommend, settings.nudge, Vectors(encoder), Span(until, days), every)

                def made(name: PolicyName, number: int) -> tuple[World, Watching]:
                    return _made(name, number, given or ChildWorld(world or "", timeout))

                return given, await compare(one, made, names, range(seed, seed + seeds), told)
            finally:
                await encoder.close()

        given, outcomes = asyncio.run(compared())
    summary: dict[str, Any] = {
        "world": world or "built-in", "parameters": given.as_dict() if given else None, "seed": seed, "seeds": seeds,
        "until": until.isoformat() if until else None, "days": None if until else days, **summarise(outcomes),
    }  # fmt: skip
    title = world or f"An invented community ({fit.name if fit else like.value})"
    show(Console(), summary, f"{title}: seed {seed}" + (f" to {seed + seeds - 1}" if seeds > 1 else ""))
    write_json(json_file, summary)


def _made(name: PolicyName, seed: int, of: Parameters | ChildWorld) -> tuple[World, Watching]:
    """Give a world that nothing has happened in, and a policy for it."""
    if isinstance(of, ChildWorld):
        return of, policy_of(name, seed)
    community = Community(of)
    return community, Oracle(community) if name is PolicyName.ORACLE else policy_of(name, seed)


async def _fitted(
    archive: Path, settings: RecommendSettings, encoder: CachedEncoder, progress: Callable[[float, str], None]
) -> Parameters:
    """Fit the built-in world to an archive; WorldError where there is too little in it."""
    try:
        evaluation = await Run(
            archive, settings, encoder, lambda what, done, total: progress(done / max(total, 1), what)
        ).evaluate([Task.SILENCE])
        assert evaluation.silence is not None
        return fit_to(Reading(ArchiveMap()).read(archive), told_apart(evaluation.silence))
    except ValueError as error:
        raise WorldError(f"no community can be fitted to {archive}: {error}") from None


def _policies(chosen: Sequence[PolicyName] | None, world: str | None) -> list[PolicyName]:
    """Give the policies to simulate, in the order of the table."""
    if chosen and world is not None and PolicyName.ORACLE in chosen:
        raise typer.BadParameter("an oracle knows only the built-in world", param_hint="--policy")
    names = chosen or [name for name in PolicyName if world is None or name is not PolicyName.ORACLE]
    return [name for name in PolicyName if name in names]


class _Told:
    """Moves the progress bar, not more often than anybody could see."""

    def __init__(self, progress: Progress, line: TaskID, total: int) -> None:
        self._progress, self._line, self._total = progress, line, total
        self._last = ""

    def __call__(self, done: int, share: float, what: str) -> None:
        if what != self._last:
            self._last = what
            of_all = math.floor(1000 * (done + share) / self._total) / 1000
            self._progress.update(self._line, description=what, completed=of_all)
