"""Traces: how one event went through all services, for whoever looks at it. Nothing is ever decided with them.

The front door begins a trace, or goes on with its caller's. Its traceparent travels in the event's envelope, the same
all the way (shared/wire.py), and every service hangs what it does with the event below it: a span a record, made once
its effects are durable. A span says kinds and places, never a text, a name, nor the id of a member or of what somebody
wrote: its place in the log leads to the record, for those who may read that.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from shared import metrics
from shared.failures import Unavailable
from shared.place import Place
from shared.problems import ProblemError
from shared.service import Service, TopicName
from shared.working import Arrival, Aside

_ROUTE: Final = "/v1/communities/{community}/activities"
# The closed set of names; docs/operate.md says what each is.
DOOR: Final = f"POST {_ROUTE}"
_TOPICS: Final = (TopicName.ACTIVITY, TopicName.MATCHES, TopicName.NUDGES)
PROCESS: Final = {topic: f"process {topic.value}" for topic in _TOPICS}
SEND: Final = {topic: f"send {topic.value}" for topic in _TOPICS}
# The other two send nothing but in the trace of what they read.
NAMES: Final = (DOOR, *PROCESS.values(), SEND[TopicName.NUDGES])

_HEADERS: Final = ("traceparent", "tracestate")
_W3C: Final = TraceContextTextMapPropagator()
_FAULTS = 500


class Request:
    """A request from one service to another, or to the front door, as its span has it."""

    def __init__(self, span: Span | None) -> None:
        self._span = span
        # Only of what is followed: nobody need carry what leads nowhere.
        self.headers: dict[str, str] = {}
        if span is not None and span.get_span_context().trace_flags.sampled:
            _W3C.inject(self.headers, set_span_in_context(span, Context()))

    @property
    def traceparent(self) -> str | None:
        return self.headers.get("traceparent")

    def answered(self, status: int, **said: AttributeValue) -> None:
        """Say how it was answered."""
        if self._span is not None:
            self._span.set_attributes({"http.response.status_code": status, **said})
            if status >= _FAULTS:
                self._span.set_status(Status(StatusCode.ERROR))


class Traces:
    """Makes the spans of one service; without a tracer, none. `end` sends what is left, and blocks."""

    def __init__(
        self, tracer: Tracer | None = None, system: str = "", end: Callable[[float], None] | None = None
    ) -> None:
        self._tracer = tracer
        self._system = system
        self._end = end

    async def close(self, seconds: float = 1.0) -> None:
        """Send what is left, for so long at most: a collector that is away keeps nobody from ending."""
        if self._end is not None:
            await asyncio.to_thread(self._end, seconds)

    # Over HTTP

    @contextmanager
    def accepting(self, community: str, caller: Mapping[str, str]) -> Iterator[Request]:
        """Follow a request to the front door, in the trace of its caller, whose headers these are."""
        headers = {name: caller[name] for name in _HEADERS if name in caller}
        with self._request(SpanKind.SERVER, _W3C.extract(headers, Context()), community) as request:
            try:
                yield request
            except ProblemError as error:
                request.answered(error.status)
                raise
            except Unavailable:
                request.answered(503)
                raise

    @contextmanager
    def posting(self, community: str, kind: str, trace: str | None = None) -> Iterator[Request]:
        """Follow what is posted to the front door, in a trace of its own, or in the one that a traceparent names."""
        with self._request(SpanKind.CLIENT, _context(trace), community, **{"kindling.event": kind}) as request:
            yield request

    @contextmanager
    def _request(self, kind: SpanKind, parent: Context, community: str, **said: AttributeValue) -> Iterator[Request]:
        if self._tracer is None:
            yield Request(None)
            return
        attributes: dict[str, AttributeValue] = {
            "http.request.method": "POST",
            "http.route" if kind is SpanKind.SERVER else "url.template": _ROUTE,
            "kindling.community": community,
            **said,
        }
        span = self._tracer.start_span(DOOR, parent, kind, attributes)
        try:
            yield Request(span)
        except Exception as error:
            if not isinstance(error, ProblemError):
                # Its sentence may quote what somebody wrote; its name does not.
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            _end(span)

    # In the loop

    def processed(
        self, service: Service[Any], place: Place, arrivals: Iterable[Arrival], *, failed: bool = False
    ) -> None:
        """Say of each record that is followed: it was handled and is durable, or `failed` and is a dead letter."""
        for arrival in arrivals:
            if self._tracer is None or arrival.envelope is None or arrival.envelope.traceparent is None:
                continue
            kind = type(arrival.envelope.event).__name__
            attributes = self._place("process", service.reads, place, arrival.community, kind)
            attributes |= {"messaging.consumer.group.name": service.name.value, "kindling.offset": arrival.offset}
            parent = _context(arrival.envelope.traceparent)
            span = self._tracer.start_span(
                PROCESS[service.reads], parent, SpanKind.CONSUMER, attributes, start_time=place.began
            )
            if failed:
                span.set_status(Status(StatusCode.ERROR, "dead letter"))
            _end(span)

    def sent(self, service: Service[Any], place: Place, community: str, asides: Iterable[Aside]) -> None:
        """Say of each record that was published in another trace than what was handled: it was sent, and why."""
        for aside in asides:
            if self._tracer is None:
                return
            attributes = self._place("send", service.writes, place, community, aside.kind)
            links = [Link(context)] if (context := _span_context(aside.of)).is_valid else []
            span = self._tracer.start_span(
                SEND[service.writes],
                _context(aside.trace),
                SpanKind.PRODUCER,
                attributes,
                links=links,
                start_time=place.began,
            )
            _end(span)

    def _place(
        self, operation: str, topic: TopicName, place: Place, community: str, kind: str
    ) -> dict[str, AttributeValue]:
        return {
            "messaging.system": self._system,
            "messaging.operation.name": operation,
            "messaging.operation.type": operation,
            "messaging.destination.name": topic.value,
            "messaging.destination.partition.id": str(place.partition),
            "kindling.community": community,
            "kindling.event": kind,
        }


# Without a tracer there is nothing in it that could change.
NO_TRACES: Final = Traces()


def now() -> int:
    """Give the time that spans begin at, in nanoseconds since 1970."""
    return time.time_ns()


def _context(traceparent: str | None) -> Context:
    return _W3C.extract({"traceparent": traceparent} if traceparent is not None else {}, Context())


def _span_context(traceparent: str | None) -> SpanContext:
    return get_current_span(_context(traceparent)).get_span_context()


def _end(span: Span) -> None:
    span.end()
    if span.get_span_context().trace_flags.sampled:
        metrics.SPANS_MADE.inc()
