"""Traces are sent beside the work: what becomes of them changes nothing, and little is said of it."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.nudge.press import Press
from services.nudge.settings import NudgeSettings
from shared import metrics
from shared.embedded import free_port
from shared.events import Answer
from shared.service import ServiceName
from shared.trace_sending import MOST_WAITING, open_traces
from shared.trace_settings import TraceSettings
from shared.traces import NAMES, Traces
from tests.collecting import Collector, collecting
from tests.ingesting import COMMUNITY, incoming, noon
from tests.loop.harness import until
from tests.test_ingest_api import BATCH, Door

SERVICE_KEY = "the-one-key-that-all-services-share"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FOLLOWED = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
NOT_FOLLOWED = {"traceparent": f"00-{TRACE}-{CALLER}-00"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@asynccontextmanager
async def sending(
    endpoint: str, ratio: float = 1.0, service: ServiceName = ServiceName.INGEST, answer_seconds: float = 5.0
) -> AsyncIterator[Traces]:
    settings = TraceSettings(endpoint=endpoint, ratio=ratio)
    traces = open_traces(settings, service, "redis://x", answer_seconds)
    try:
        yield traces
    finally:
        await traces.close()


async def test_a_request_goes_on_with_its_callers_trace(collector: Collector) -> None:
    """Its events carry the door's span, and whether the caller's is followed is the caller's to say."""
    async with sending(collector.endpoint, ratio=0) as traces:
        door = Door(traces=traces)
        await door.send(incoming(), headers=FOLLOWED)
        await door.send(incoming(), headers=NOT_FOLLOWED)
        await door.send(incoming(traceparent=FOLLOWED["traceparent"]))
        await door.send(incoming(), headers={"traceparent": "00-rubbish"})
    carried = [envelope.traceparent for envelope in door.log.envelopes]
    (told,) = collector.told
    assert carried == [f"00-{TRACE}-{told.span}-01", None, None, None]
    assert (told.trace, told.parent, told.said["http.response.status_code"]) == (TRACE, CALLER, 202)


async def test_a_share_of_the_others_is_followed(collector: Collector) -> None:
    """With a ratio of 1 whoever says nothing begins a trace; more events than anybody could look at are not in it."""
    async with sending(collector.endpoint) as traces:
        door = Door(traces=traces)
        await door.send([incoming(id=f"post/{number}") for number in range(60)], BATCH)
    carried = [envelope.traceparent for envelope in door.log.envelopes]
    (told,) = collector.told
    assert carried[50:] == [None] * 10
    assert {one[3:52] for one in carried[:50] if one is not None} == {f"{told.trace}-{told.span}"}
    assert told.said["messaging.batch.message_count"] == 60


async def test_what_is_refused_is_told_with_its_status_and_who_has_no_key_leaves_no_trace(
    collector: Collector,
) -> None:
    """Nobody fills a collector without a key; a fault is one of ours alone, and never quotes what was sent."""
    async with sending(collector.endpoint) as traces:
        door = Door(traces=traces)
        await door.send(incoming(), key="wrong", headers=FOLLOWED)
        await door.send(incoming(data={"secret": 1}))
        door.log.away = 1
        await door.send(incoming())
        door.log.takes = 10
        await door.send(incoming())
    refused, away, large = collector.told
    assert (large.said["http.response.status_code"], large.failed) == (413, False)
    assert (refused.said["http.response.status_code"], refused.failed) == (422, False)
    assert (away.said["http.response.status_code"], away.failed) == (503, True)
    assert not any(b"secret" in body or b"broker" in body for body in collector.bodies)


async def test_a_press_is_followed_from_the_page(collector: Collector) -> None:
    """The page's own span is above the door's, and the record carries the door's."""
    settings = NudgeSettings.model_validate(
        {"service_key": SERVICE_KEY, "link_secret": "l" * 32, "ingest_url": "http://ingest"}
    )
    async with sending(collector.endpoint) as ingests, sending(collector.endpoint, service=ServiceName.NUDGE) as own:
        door = Door(traces=ingests)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door.app)) as http:
            press = Press(http, settings, noon, own)
            await press.answer(COMMUNITY, "ann", "n-1", Answer.PASS)
    by_kind = {one.kind: one for one in collector.told}
    page, entry = by_kind["CLIENT"], by_kind["SERVER"]
    assert (page.service, entry.service) == ("kindling-nudge", "kindling-ingest")
    assert (entry.trace, entry.parent) == (page.trace, page.span)
    (carried,) = [envelope.traceparent for envelope in door.log.envelopes]
    assert carried is not None
    assert carried[3:52] == f"{entry.trace}-{entry.span}"
    assert page.event == "NudgeAnswered"


@pytest.mark.parametrize("hangs", [False, True], ids=["refused", "hanging"])
async def test_a_collector_that_is_away_holds_nothing_up(hangs: bool, caplog: pytest.LogCaptureFixture) -> None:
    """However many spans there are: they are dropped, it is said once for each service, which goes on and ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1] if hangs else free_port()
        made, sent = metrics.SPANS_MADE._value.get(), metrics.SPANS_SENT._value.get()
        with caplog.at_level(logging.INFO):
            async with sending(f"http://127.0.0.1:{port}", answer_seconds=0.1) as traces:
                for _ in range(2 * MOST_WAITING):
                    with traces.posting("c", "NudgeSeen"):
                        pass

                async def is_said() -> bool:
                    return "no traces of ingest are taken" in caplog.text

                await until(is_said)
    assert metrics.SPANS_MADE._value.get() - made == 2 * MOST_WAITING
    assert metrics.SPANS_SENT._value.get() == sent
    (said,) = caplog.records
    assert said.levelname == "WARNING"
    assert f"127.0.0.1:{port}/v1/traces" in said.message


async def test_it_is_said_when_traces_are_taken_again(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    """One line when it begins, with the reason, and one when it is over."""
    collector.status = 401
    with caplog.at_level(logging.INFO):
        async with sending(collector.endpoint) as traces:

            async def is_said(words: str) -> bool:
                with traces.posting("c", "NudgeSeen"):
                    await asyncio.sleep(0)
                return words in caplog.text

            await until(lambda: is_said("401"))
            collector.status = 200
            await until(lambda: is_said("taken again"))
    assert len(caplog.records) == 2


def test_without_an_endpoint_there_are_no_traces() -> None:
    """Off is the default, and needs no thread."""
    assert open_traces(TraceSettings(), ServiceName.INGEST, "redis://x")._tracer is None


def test_the_guide_names_every_span() -> None:
    """An operator finds each name that a trace shows in the guide, with what it is."""
    guide = Path("docs/operate.md").read_text(encoding="utf-8")
    assert not [name for name in NAMES if f"`{name}`" not in guide]
