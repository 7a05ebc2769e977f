"""`kindling simulate --holdouts`: whether what is said of the effect of asking is true, where the truth is known."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kindling.commands.common import write_json
from kindling.commands.evaluate import progress_bar
from kindling.simulate.community.parameters import Parameters
from kindling.simulate.holdouts import Checked, check, worlds


def check_holdouts(parameters: Parameters, holdouts: int, json_file: Path | None) -> None:
    """Simulate so many holdouts of each world, and print how often the interval held the truth on every day."""
    chosen = worlds(parameters)
    with progress_bar() as progress:
        line = progress.add_task("starting", total=len(chosen) * holdouts)
        found = []
        for world in chosen:
            progress.update(line, description=world.title)
            found.append(check(world, holdouts, lambda: progress.advance(line)))
    _show(Console(), found)
    write_json(json_file, {"holdouts": holdouts, "parameters": parameters.as_dict(), "worlds": list(map(_row, found))})


def _row(found: Checked) -> dict[str, Any]:
    world = found.world
    return {
        "world": world.title, "share": world.share,
        "truth": round(world.of.truth, 6), "covered": found.covered, "false_alarms": found.alarms,
        "found": found.found, "found_after": found.found_after, "half_width": round(found.width, 6),
    }  # fmt: skip


def _show(console: Console, found: list[Checked]) -> None:
    table = Table(title=f"{found[0].holdouts} holdouts of each, looked at every day")
    table.add_column("posts", min_width=22)
    for heading in ("held", "effect", "covered", "false\nalarms", "found", "after"):
        table.add_column(heading, justify="right")
    for one in found:
        truth, many = one.world.of.truth, one.holdouts
        table.add_row(
            one.world.title,
            f"{100 * one.world.share:.0f} %",
            f"{100 * truth:.1f}",
            f"{100 * one.covered / many:.1f} %",
            f"{100 * one.alarms / many:.1f} %",
            f"{100 * one.found / many:.1f} %" if truth else "",
            f"{one.found_after:,}" if one.found_after else "",
        )
    console.print(table)
