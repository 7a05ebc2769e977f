"""A decision on the terminal."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kindling.explain import words
from kindling.terminal import harmless, say


def show(console: Console, decision: dict[str, Any]) -> None:
    """Print a decision for people. What the community names is printed as it is, never read as markup."""
    say(console, words.heading(decision), "bold")
    for sentence in words.sentences(decision):
        say(console, sentence)
    if decision["considered"]:
        console.print(_people(decision))
    say(console, f"Model {decision['model']}", "dim")


def _people(decision: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("member", overflow="fold")
    table.add_column("would answer", justify="right")
    table.add_column("worth", justify="right")
    table.add_column("", overflow="fold")
    for one in decision["considered"]:
        chosen = one["member"] == decision["member"]
        worth = "" if one["worth"] is None else f"{one['worth']:.3f}"
        said = "asked" if chosen else words.beside(one)
        row = (str(one["rank"]), one["member"], f"{100 * one['score']:.1f} %", worth, said)
        table.add_row(*(Text(harmless(cell)) for cell in row), style="bold" if chosen else "dim" if one["bars"] else "")
    return table
