"""The summary as one HTML page that needs nothing else: no script, no font, no network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kindling.evaluate import charts, words
from kindling.evaluate.shapes import Compared, Kind, RankedSummary, SilenceSummary, Summary

HERE = Path(__file__).parent
_PARTS = 4
_ROUND = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)


def page(made: Summary) -> str:
    """Render the report. What the archive names is escaped; the same summary gives the same page."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    rendered = environment.get_template("page.html").render(
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        made=made,
        answers=list(answers(made)),
        tasks=[_ranked(task) for task in made["tasks"].values()],
        silence=None if made["silence"] is None else _silence(made["silence"]),
        words=words,
        meanings=_MEANINGS,
        no_case=words.NO_CASE,
    )
    # A name that is no Unicode, as that of a file may be, must not keep the page from being written.
    return rendered.encode("utf-8", "replace").decode("utf-8")


def answers(made: Summary) -> Iterator[tuple[str, str]]:
    """Answer an operator's question in plain words, task by task: (title, sentences)."""
    nothing = "the archive has no case to tell from."
    for task in made["tasks"].values():
        some = bool(task["whole"]["cases"])
        yield words.TITLES[task["task"]], " ".join(words.ranked_answer(task)) if some else nothing
    if made["silence"] is not None:
        some = bool(made["silence"]["ages"])
        yield words.TITLES["silence"], " ".join(words.silence_answer(made["silence"])) if some else nothing


def _ranked(task: RankedSummary) -> dict[str, Any]:
    """Give the template a task with its verdicts and charts; without a case, nothing of these."""
    name, whole = task["task"], task["whole"]
    made: dict[str, Any] = {"name": name, "title": words.TITLES[name], "task": task, "empty": not whole["cases"]}
    if not whole["cases"]:
        return made
    difference = whole["against_best"].get("mrr")
    best = difference["baseline"] if difference else None
    return made | {
        "verdicts": _verdicts(whole, task["metrics"]),
        "groups": [
            (group, part, _verdicts(part, task["metrics"][:1]), words.counted(part, name))
            for group, part in task["groups"].items()
        ],
        "bars": charts.bars(f"{name}-mrr", f"{words.TITLES[name]}: MRR by method, with 95 % intervals", _bars(whole)),
        "over_time": _over_time(task, best),
        "shared": _shared(task, best),
        "best": best,
    }


def _verdicts(part: Compared, metrics: list[str]) -> list[tuple[str, str]]:
    """Give each metric's verdict: its kind, for the style, and the sentence."""
    found = part["against_best"]
    return [(found[m]["verdict"].value, words.verdict(found[m], m)) for m in metrics if m in found]


def _bars(part: Compared) -> list[charts.Bar]:
    made = []
    for name, method in part["methods"].items():
        found = method["metrics"]["mrr"]
        made.append(charts.Bar(name, method["kind"], found["mean"] or 0.0, found["low"], found["high"]))
    return made


def _over_time(task: RankedSummary, best: str | None) -> Markup | None:
    """Draw ours and the best simple rule through the test's time; nothing where there are no two spans with cases."""
    spans = task["over_time"]
    known = [number for number, span in enumerate(spans) if span["cases"]]
    if len(known) < 2:
        return None
    named = [(task["ours"], "ours"), *([(best, "baseline")] if best else [])]
    values = {name: [(n, spans[n]["mrr"][name] or 0.0) for n in known] for name, _ in named}
    marks = charts.scale(max(value for line in values.values() for _, value in line))
    top = marks[-1]
    given = [
        charts.Line(
            name,
            style,
            tuple(((n + 0.5) / len(spans), value / top) for n, value in values[name]),
            ", ".join(f"from {spans[n]['since'][:10]} {words.figure(value)}" for n, value in values[name]),
        )
        for name, style in named
    ]
    every = range(0, len(spans), 2)
    across = [charts.Tick((n + 0.5) / len(spans), spans[n]["since"][:10]) for n in every]
    up = [charts.Tick(mark / top, words.figure(mark, 2)) for mark in marks]
    title = f"{words.TITLES[task['task']]}: MRR over the time of the test"
    return charts.lines(f"{task['task']}-time", title, given, across, up, ("an eighth of the test from", "MRR"))


def _shared(task: RankedSummary, best: str | None) -> Markup | None:
    """Draw which share of the first places the most chosen took, by how many they are."""
    shared = task["concentration"]
    if shared is None:
        return None
    named = [("what really happened", "really", shared["really"])]
    if best is not None:
        named.append((best, "baseline", shared["methods"][best]))
    named.append((task["ours"], "ours", shared["methods"][task["ours"]]))
    most = max((found["curve"][-1][0] for _, _, found in named if found["curve"]), default=1)
    given = [
        charts.Line(
            name,
            style,
            tuple((charts.log_place(n, most), share) for n, share in found["curve"]),
            ", ".join(f"the first {n:,} took {words.figure(share)}" for n, share in found["curve"]),
        )
        for name, style, found in named
    ]
    across = [charts.Tick(charts.log_place(n, most), f"{n:,}") for n in _ROUND if n <= most]
    up = [charts.Tick(part / _PARTS, f"{100 * part // _PARTS} %") for part in range(_PARTS + 1)]
    what = "threads" if task["task"] == "posts" else "people"
    title = f"{words.TITLES[task['task']]}: share of the first places that the most chosen {what} took"
    return charts.lines(
        f"{task['task']}-shared", title, given, across, up, (f"so many of the most chosen {what}", "of first places")
    )


def _silence(made: SilenceSummary) -> dict[str, Any]:
    ages = []
    for number, age in enumerate(made["ages"]):
        best = age["against_best"]
        title = f"Reliability {words.hours(age['age'])}: what was said against what happened"
        ours = age["methods"][made["ours"]]["calibration"]["bins"]
        other = age["methods"][best["baseline"]]["calibration"]["bins"] if best else []
        ages.append(
            {
                "age": age,
                "name": words.hours(age["age"]),
                "chart": charts.reliability(f"silence-{number}", title, ours, other),
                "best": best["baseline"] if best else None,
                "verdict": (best["verdict"].value, words.verdict(best, "auc")) if best else None,
                "calibrated": words.calibrated(age, made["ours"]),
            }
        )
    return {"title": words.TITLES["silence"], "silence": made, "ages": ages, "ours": Kind.OURS}


_MEANINGS = {
    "mrr": "1 divided by the place of the right one, on average: 1 if always first, .5 if always second. For "
    "responders the right one is who replied first; for peers, the best-placed of the new ones.",
    "hit_at_1": "How often the very first choice was the one who replied first.",
    "recall_at_5": "Which share of all who turned out right is among the first five.",
    "recall_at_10": "Which share of all who turned out right is among the first ten.",
    "ndcg_at_10": "How near the first ten are to the best order, with more weight on early places; 1 is perfect.",
    "Gini": "How unequally first places are shared: 0 if all have equally many, near 1 if one has all.",
    "AUC": "How often a post that stayed silent had a higher probability than one that did not; .5 is guessing.",
    "AP": "Average precision: of the posts named most likely to stay silent, which share did; guessing reaches the "
    "share of silent posts.",
    "Brier": "The mean squared distance between probability and outcome; 0 is perfect.",
    "ECE": "Expected calibration error: how far probabilities are from what happened, over ten bins of equally many "
    "posts. Chance alone makes even a perfect forecaster show some; only what lies above that counts. p is the share "
    "of perfect forecasters that would show as much: below .05 the probabilities are called not calibrated.",
    "95 % interval": "How far a figure might move if other threads or members of the same community had been drawn. "
    "Two methods are compared on the same draws, which is far surer than comparing their intervals.",
}
