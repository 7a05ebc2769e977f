"""What is measured: a closed set of names, so that a typo fails the type check."""

from prometheus_client import Counter, Gauge, Histogram

# A fifth apart from a millisecond to a minute: quantiles read off it are within ten per cent.
_LATENCY_BUCKETS = tuple(0.001 * 1.2**i for i in range(61))

HANDLED = Counter("kindling_records_handled", "Records whose effects are durable", ["service", "type"])
REPEATED = Counter("kindling_records_repeated", "Records that were known already and skipped", ["service"])
EMITTED = Counter("kindling_records_emitted", "Records published", ["service", "type"])
DEAD_LETTERS = Counter("kindling_dead_letters", "Records that could not be processed", ["service", "reason"])
REPLACED = Counter("kindling_writes_refused", "Writes refused because another process had written", ["service"])
BUSY = Counter("kindling_busy_seconds", "Time spent on handling records", ["service"])
WAITING = Gauge("kindling_waiting", "1 while waiting for a dependency", ["service", "dependency"])
STOPPED = Gauge("kindling_stopped_communities", "Communities stopped by a gap in their log", ["service"])
LOST = Counter("kindling_records_lost", "Records that the log no longer held when they were needed", ["service"])
LAG = Gauge("kindling_lag_records", "Records of the input not handled yet", ["service", "partition"])
AGE = Histogram(
    "kindling_age_seconds",
    "Time from a record's entry into Kindling until this service had handled it",
    ["service", "type"],
    buckets=_LATENCY_BUCKETS,
)
ACCEPTED = Counter("kindling_activities_accepted", "Activities accepted at the door", [])
REFUSED = Counter("kindling_activities_refused", "Activities refused at the door", ["status"])
EMBEDDED = Counter("kindling_texts_embedded", "Texts embedded by the model", [])
VECTOR_HITS = Counter("kindling_vector_hits", "Vectors found in a cache", ["cache"])
