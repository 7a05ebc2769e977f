"""What a replay reports: counts that must add up, speed, latencies, memory, and the hash of its decisions."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from kindling.replay.decisions import Decisions
from kindling.replay.drive import Counts
from kindling.replay.processes import ServiceProcess, StoreProcess

QUANTILES = (0.5, 0.95, 0.99)
POST_TO = {"match": "post to match", "decision": "post to nudge's decision"}


def quantiles(buckets: dict[float, float]) -> dict[str, float | None]:
    """Read quantiles off cumulative histogram buckets (upper bound -> count), in seconds.

    `longest` is the last bound that is a number: a quantile is None where it lies beyond that, and where nothing
    was measured, which `measured` tells apart.
    """
    total = max(buckets.values(), default=0)
    bounds = sorted(bound for bound in buckets if math.isfinite(bound))
    found: dict[str, float | None] = {}
    for q in QUANTILES:
        bound = next((b for b in bounds if buckets[b] >= q * total), None) if total else None
        found[f"p{round(q * 100)}"] = None if bound is None else round(bound, 4)
    return {**found, "measured": total, "longest": round(bounds[-1], 4) if bounds else None}


def measured(processes: Sequence[ServiceProcess]) -> dict[str, dict[str, Any]]:
    """Read speeds and latencies off the processes' metrics; a killed one counts from its last start.

    `post_to`, in seconds from a post's entry into Kindling: `match` until recommend has ranked who should answer,
    `decision` until nudge has handled that ranking, and so decided what to do about the post: to open an
    opportunity or not. Whom to ask is decided hours of event time later, by a timer, and is not in it.
    """
    services: dict[str, dict[str, Any]] = {}
    ages: dict[tuple[str, str], dict[float, float]] = {}
    for process in processes:
        for family in text_string_to_metric_families(process.metrics()):
            for sample in family.samples:
                service = sample.labels.get("service", "")
                if not service:
                    continue
                entry = services.setdefault(service, {"records": 0.0, "busy_seconds": 0.0})
                if sample.name == "kindling_records_handled_total":
                    entry["records"] += sample.value
                elif sample.name == "kindling_busy_seconds_total":
                    entry["busy_seconds"] += sample.value
                elif sample.name == "kindling_age_seconds_bucket":
                    buckets = ages.setdefault((service, sample.labels["type"]), {})
                    buckets[float(sample.labels["le"])] = buckets.get(float(sample.labels["le"]), 0) + sample.value
    for entry in services.values():
        busy = entry["busy_seconds"]
        entry["records_per_busy_second"] = round(entry["records"] / busy, 1) if busy else None
        entry["busy_seconds"] = round(busy, 2)
    post_to = {
        "match": ages.get(("recommend", "PostPublished"), {}),
        "decision": ages.get(("nudge", "MatchesRanked"), {}),
    }
    return {"services": services, "post_to": {name: quantiles(buckets) for name, buckets in post_to.items()}}


def report(
    counts: Counts,
    decisions: Decisions,
    digest: str,
    processes: Sequence[ServiceProcess],
    store: StoreProcess,
    transport: str,
) -> dict[str, Any]:
    """Put everything into one object, as `--json` writes it.

    `events`: distinct ones `in`, each `handled` or `dead_lettered`; `repeated` came with an id that was in already.
    `other_letters` are of rankings, decisions and timers. `memory_mb`: the most that each process was seen to hold.
    """
    decided = decisions.decided
    everything: list[ServiceProcess | StoreProcess] = [*processes, store]
    return {
        "transport": transport,
        "events": {
            "in": counts.distinct,
            "handled": counts.handled,
            "dead_lettered": counts.dead_lettered,
            "repeated": counts.events - counts.distinct,
        },
        "other_letters": counts.other_letters,
        "rejected_lines": counts.rejected,
        "first_posts": decisions.passed["PostPublished"],
        "matches": decided["MatchesRanked"],
        "nudges": {
            "issued": decided["NudgeIssued"],
            "by_kind": dict(sorted(decisions.kinds.items())),
            "withdrawn": decided["NudgeWithdrawn"],
            "expired": decided["NudgeExpired"],
            "acted": decided["NudgeActed"],
            "acted_by_role": dict(sorted(decisions.acted_by_role.items())),
        },
        "decisions_sha256": digest,
        "seconds": round(counts.seconds, 1),
        "events_per_second": round(counts.events / counts.seconds, 1) if counts.seconds else None,
        **measured(processes),
        "memory_mb": {p.name: round(p.peak_bytes / 1e6) for p in everything},
        "restarts": {p.name: p.restarts for p in processes},
    }


def show(console: Console, made: dict[str, Any]) -> None:
    """Print the report for people."""
    table = Table(title=f"Replay on {made['transport']}", show_header=False)
    events, nudges = made["events"], made["nudges"]
    missing = events["in"] - events["handled"] - events["dead_lettered"]
    lost = f", MISSING {missing:,}" if missing else ""
    rows = [
        ("events in", f"{events['in']:,}"),
        (
            "handled + dead-lettered",
            f"{events['handled']:,} + {events['dead_lettered']:,}{lost}",
        ),
        *([("repeated events", f"{events['repeated']:,}")] if events["repeated"] else []),
        *([("other dead letters", f"{made['other_letters']:,}")] if made["other_letters"] else []),
        ("lines rejected", f"{made['rejected_lines']:,}"),
        ("posts, ranked", f"{made['first_posts']:,}, {made['matches']:,}"),
        ("nudges issued", f"{nudges['issued']:,} {_listed(nudges['by_kind'])}"),
        ("withdrawn, expired", f"{nudges['withdrawn']:,}, {nudges['expired']:,}"),
        ("acted", f"{nudges['acted']:,} {_listed(nudges['acted_by_role'])}"),
        ("wall time", f"{made['seconds']:,} s, {made['events_per_second'] or 0:,} events/s"),
    ]
    for service, entry in sorted(made["services"].items()):
        rows.append(
            (service, f"{entry['records']:,.0f} records, {entry['records_per_busy_second'] or 0:,} per busy second")
        )
    for what, found in made["post_to"].items():
        rows.append((POST_TO[what], ", ".join(_quantiles(found))))
    rows.append(("memory", _listed({name: f"{mb} MB" for name, mb in made["memory_mb"].items()})))
    if any(made["restarts"].values()):
        rows.append(("killed and restarted", _listed(made["restarts"])))
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    # On a line of its own: a hash that is cut to fit a table cannot be compared.
    console.print(f"decisions SHA-256 {made['decisions_sha256']}", soft_wrap=True, highlight=False)


def _listed(values: dict[str, Any]) -> str:
    return "(" + ", ".join(f"{name} {value}" for name, value in values.items()) + ")" if values else ""


def _quantiles(found: dict[str, float | None]) -> Iterator[str]:
    """Write quantiles for people: what lies beyond the longest time that is told apart is more than that."""
    for q in QUANTILES:
        name = f"p{round(q * 100)}"
        seconds, longest = found[name], found["longest"]
        if seconds is not None:
            yield f"{name} {seconds * 1000:,.0f} ms"
        else:
            yield f"{name} > {longest:,.0f} s" if found["measured"] and longest is not None else f"{name} -"
