"""A backtest's summary in the terminal."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from kindling.backtest import words
from kindling.backtest.shapes import Period, Summary
from kindling.evaluate.words import count, figure
from kindling.terminal import harmless, say

# So many of the latest weeks are shown; the files have all.
WEEKS = 12


def show(console: Console, made: Summary) -> None:
    """Print the summary for people. What the archive names is printed as it is, never read as markup."""
    say(console, f"{made['archive']}, {made['model']}", "bold")
    say(console, ", ".join(f"{name}: {count(value)}" for name, value in made["facts"].items()), "dim")
    say(console, made["eligible"])
    console.print()
    for sentence in words.answers(made):
        say(console, sentence)
    for period in made["periods"]:
        console.print()
        say(console, words.dates(period)[0].upper() + words.dates(period)[1:], "bold")
        _period(console, period)
    console.print()
    say(console, f"The latest {WEEKS} weeks", "bold")
    console.print(_weeks(made))
    for note in made["notes"]:
        say(console, note, "dim")


def _period(console: Console, period: Period) -> None:
    console.print(_outcomes(period))
    if not period["asks"]:
        return
    console.print(_precisions(period))
    console.print(_caught(period))
    console.print(_busiest(period))


def _outcomes(period: Period) -> Table:
    table = _grid("what became of posts", ("posts",))
    for said, number in words.outcome_rows(period):
        table.add_row(said, words.share_of(number, period["posts"]))
    return table


def _precisions(period: Period) -> Table:
    table = _grid("the asked person really replied", ("asks", "share", "at random", "most active"))
    for name, found in period["precision"].items():
        table.add_row(name, *words.precision_row(found))
    return table


def _caught(period: Period) -> Table:
    day, week = period["caught_in_a_day"], period["caught_at_all"]
    table = _grid("share asked about within", ("silent for 24 h", "silent for 7 days"))
    shares = dict(day["by_hours"])
    for hours, share in week["by_hours"]:
        table.add_row(f"{hours:g} h", figure(shares.get(hours)), figure(share))
    return table


def _busiest(period: Period) -> Table:
    table = _grid("who is asked most", ("asks", "most in a week", "may have", "right", "really answered"))
    for one in period["busiest"]:
        table.add_row(
            harmless(f"{words.named(one['place'], one['name'])} ({one['role']})"),
            f"{one['asks']:,}", f"{one['most_in_week']}", f"{one['weekly_limit']}", f"{one['right']:,}",
            f"{one['really_answered']:,}",
        )  # fmt: skip
    return table


def _weeks(made: Summary) -> Table:
    table = _grid("from", ("posts", "silent 24 h", "caught", "asks", "right", "answered", "people", "most"))
    for week in made["weeks"][-WEEKS:]:
        figures = (
            week["posts"], week["silent_day"], week["caught"], week["asks"], week["right"], week["answered"],
            week["people"], week["most"],
        )  # fmt: skip
        table.add_row(week["since"][:10], *map(str, figures))
    return table


def _grid(first: str, columns: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right")
    return table
