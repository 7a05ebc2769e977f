"""Dead letters: looked at, replayed through the whole chain, or dropped."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from kindling.commands import dead_letters
from kindling.commands.dead_letters import show_letter
from services.ingest.handlers import Ingest
from services.nudge.documents import POSTS
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from shared.clock import wall_clock
from shared.dead_letters import Cause, DeadLetter, decide, open_letters, replay_letter
from shared.events import CommunityEvent, Event, Kind, MessageRemoved, NudgeExpired
from shared.failures import Unprocessable
from shared.service import Moment, ServiceName, TopicName
from shared.topics import partition_of
from shared.wire import Envelope, encode
from tests.loop.counting import Counting
from tests.loop.harness import PARTITIONS, START, Place, Running, post, published, reply, running, until


@dataclass
class Broken:
    """A service with a bug about some events, until the bug is mended."""

    service: Any
    about: set[str] = field(default_factory=set)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)

    def handle(self, state: Any, event: Event, moment: Moment) -> Iterable[Event]:
        if event.id in self.about:
            raise ZeroDivisionError
        return self.service.handle(state, event, moment)  # type: ignore[no-any-return]


@dataclass
class Chain:
    """All three services at work; `services` can be broken and mended."""

    services: dict[ServiceName, Broken]
    runs: dict[ServiceName, Running]

    async def feed(self, events: list[Event]) -> None:
        await self.runs[ServiceName.RECOMMEND].feed(events)
        await self.settle()

    async def settle(self) -> None:
        for name in (ServiceName.RECOMMEND, ServiceName.NUDGE, ServiceName.INGEST, *ServiceName):
            await self.runs[name].settle()

    async def letters(self) -> list[DeadLetter]:
        return await open_letters(self.runs[ServiceName.RECOMMEND].log)

    async def replay(self, letter: DeadLetter, body: bytes | None = None) -> None:
        log = self.runs[ServiceName.RECOMMEND].log
        await replay_letter(log, letter, body, wall_clock())
        await decide(log, [letter], "replayed", wall_clock())
        await self.settle()

    async def passed(self) -> list[Envelope]:
        return await published(self.runs[ServiceName.RECOMMEND].log, TopicName.MATCHES)


@asynccontextmanager
async def chain(place: Place) -> AsyncIterator[Chain]:
    services = {s.name: Broken(s) for s in (Counting(), Nudge(NudgeSettings()), Ingest())}
    async with AsyncExitStack() as stack:
        runs = {name: await stack.enter_async_context(running(place, s)) for name, s in services.items()}
        yield Chain(services, runs)


@pytest.fixture
async def at_work(redis_url: str, prefix: str) -> AsyncIterator[Chain]:
    async with chain(Place(redis_url, redis_url, prefix)) as made:
        yield made


@pytest.mark.parametrize("name", [ServiceName.RECOMMEND, ServiceName.NUDGE])
async def test_a_mended_service_takes_its_letter_again(at_work: Chain, name: ServiceName) -> None:
    """A record that a bug stopped comes through once the bug is mended and its letter replayed."""
    late = post("c", 2)
    at_work.services[name].about.add(late.id)
    await at_work.feed([post("c", 1), late, reply("c", 1)])
    (letter,) = await at_work.letters()
    assert (letter.service, letter.cause, letter.reason, letter.attempts) == (
        name,
        Cause.FAILED,
        "ZeroDivisionError",
        3,
    )

    at_work.services[name].about.clear()
    await at_work.replay(letter)

    assert await at_work.letters() == []
    again = [envelope for envelope in await at_work.passed() if envelope.replay_of == letter.id]
    assert [envelope.event for envelope in again] == [late]
    state = (await at_work.runs[ServiceName.NUDGE].store.load("c")).documents
    assert f"{POSTS.name}/{late.message}" in state


async def test_a_decision_that_could_not_come_in_again_is_replayed(at_work: Chain) -> None:
    """A letter of ingest, about a decision of nudge, enters the log at its head as it would have."""
    decision = NudgeExpired(
        id="nudge/n1/expired", source="kindling/nudge", at=START + timedelta(hours=1), community="c", member="m",
        nudge="n1", kind=Kind.REPLY, post="p1",
    )  # fmt: skip
    at_work.services[ServiceName.INGEST].about.add(decision.id)
    body = encode(Envelope(decision, sequence=1))
    await at_work.runs[ServiceName.INGEST].feed_raw([body], partition_of("c", PARTITIONS))
    await at_work.settle()
    (letter,) = await at_work.letters()
    assert letter.service is ServiceName.INGEST

    at_work.services[ServiceName.INGEST].about.clear()
    await at_work.replay(letter)

    events = [e.event for e in await at_work.passed() if isinstance(e.event, CommunityEvent)]
    assert events == [decision]


async def test_an_invalid_record_can_be_sent_again_corrected(at_work: Chain) -> None:
    """What never was an event becomes one with a corrected body; as it is it is refused again."""
    run = at_work.runs[ServiceName.RECOMMEND]
    await run.feed_raw([b'{"specversion": "1.0"}'], 0)
    await at_work.settle()
    (letter,) = await at_work.letters()
    assert letter.cause is Cause.INVALID
    with pytest.raises(Unprocessable):
        await replay_letter(run.log, letter, None, wall_clock())

    await at_work.replay(letter, encode(Envelope(post("c", 3))))
    assert [e.event for e in await at_work.passed()] == [post("c", 3)]


async def test_a_letter_that_cannot_be_replayed_holds_up_no_other(
    redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`replay all` sends in what it can, once, and says of each of the others why it stays."""
    place = Place(redis_url, redis_url, prefix)
    service = Broken(Counting(), about={"reply/2"})
    async with running(place, service) as run:
        removed = MessageRemoved(id="removed/1", source="test", at=START, community="c", message="p9")
        await run.feed([removed, reply("c", 2), reply("c", 3)])
        await run.feed_raw([b"no event"], 0)
        await run.settle()
        assert {letter.cause for letter in await open_letters(run.log)} == {Cause.TIMER, Cause.FAILED, Cause.INVALID}

        service.about.clear()
        for name, value in {"LOG": redis_url, "STORE": redis_url, "PREFIX": prefix}.items():
            monkeypatch.setenv(f"KINDLING_{name}", value)
        for sent in (1, 0):
            done = await asyncio.to_thread(CliRunner().invoke, dead_letters.app, ["replay", "all"])
            assert done.exit_code == 1
            assert f"{sent} replayed" in done.stdout
            assert done.stderr.count("cannot be replayed") == 2
        left = await open_letters(run.log)
        assert {letter.cause for letter in left} == {Cause.TIMER, Cause.INVALID}


async def test_a_dropped_letter_is_listed_no_more(at_work: Chain) -> None:
    """Whoever decides that a letter is not worth it does not see it again; the others stay."""
    run = at_work.runs[ServiceName.RECOMMEND]
    await run.feed_raw([b"one", b"two"], 0)
    await at_work.settle()
    first, second = await at_work.letters()
    await decide(run.log, [first], "dropped", wall_clock())
    assert await at_work.letters() == [second]


async def test_a_letter_holds_no_text_but_in_its_body(at_work: Chain) -> None:
    """Reasons and frames, which are listed and logged, carry nothing that people wrote."""
    secret = reply("c", 1, text="poison")
    await at_work.feed([post("c", 1), secret])
    (letter,) = await at_work.letters()
    assert "poison" in letter.body
    assert "poison" not in letter.model_dump_json(exclude={"body"})
    await until(at_work.runs[ServiceName.RECOMMEND].caught_up)


def test_brackets_in_a_letter_break_no_list(capsys: pytest.CaptureFixture[str]) -> None:
    """What a letter quotes is data: it is shown whole, and the list of all letters stays usable."""
    letter = DeadLetter(
        id="recommend-x-0-1", service=ServiceName.RECOMMEND, topic=TopicName.ACTIVITY, partition=0, offset=1,
        community="[bold]c", cause=Cause.INVALID, reason="type [/x] is not one of Kindling's", frame="", attempts=1,
        died=wall_clock(), body="",
    )  # fmt: skip
    show_letter(letter)
    said = capsys.readouterr().out
    assert letter.reason in said
    assert "[bold]c" in said
    assert "1 attempt:" in said
