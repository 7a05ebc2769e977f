"""What people see of an evaluation: the terminal and the page say the same, honestly, and nothing breaks them."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kindling.evaluate import charts, words
from kindling.evaluate.page import page
from kindling.evaluate.results import Evaluation, Task
from kindling.evaluate.shapes import Difference, Verdict
from kindling.evaluate.summary import summarise
from kindling.evaluate.terminal import show
from tests.evaluating import OURS, RULE, synthetic

EVIL = "[bold]<script>alert('&')</script>\x1b[2J"


def printed(evaluation: Evaluation, width: int = 200) -> str:
    stream = io.StringIO()
    show(Console(file=stream, width=width, force_terminal=False), summarise(evaluation))
    return stream.getvalue()


def renamed(evaluation: Evaluation, name: str) -> Evaluation:
    """Let the archive, the baselines, groups, notes and facts have a name."""
    tasks = []
    for task in evaluation.ranked:
        cases = tuple(
            replace(
                one,
                groups=frozenset({name}),
                ranked={name if method == RULE else method: ids for method, ids in one.ranked.items()},
            )
            for one in task.cases
        )
        baselines = tuple(name if method == RULE else method for method in task.baselines)
        tasks.append(replace(task, cases=cases, baselines=baselines, notes=(name,), facts={name: 1}))
    return replace(evaluation, archive=name, model=name, facts={name: 1.0}, ranked=tuple(tasks))


class Parts(HTMLParser):
    """Collects a page's elements and their attributes, and refuses what is not closed."""

    VOID = frozenset({"meta", "br"})
    DRAWN = frozenset({"line", "rect", "circle", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, *tags: str) -> Sequence[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag in tags]


def parsed(html: str) -> Parts:
    parts = Parts()
    parts.feed(html)
    parts.close()
    assert parts.open == []
    return parts


def test_terminal_tells_all_tasks() -> None:
    """Each task has its table, the verdict in words, the groups, the load, the notes and the figures."""
    text = printed(synthetic(120))
    for said in [
        *words.TITLES.values(),
        "Kindling beats the best simple rule, BM25 + recent activity, by .",
        "first-time authors: 40 cases",
        "what really happened",
        "A made-up note.",
        "first stage recall: 0.981",
        "open after 12 h",
    ]:
        assert said in text


@pytest.mark.parametrize("width", [60, 80, 140])
def test_terminal_widths(width: int) -> None:
    """No figure is cut off, however narrow the terminal: intervals go below the means, or are left out."""
    text = printed(synthetic(60), width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


def test_terminal_names_are_plain() -> None:
    """What an archive names is printed as it is: neither markup nor a sign that steers the terminal."""
    text = printed(renamed(synthetic(40), EVIL))
    assert "[bold]<script>" in text
    assert "\x1b" not in text


def test_page_names_are_escaped() -> None:
    """Nothing that an archive names becomes part of the page."""
    html = page(summarise(renamed(synthetic(40), EVIL)))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    parsed(html)


def test_page_of_a_name_that_is_no_unicode() -> None:
    """A file's name that is no Unicode does not keep the page from being written."""
    page(summarise(replace(synthetic(0), archive="caf\udce9.jsonl"))).encode("utf-8")


def test_page_needs_nothing_else() -> None:
    """The page loads nothing, from nowhere: no script, no link but to its own parts, no address in its style."""
    html = page(summarise(synthetic(60)))
    parts = parsed(html)
    assert not parts.named("script", "link", "img", "iframe", "object")
    ids = {attributes["id"] for _, attributes in parts.found if "id" in attributes}
    assert all((a["href"] or "").startswith("#") and (a["href"] or "")[1:] in ids for a in parts.named("a"))
    assert "url(" not in html
    assert "@import" not in html
    assert set(re.findall(r"https?://[^\"' ]+", html)) <= {"http://www.w3.org/2000/svg"}


def test_page_is_accessible() -> None:
    """Tables have captions and scopes, charts titles and descriptions, ids are unique, headings step by one."""
    html = page(summarise(synthetic(60)))
    parts = parsed(html)
    ids = [attributes["id"] for _, attributes in parts.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(parts.named("caption")) == len(parts.named("table")) > 10
    assert all(cell.get("scope") for cell in parts.named("th"))
    charted = [one for one in parts.named("svg") if one.get("aria-hidden") != "true"]
    # Three of each ranking task, one for each age of silence.
    assert len(charted) == 3 * 3 + 4
    for one in charted:
        assert set((one["aria-labelledby"] or "").split()) <= set(ids)
    levels = [int(tag[1]) for tag, _ in parts.found if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_page_begins_with_the_answer() -> None:
    """An operator reads first, and in plain words, how often the choices were right and against what."""
    made = summarise(synthetic(120))
    html = page(made)
    first = html[html.index("In short") : html.index("<nav")]
    for metric in ("found_at_1", "found_at_5"):
        mean = made["tasks"]["responders"]["whole"]["methods"][OURS]["metrics"][metric]["mean"]
        assert f"n {words.hundred(mean)} of 100" in first
    assert "the best simple rule, " in first
    assert "got no reply within 24 hours" in first


def test_empty_states() -> None:
    """A task without a case says why, in the terminal and on the page, and draws no chart."""
    why = "The archive spans 3 days: at least 30 are needed."
    html = page(summarise(synthetic(0)))
    assert html.count(why) == 4
    assert not parsed(html).named("svg")
    assert printed(synthetic(0)).count(why) == 4
    assert "Nothing was evaluated." in page(summarise(Evaluation("x", "m", {})))


def test_few_cases() -> None:
    """One case of each task, without a baseline, is shown too: no interval, no comparison, nothing broken."""
    evaluation = synthetic(1)
    assert evaluation.silence is not None
    alone = replace(
        evaluation,
        ranked=tuple(replace(task, baselines=()) for task in evaluation.ranked),
        silence=replace(evaluation.silence, baselines=()),
    )
    for made in (evaluation, alone):
        parsed(page(summarise(made)))
        assert "1 cases" not in printed(made)
        assert "too few" in printed(made)
    assert "best simple rule" not in printed(alone)
    assert "Too few cases to compare" in printed(evaluation)


def test_the_same_page_twice() -> None:
    """The same evaluation gives the same page, bit for bit."""
    assert page(summarise(synthetic(30))) == page(summarise(synthetic(30)))


@pytest.mark.parametrize(
    ("difference", "low", "high", "verdict", "said"),
    [
        (0.067, 0.058, 0.076, Verdict.BETTER, "Kindling beats the best simple rule, x, by .067 [.058, .076] MRR."),
        (
            -0.02,
            -0.03,
            -0.01,
            Verdict.WORSE,
            "Kindling is WORSE than the best simple rule, x, by .020 [.010, .030] MRR.",
        ),
        (
            0.01,
            -0.01,
            0.03,
            Verdict.UNCLEAR,
            "Kindling and the best simple rule, x, cannot be told apart: the difference is .010 [-.010, .030] MRR.",
        ),
        (
            0.2,
            None,
            None,
            Verdict.TOO_FEW,
            "Too few cases to compare with the best simple rule, x: .200 MRR, without an interval.",
        ),
    ],
)
def test_honest_words(difference: float, low: float | None, high: float | None, verdict: Verdict, said: str) -> None:
    """Kindling beats a rule only where the interval is above 0; a loss is called one."""
    found: Difference = {"baseline": "x", "difference": difference, "low": low, "high": high, "verdict": verdict}
    assert words.verdict(found, "mrr") == said


def test_figures() -> None:
    """Figures are written alike everywhere."""
    assert [words.figure(value) for value in (0.5761, 1.0, -0.012, 0.0, -0.0001, None)] == [
        ".576",
        "1.000",
        "-.012",
        ".000",
        ".000",
        "-",
    ]
    assert [words.hundred(share) for share in (0, 0.001, 0.27, 0.999, 1)] == [
        "0",
        "fewer than 1",
        "27",
        "more than 99",
        "100",
    ]


@given(st.floats(0, 1))
def test_scale(most: float) -> None:
    """An axis has a few round marks from 0, holds the most, and never goes past 1."""
    marks = charts.scale(most)
    assert marks[0] == 0
    assert most <= marks[-1] <= 1
    assert 2 <= len(marks) <= 7
    assert marks == sorted(set(marks))


def test_every_task_has_words() -> None:
    """Each task has a title and an answer: a new one cannot be forgotten."""
    assert set(words.TITLES) == {task.value for task in Task}
