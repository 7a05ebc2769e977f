"""The summary in the terminal: a table for each task, and what it means."""

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kindling.evaluate import words
from kindling.evaluate.shapes import Compared, Estimate, Kind, RankedSummary, SilenceSummary, Summary
from kindling.terminal import harmless, say

# From so many columns on an interval stands beside its mean, else below it, and in very few it is left out.
_WIDE = 120
_NARROW = 76
_LEGEND = (
    "AP: average precision. ECE: expected calibration error over ten bins of equally many posts; chance: what a "
    "perfect forecaster would show with so many posts; above: the error beyond that; fits: whether the probabilities "
    "pass a test of calibration at 95 %, and the share of perfect forecasters that would show as large an error."
)
_STYLES = {Kind.OURS: "bold", Kind.BASELINE: "", Kind.ABLATION: "dim"}


def show(console: Console, made: Summary) -> None:
    """Print the summary for people. What the archive names is printed as it is, never read as markup."""
    say(console, f"{made['archive']}, {made['model']}", "bold")
    _figures(console, made["facts"])
    for task in made["tasks"].values():
        _ranked(console, task)
    if made["silence"] is not None:
        _silence(console, made["silence"])


def _ranked(console: Console, task: RankedSummary) -> None:
    whole = task["whole"]
    console.print()
    if not whole["cases"]:
        _empty(console, words.TITLES[task["task"]], task["notes"])
        return
    say(console, f"{words.TITLES[task['task']]}: {task['task']}", "bold")
    say(console, " ".join(words.ranked_answer(task)))
    console.print()
    say(console, words.counted(whole, task["task"]))
    console.print(_table(console, whole, task["metrics"]))
    for metric in task["metrics"]:
        if metric in whole["against_best"]:
            say(console, words.verdict(whole["against_best"][metric], metric))
    for name, group in task["groups"].items():
        console.print()
        say(console, f"{name}: {words.counted(group, task['task'])}")
        console.print(_table(console, group, task["metrics"]))
        first = task["metrics"][0]
        if first in group["against_best"]:
            say(console, words.verdict(group["against_best"][first], first))
    console.print()
    say(console, "How the first places are shared")
    console.print(_concentration(task))
    say(console, words.concentrated(task))
    _caps(console, task)
    _below(console, task["notes"], task["facts"])


def _grid(columns: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("method", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _table(console: Console, part: Compared, metrics: Sequence[str]) -> Table:
    table = _grid([words.METRICS[metric] for metric in metrics])
    for name, method in part["methods"].items():
        cells = [_estimated(console, method["metrics"][metric]) for metric in metrics]
        table.add_row(_named(name, method["kind"]), *cells, style=_STYLES[method["kind"]])
    return table


def _estimated(console: Console, found: Estimate) -> Text:
    cell = Text(words.figure(found["mean"]))
    if found["low"] is not None and console.width >= _NARROW:
        beside = " " if console.width >= _WIDE else "\n"
        cell.append(f"{beside}{words.figure(found['low'])}-{words.figure(found['high'])}", "dim")
    return cell


def _named(name: str, kind: Kind) -> Text:
    return Text(f"> {harmless(name)}" if kind is Kind.OURS else f"  {harmless(name)}")


def _concentration(task: RankedSummary) -> Table:
    shared = task["concentration"]
    table = _grid(["Gini", "the ten most chosen", "ever first"])
    if shared is not None:
        kinds = {name: method["kind"] for name, method in task["whole"]["methods"].items()}
        for name, found in [*shared["methods"].items(), ("what really happened", shared["really"])]:
            kind = kinds.get(name, Kind.BASELINE)
            row = (words.figure(found["gini"]), words.figure(found["top_ten"]), f"{found['chosen']:,}")
            table.add_row(_named(name, kind), *row, style=_STYLES[kind])
    return table


def _caps(console: Console, task: RankedSummary) -> None:
    caps = task["concentration"]["caps"] if task["concentration"] is not None else []
    if not caps:
        return
    table = _grid(["first replied", "Gini", "the ten most chosen", "ever first"])
    for found in caps:
        shares = (words.figure(share) for share in (found["right"], found["gini"], found["top_ten"]))
        table.add_row(Text(words.cap(found["cap"])), *shares, f"{found['chosen']:,}")
    console.print()
    console.print(table)
    say(console, words.CAPS)


def _silence(console: Console, silence: SilenceSummary) -> None:
    console.print()
    if not silence["ages"]:
        _empty(console, words.TITLES["silence"], silence["notes"])
        return
    say(console, f"{words.TITLES['silence']}: silence", "bold")
    say(console, " ".join(words.silence_answer(silence)))
    console.print()
    columns = ["AUC", "AP", "Brier", "ECE", "chance", "above", "fits"]
    for age in silence["ages"]:
        posts = words.several(age["posts"], "post")
        say(console, f"{words.hours(age['age'])}: {posts}, {words.figure(age['silent'])} stayed silent")
        table = _grid(columns)
        for name, method in age["methods"].items():
            found = method["calibration"]
            table.add_row(
                _named(name, method["kind"]),
                _estimated(console, method["auc"]),
                words.figure(method["average_precision"]),
                words.figure(method["brier"]),
                words.figure(found["error"]),
                words.figure(found["floor"]),
                words.figure(found["excess"]),
                f"{'yes' if found['passed'] else 'no'} {words.figure(found['p_value'])}",
                style=_STYLES[method["kind"]],
            )
        console.print(table)
        if age["against_best"] is not None:
            say(console, words.verdict(age["against_best"], "auc"))
        console.print()
    say(console, _LEGEND, "dim")
    _below(console, silence["notes"], silence["facts"])


def _empty(console: Console, title: str, notes: Sequence[str]) -> None:
    say(console, f"{title}: no case", "bold")
    for note in notes or (words.NO_CASE,):
        say(console, note)


def _below(console: Console, notes: Iterable[str], facts: Mapping[str, float]) -> None:
    for note in notes:
        say(console, note, "dim")
    _figures(console, facts)


def _figures(console: Console, facts: Mapping[str, float]) -> None:
    if facts:
        say(console, ", ".join(f"{name}: {words.count(value)}" for name, value in facts.items()), "dim")
