"""`kindling policy`: what another way of choosing whom to ask would have brought."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from kindling.commands.common import Json, write_json
from kindling.policy.estimate import Estimate, Estimates, TooLittleOverlap, estimate
from kindling.policy.policies import PolicyName
from kindling.policy.read_log import Log, NoLog, read_log

app = typer.Typer(help="What another way of choosing whom to ask would have brought.", no_args_is_help=True)
console = Console(emoji=False)


@app.callback()
def _group() -> None:
    """What another way of choosing whom to ask would have brought."""


@app.command("evaluate")
def evaluate_(
    log: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Decisions, one a line: `kindling replay --decisions`.")
    ],
    policy: Annotated[PolicyName, typer.Option(help="Whom to ask of those who could have been.")],
    json_file: Json = None,
) -> None:
    """Estimate how many replies an ask would have brought, had another policy chosen whom to ask.

    It rests on the choices that were drawn by chance (KINDLING_NUDGE__EXPLORE_SHARE) and have come to their end. Where
    they say too little of the policy, no number is given (exit code 1).
    """
    try:
        known = _read(log)
    except NoLog as error:
        raise typer.BadParameter(str(error), param_hint="--log") from None
    try:
        found, logged = estimate(known.choices(policy)), estimate(known.choices(PolicyName.LOGGED))
    except TooLittleOverlap as error:
        console.print(f"No estimate: {error}.", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    console.print(_table(policy, found, logged))
    if known.weeks_off:
        said = f"Of {len(known.weeks)} weeks that were drawn {known.weeks_off} were without asking"
        console.print(f"{said}: of what an ask would have brought in them this says nothing.", highlight=False)
    write_json(json_file, _as_json(policy, found, logged, known))


def _read(path: Path) -> Log:
    columns = (TextColumn("reading"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        line = progress.add_task("reading", total=path.stat().st_size)
        return read_log(path, lambda done: progress.update(line, completed=done))


def _table(policy: PolicyName, found: Estimates, logged: Estimates) -> Table:
    table = Table(title=f"Replies an ask, had `{policy}` chosen")
    for heading in ("", "estimate", "95 % interval"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = (("doubly robust", found.doubly_robust), ("SNIPS", found.snips), ("IPS", found.ips))
    for name, value in (*rows, ("as they were drawn", logged.ips)):
        table.add_row(name, f"{value.value:.3f}", f"{value.low:.3f} to {value.high:.3f}")
    table.caption = f"{found.choices} drawn choices, worth {found.effective:.0f} of this policy's"
    return table


def _as_json(policy: PolicyName, found: Estimates, logged: Estimates, known: Log) -> dict[str, Any]:
    shown: dict[str, Estimate] = {
        "doubly_robust": found.doubly_robust, "snips": found.snips, "ips": found.ips, "as_drawn": logged.ips,
    }  # fmt: skip
    numbers: dict[str, Any] = {
        "policy": policy.value, "choices": found.choices, "effective_sample_size": found.effective,
        "weeks_drawn": len(known.weeks), "weeks_without_asking": known.weeks_off,
    }  # fmt: skip
    return numbers | {name: asdict(value) for name, value in shown.items()}
