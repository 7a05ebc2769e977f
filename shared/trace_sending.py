"""Sending traces to a collector: beside everything else, bounded, and with little to say when it is away."""

import logging
import threading
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from shared import metrics
from shared.service import ServiceName
from shared.trace_settings import TraceSettings
from shared.traces import Traces

# Spans that wait; the oldest are dropped. Some two megabytes.
MOST_WAITING: Final = 4096
BATCH: Final = 512
EVERY_MS: Final = 2000
# A collector that does not answer for so long is away.
ANSWER_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


_LIBRARY: Final = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
# What the library said last, in the thread that sends: it says so at each try, several times.
_heard = threading.local()


def _hear(record: logging.LogRecord) -> bool:
    _heard.reason = record.getMessage()
    return False


_LIBRARY.addFilter(_hear)
# It says that its queue is full, which the two metrics do.
logging.getLogger("opentelemetry.sdk._shared_internal").setLevel(logging.ERROR)


class WatchedExporter(OTLPSpanExporter):
    """Counts what a collector takes; says once that it takes nothing, and once that it does again."""

    def __init__(self, endpoint: str, service: ServiceName, answer_seconds: float = ANSWER_SECONDS) -> None:
        super().__init__(endpoint, timeout=answer_seconds, compression=Compression.Gzip)
        self._address, self._service = endpoint, service.value
        self._taken = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        _heard.reason = "no answer"
        result = super().export(spans)
        taken = result is SpanExportResult.SUCCESS
        if taken:
            metrics.SPANS_SENT.inc(len(spans))
        if taken and not self._taken:
            log.info("traces of %s are taken again at %s", self._service, self._address)
        elif self._taken and not taken:
            log.warning(
                "no traces of %s are taken at %s (%s): they are dropped until they are, nothing else is affected",
                self._service,
                self._address,
                _heard.reason[:300],
            )
        self._taken = taken
        return result


def open_traces(
    settings: TraceSettings, service: ServiceName, log_url: str, answer_seconds: float = ANSWER_SECONDS
) -> Traces:
    """Begin to send the traces of a service, in a thread of its own; none where no endpoint is set.

    What an endpoint asks for besides (headers, certificates) is read from OpenTelemetry's own variables.
    """
    if settings.endpoint is None:
        return Traces()
    attributes = {"service.name": f"kindling-{service.value}", "service.version": version("kindling")}
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.ratio),
        resource=Resource.create(attributes),
        shutdown_on_exit=False,  # it would wait half a minute for a collector that is away
    )
    exporter = WatchedExporter(settings.endpoint, service, answer_seconds)
    processor = BatchSpanProcessor(
        exporter, max_queue_size=MOST_WAITING, schedule_delay_millis=EVERY_MS, max_export_batch_size=BATCH
    )
    provider.add_span_processor(processor)

    def end(seconds: float) -> None:
        # The library waits as long as it takes; its threads end with the process.
        last = threading.Thread(target=provider.shutdown, daemon=True)
        last.start()
        last.join(seconds)

    system = "kafka" if log_url.startswith("kafka://") else "redis"
    return Traces(provider.get_tracer("kindling"), system, end)
