"""Write the pages of docs/ that are made from the code: `python -m deploy.write_docs`; a test says if they are old."""

from collections.abc import Callable
from pathlib import Path

from deploy.http_page import http_lines, table, type_of_schema
from kindling.settings import described as described_settings
from shared.events import DECISIONS, EVENTS, Event
from shared.metrics import described as described_metrics
from shared.wire import ENVELOPE, type_of

DOCS = Path(__file__).parent.parent / "docs"
_MADE = "<!-- Made by `make docs` from the code; do not edit. -->"


def metrics_page() -> str:
    """Write the table of what /metrics says."""
    rows = [(f"`{m.name}`", m.kind, ", ".join(m.labels), m.meaning) for m in described_metrics()]
    said = (
        "Every process says at `/metrics` what it measures, for Prometheus. These are all names there are; no label "
        "names a member or a community. How well forecasts hold is `kindling_replies_observed_total` over "
        "`kindling_replies_predicted_total`: 1 where as many reply as was said."
    )
    head = ("metric", "kind", "labels", "meaning")
    return "\n".join([_MADE, "", "# Metrics", "", said, "", *table(head, rows), ""])


def settings_page() -> str:
    """Write the table of all settings."""
    rows = [
        (f"`{name}`", f"`{default}`" if default else "", meaning) for name, default, meaning in described_settings()
    ]
    said = "Each is a variable of the environment, a file of `KINDLING_SECRETS`, or a line of `kindling.toml`."
    return "\n".join([_MADE, "", "# Settings", "", said, "", *table(("setting", "default", "meaning"), rows), ""])


def events_page() -> str:
    """Write all events with their fields; the exact schema is `kindling schema`'s."""
    lines = [_MADE, "", "# Events", "", "CloudEvents 1.0 in JSON. `kindling schema` prints the exact JSON Schema.", ""]
    for name, kind in EVENTS.items():
        lines += [f"## {name}", "", f"`{type_of(kind)}`" + (", decided by nudge" if kind in DECISIONS else ""), ""]
        if "__doc__" in vars(kind) and kind.__doc__:
            lines += [" ".join(kind.__doc__.split()), ""]
        lines += [*_fields(kind), ""]
    return "\n".join(lines)


def _fields(kind: type[Event]) -> list[str]:
    properties = kind.model_json_schema()["properties"]
    rows = [
        (f"`{name}`", type_of_schema(properties[name]), "yes" if field.is_required() else "")
        for name, field in kind.model_fields.items()
        if name not in ENVELOPE
    ]
    return table(("field", "is", "needed"), rows) if rows else ["It has no fields of its own."]


def http_page() -> str:
    """Write the doors of all services; the exact schema is at `/openapi.json`."""
    return "\n".join([_MADE, "", *http_lines()])


PAGES: dict[str, Callable[[], str]] = {
    "metrics.md": metrics_page,
    "settings.md": settings_page,
    "events.md": events_page,
    "http.md": http_page,
}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (DOCS / page).write_text(write(), encoding="utf-8")
