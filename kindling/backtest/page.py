"""A backtest's summary as one HTML page that needs nothing else: no script, no font, no network."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kindling import evaluate
from kindling.backtest import drawings, words
from kindling.backtest.shapes import Period, Summary
from kindling.evaluate.words import count, figure

HERE = Path(__file__).parent
# One style for all reports.
STYLE = Path(evaluate.__file__).parent / "page.css"


def page(made: Summary) -> str:
    """Render the report. What the archive names is escaped; the same summary gives the same page."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    rendered = environment.get_template("page.html").render(
        style=STYLE.read_text(encoding="utf-8"),
        made=made,
        answers=list(words.answers(made)),
        periods=[_period(number, period) for number, period in enumerate(made["periods"])],
        by_week=drawings.by_week(made["weeks"]),
        right_by_week=drawings.right_by_week(made["weeks"]),
        weeks_a_point=drawings.weeks_a_point(made["weeks"]),
        words=words,
        count=count,
        figure=figure,
    )
    # A name that is no Unicode, as that of a file may be, must not keep the page from being written.
    return rendered.encode("utf-8", "replace").decode("utf-8")


def _period(number: int, period: Period) -> dict[str, Any]:
    """Give the template a period with its charts; without an ask, only what became of posts."""
    made: dict[str, Any] = {
        "key": f"period-{number}",
        "title": words.dates(period),
        "period": period,
        "counts": words.outcome_rows(period),
        "outcomes": drawings.outcomes(f"outcomes-{number}", period),
    }
    if not period["asks"]:
        return made
    return made | {
        "precision": drawings.precision(f"precision-{number}", period),
        "precisions": [(name, words.precision_row(found)) for name, found in period["precision"].items()],
        "caught": drawings.caught(f"caught-{number}", period),
        "load": drawings.load(f"load-{number}", period),
    }
