"""A collector of traces as OTLP over HTTP has it: takes what it is sent, as protobuf, and keeps it."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True, slots=True)
class Told:
    """A span as the collector was told of it; ids in hexadecimal, `links` are the traces that it points to."""

    service: str
    name: str
    kind: str
    trace: str
    span: str
    parent: str
    said: dict[str, Any]
    links: tuple[str, ...]
    failed: bool
    lasted: int

    @property
    def event(self) -> str:
        return str(self.said.get("kindling.event", ""))


@dataclass
class Collector:
    """What was told; `status` is what it answers from now on."""

    endpoint: str = ""
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    _told: list[Told] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def told(self) -> list[Told]:
        with self._lock:
            return list(self._told)

    def of(self, trace: str) -> list[Told]:
        return [one for one in self.told if one.trace == trace]

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._lock:
            self.bodies.append(body)
            for resource in request.resource_spans:
                service = _values(resource.resource.attributes)["service.name"]
                self._told += [_read(service, span) for scope in resource.scope_spans for span in scope.spans]


def _read(service: str, span: Span) -> Told:
    return Told(
        service,
        span.name,
        Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _values(span.attributes),
        tuple(link.trace_id.hex() for link in span.links),
        span.status.code == Status.STATUS_CODE_ERROR,
        span.end_time_unix_nano - span.start_time_unix_nano,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listen on a free port of this machine while the block lasts."""
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            right = (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
            status = collector.status if right else 404
            if status == 200:
                collector.take(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as its base has it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        collector.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
