"""Write the pages of docs/ that are made from the code: `python -m deploy.write_docs`; a test says if they are old."""

from collections.abc import Callable
from pathlib import Path

from deploy.http_page import http_lines, table, type_of_schema
from kindling.commands.plan import size
from kindling.plan.estimate import Load, plan
from kindling.plan.figures import measured
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


def capacity_page() -> str:
    """Write what installations of some sizes need, as `kindling plan` reckons it."""
    figures = measured()
    rows = []
    for load in SIZES:
        found = plan(load, figures)
        cores = f"{found.recommend_cores:.2f}, {found.recommend_cores_at_peak:.2f} in the busiest hour"
        rows.append(
            (
                f"{load.members:,}", f"{load.posts_per_day:,.0f}", str(load.communities), size(found.redis_bytes),
                size(found.recommend_bytes), cores, str(found.recommend_replicas), size(found.kafka_bytes_a_month),
                f"{found.import_hours:.1f} h",
            )
        )  # fmt: skip
    said = (
        "What `kindling plan --members … --posts-per-day …` says for some sizes, with a year of posts kept and a "
        "busiest hour of five times the mean; it gives the reasons with each. An estimate, from figures that "
        f"`{figures.command}` measured ({figures.measured}, {figures.machine}): posts of 80 words, three replies each, "
        "invented. Measure your own with the same command. Redis is reckoned twice, to rewrite its file while it goes "
        "on; one more replica of each service goes on in a failure."
    )
    head = (
        "members", "posts a day", "communities", "Redis", "recommend, all replicas", "recommend, cores", "its replicas",
        "Kafka, 30 days, a copy", "first import of one",
    )  # fmt: skip
    return "\n".join([_MADE, "", "# Capacity", "", said, "", *table(head, rows), ""])


SIZES = (
    Load(500, 5),
    Load(2_000, 20),
    Load(10_000, 100),
    Load(50_000, 500),
    Load(1_000, 10, communities=20),
    Load(5_000, 50, communities=100),
)

PAGES: dict[str, Callable[[], str]] = {
    "metrics.md": metrics_page,
    "settings.md": settings_page,
    "events.md": events_page,
    "http.md": http_page,
    "capacity.md": capacity_page,
}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (DOCS / page).write_text(write(), encoding="utf-8")
