"""What is measured: a closed set of names, so that a typo fails the type check.

The operator's table of them is made from here (`docs/metrics.md`), and nothing else makes a metric. Labels are closed
sets too, or numbers of partitions: never a member, a text, nor a community, of which there may be any number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

# A fifth apart from a millisecond to a minute: quantiles read off it are within ten per cent.
_LATENCY_BUCKETS = tuple(0.001 * 1.2**i for i in range(61))
# From a tenth of a second to a week: what waits for people waits for hours.
_LONG_BUCKETS = (0.1, 0.3, 1, 3, 10, 30, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 3 * 86400, 7 * 86400)
_SHARE_BUCKETS = tuple(share / 10 for share in range(1, 11))

# The loop of every service
HANDLED = Counter("kindling_records_handled", "Records whose effects are durable", ["service", "type"])
REPEATED = Counter("kindling_records_repeated", "Records that were known already and skipped", ["service"])
EMITTED = Counter("kindling_records_emitted", "Records published", ["service", "type"])
RETRIED = Counter("kindling_batches_retried", "Batches that failed and were tried again record by record", ["service"])
DEAD_LETTERS = Counter("kindling_dead_letters", "Records that could not be processed", ["service", "reason"])
REPLACED = Counter("kindling_writes_refused", "Writes refused because another process had written", ["service"])
BUSY = Counter("kindling_busy_seconds", "Time spent on handling records", ["service"])
WAITING = Gauge(
    "kindling_waiting", "1 while waiting for a dependency, to be upgraded, or for an encoder", ["service", "dependency"]
)
STOPPED = Gauge("kindling_stopped_communities", "Communities stopped by a gap in their log", ["service"])
LOST = Counter("kindling_records_lost", "Records that the log no longer held when they were needed", ["service"])
LAG = Gauge("kindling_lag_records", "Records of the input not handled yet", ["service", "partition"])
LAG_SECONDS = Gauge(
    "kindling_lag_seconds", "How long the oldest record not handled yet has been waiting", ["service", "partition"]
)
AGE = Histogram(
    "kindling_age_seconds",
    "Time from a record's entry into Kindling until this service had handled it",
    ["service", "type"],
    buckets=_LATENCY_BUCKETS,
)
PLATFORM_AGE = Histogram(
    "kindling_platform_age_seconds",
    "Time from when a post was written on its platform until it was handled (service recommend: matched; nudge: "
    "weighed); posts that came in more than a day late, as imports do, are left out",
    ["service"],
    buckets=_LONG_BUCKETS,
)

# The front door
ACCEPTED = Counter("kindling_activities_accepted", "Activities accepted at the door", [])
REFUSED = Counter("kindling_activities_refused", "Activities refused at the door", ["status"])

# Models
EMBEDDED = Counter("kindling_texts_embedded", "Texts embedded by the model", [])
VECTOR_HITS = Counter("kindling_vector_hits", "Vectors found in a cache", ["cache"])
VECTOR_MISSES = Counter("kindling_vector_misses", "Vectors that the store did not have", [])
PROMOTED = Gauge(
    "kindling_model_promoted_timestamp_seconds", "When a community last took other models into use (event time)", []
)
PREDICTED = Counter(
    "kindling_replies_predicted",
    "Sum of the probabilities with which those asked about posts were expected to reply, counted when an ask ends by "
    "their reply, their no, or its time being over; what was handed over to them is left out",
    [],
)
REPLIED = Counter("kindling_replies_observed", "Replies that those same asks brought", [])

# Asking
ASKED = Counter("kindling_asks", "Nudges issued, by what they ask for", ["kind"])
ASK_WAIT = Histogram(
    "kindling_ask_wait_seconds",
    "Time of the community from a post until somebody was asked about it",
    buckets=_LONG_BUCKETS,
)
BUDGET_USED = Histogram(
    "kindling_budget_used_share",
    "Share of their weekly budget that somebody has used, this ask included, when they are asked",
    buckets=_SHARE_BUCKETS,
)
NOBODY = Counter("kindling_decisions_nobody", "Decisions about a post that found nobody to ask", [])
UNASKED = Counter(
    "kindling_unasked",
    "Posts and other things about which nobody could be asked, each counted once, when that began: all who came into "
    "question were barred, nobody matched, as many had been asked as may be, it was not worth it, or "
    "nobody is asked at all in that week",
    ["reason"],
)
HELD = Counter("kindling_decisions_held", "Posts left alone on purpose, to measure what asking adds", [])
ENDED = Counter("kindling_asks_ended", "What became of asks", ["outcome"])
DELIVERED = Counter("kindling_deliveries", "Nudges that were brought to people", ["channel", "result"])

# Traces
SPANS_MADE = Counter("kindling_spans_made", "Spans of the events that are followed", [])
SPANS_SENT = Counter("kindling_spans_sent", "Spans that a collector took; what is missing of those made is lost", [])


@dataclass(frozen=True, slots=True)
class Described:
    """A metric as Prometheus shows it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


def metrics() -> dict[str, Any]:
    """Give all metrics by the name that they have here, in the order above."""
    return {name: found for name, found in globals().items() if isinstance(found, Counter | Gauge | Histogram)}


def described() -> Iterator[Described]:
    """Describe all metrics, for the documentation."""
    for metric in metrics().values():
        (family,) = metric.describe()
        suffix = "_total" if family.type == "counter" else ""
        yield Described(family.name + suffix, family.type, metric._labelnames, family.documentation)
