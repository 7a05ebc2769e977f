"""A record that is followed, in the loop: it goes on with its trace, and a dead letter is seen in it."""

from collections.abc import Sequence
from typing import Any

from shared.events import Event, ReplyPublished
from shared.failures import Lacking
from shared.service import ServiceName, TopicName
from shared.trace_sending import open_traces
from shared.trace_settings import TraceSettings
from shared.wire import Envelope, decode, encode
from tests.collecting import collecting
from tests.loop.counting import Counting, Ledger
from tests.loop.harness import Place, post, published, reply, running, until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


async def test_a_record_goes_on_with_its_trace_whether_or_not_traces_are_sent(place: Place) -> None:
    """What is published is a function of what was read: the switch of one service changes nothing for the next."""
    async with running(place, Counting()) as run:
        await run.feed_raw([encode(Envelope(post("c", 1), traceparent=PARENT))], run.partition("c"))
        await run.feed([post("c", 2)])
        await run.settle()
        found = await published(run.log, TopicName.MATCHES)
    assert [(one.event.id, one.traceparent) for one in found] == [("post/1", PARENT), ("post/2", None)]


async def test_a_dead_letter_is_seen_in_its_trace(place: Place) -> None:
    """The span of what could not be processed has failed; those beside it have not, and what is unreadable has none."""
    with collecting() as collector:
        traces = open_traces(TraceSettings(endpoint=collector.endpoint), ServiceName.RECOMMEND, place.log_url)
        async with running(place, Counting(), traces=traces) as run:
            followed = [post("c", 1), reply("c", 2, "poison"), reply("c", 3)]
            bodies = [encode(Envelope(event, traceparent=PARENT)) for event in followed]
            await run.feed_raw([*bodies, b"rubbish"], run.partition("c"))
            await run.settle()
            letters = [record.body async for record in run.log.scan(TopicName.DEAD_LETTERS)]
        await traces.close()
    assert len(letters) == 2
    assert [(one.event, one.failed) for one in sorted(collector.told, key=lambda one: one.said["kindling.offset"])] == [
        ("PostPublished", False),
        ("ReplyPublished", True),
        ("ReplyPublished", False),
    ]
    assert {one.trace for one in collector.told} == {TRACE}
    system = "kafka" if place.log_url.startswith("kafka") else "redis"
    assert {one.said["messaging.system"] for one in collector.told} == {system}
    assert not any(b"poison" in body for body in collector.bodies)


class Lacks(Counting):
    """It has not what it takes for one reply."""

    async def prepare(self, state: Ledger, events: Sequence[Event]) -> Any:
        if any(isinstance(event, ReplyPublished) and event.text == "elsewhere" for event in events):
            raise Lacking("another process has it")


async def test_what_waits_for_another_process_is_no_dead_letter(place: Place) -> None:
    """Beside a letter: what was handled and what died have a span, what waits has none until it is handled."""
    with collecting() as collector:
        traces = open_traces(TraceSettings(endpoint=collector.endpoint), ServiceName.RECOMMEND, place.log_url)
        async with running(place, Lacks(), traces=traces) as run:
            followed = [post("c", 1), reply("c", 2, "poison"), reply("c", 3, "elsewhere"), reply("c", 4)]
            await run.feed_raw([encode(Envelope(event, traceparent=PARENT)) for event in followed], run.partition("c"))

            async def waits() -> bool:
                return "c" in run.processor.status.lacking

            await until(waits)
        await traces.close()
    told = sorted(collector.told, key=lambda one: one.said["kindling.offset"])
    assert [(one.event, one.failed) for one in told] == [("PostPublished", False), ("ReplyPublished", True)]


def test_what_is_no_traceparent_is_passed_over() -> None:
    """An event is never refused for how it is looked at; what is one comes back as it was."""
    for text in ("", "rubbish", PARENT.upper(), PARENT + "-x", f"00-{'0' * 32}-00f067aa0ba902b7-01", "ff" + PARENT[2:]):
        assert decode(encode(Envelope(post("c", 1), traceparent=text or "x"))).traceparent is None
    assert decode(encode(Envelope(post("c", 1), traceparent=PARENT))).traceparent == PARENT
