"""A record that is followed, in the loop: it goes on with its trace, and a dead letter is seen in it."""

from shared.service import ServiceName, TopicName
from shared.trace_sending import open_traces
from shared.trace_settings import TraceSettings
from shared.wire import Envelope, decode, encode
from tests.collecting import collecting
from tests.loop.counting import Counting
from tests.loop.harness import Place, post, published, reply, running

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


def test_what_is_no_traceparent_is_passed_over() -> None:
    """An event is never refused for how it is looked at; what is one comes back as it was."""
    for text in ("", "rubbish", PARENT.upper(), PARENT + "-x", f"00-{'0' * 32}-00f067aa0ba902b7-01", "ff" + PARENT[2:]):
        assert decode(encode(Envelope(post("c", 1), traceparent=text or "x"))).traceparent is None
    assert decode(encode(Envelope(post("c", 1), traceparent=PARENT))).traceparent == PARENT
