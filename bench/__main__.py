"""`make bench`: how fast it is, on this machine, now. `--json FILE` writes the figures, too."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench import assigning, doors, encoding, loop, nearness, ranking, wire

PARTS = {
    "wire": wire.figures,
    "loop": loop.figures,
    "ranking": ranking.figures,
    "nearness": nearness.figures,
    "assigning": assigning.figures,
    "doors": doors.figures,
    "encoding": encoding.figures,
}


def main(
    only: Annotated[list[str] | None, typer.Argument(help=f"Parts: {', '.join(PARTS)}; default: all.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json")] = None,
) -> None:
    """Measure, and print the median of several runs with the lowest and the highest."""
    console = Console()
    found = []
    for name in only or PARTS:
        with console.status(f"measuring {name}"):
            found += list(PARTS[name]())
    table = Table("what", "median", "lowest", "highest", "unit", "runs")
    for f in found:
        table.add_row(f.what, f"{f.value:,.1f}", f"{f.lowest:,.1f}", f"{f.highest:,.1f}", f.unit, str(f.runs))
    console.print(table)
    if json_file:
        json_file.write_text(json.dumps([asdict(f) for f in found], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
