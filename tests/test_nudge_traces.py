"""Decisions about a post belong to the post's trace, however long after it they are made, and by whatever record."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.nudge.documents import OPPORTUNITIES
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from shared.events import Event, NudgeIssued, PostPublished
from shared.state import Documents
from shared.wire import Envelope, decode
from shared.working import Arrival, Aside, Working
from tests.nudging import COMMUNITY, START, dump, hours, people, post, ranked, reply, tick

SETTINGS = NudgeSettings(gap_hours=0, digest_leaders=False, holdout_share=0)


def trace(name: str) -> str:
    """A traceparent that is known by one character."""
    return f"00-{name * 32}-{name * 16}-01"


class Loop:
    """Nudge with one community, stepped by records as the processing loop does."""

    def __init__(self, who: Sequence[Event] = ()) -> None:
        self.documents = Documents()
        state = NudgeCommunity(COMMUNITY, self.documents, SETTINGS)
        self.working: Working[NudgeCommunity] = Working(
            Nudge(SETTINGS), COMMUNITY, self.documents, state, b"", None, sequenced=True
        )
        self.read = 0
        for event in who or people(START - hours(1)):
            self.step(event)

    def step(self, event: Event, name: str | None = None) -> None:
        self.read += 1
        envelope = Envelope(event, self.read, traceparent=trace(name) if name else None)
        self.working.step(Arrival(self.read, COMMUNITY, b"", envelope, self.read), "g", None, None)

    def bring(self, asked: PostPublished, *who: str, name: str | None = None) -> None:
        self.step(asked, name)
        self.step(ranked(asked, *who), name)

    @property
    def emitted(self) -> list[Envelope]:
        return [decode(body) for _, body in self.working.emitted]

    def traces(self, kind: type[Event]) -> dict[str, str | None]:
        found = [(one.event, one.traceparent) for one in self.emitted if isinstance(one.event, kind)]
        return {getattr(event, "post", ""): traceparent for event, traceparent in found}


def two_posts(loop: Loop, names: Sequence[str | None]) -> None:
    loop.bring(post(START, message="p"), "ann", "bob", name=names[0])
    loop.bring(post(START, message="q", author="cat"), "bob", "ann", name=names[1])


def test_whether_it_is_followed_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the log would take without a trace is emitted with one, too."""
    plain, followed = Loop(), Loop()
    plain.bring(post(START, message="p"), "ann")
    plain.step(tick(START + hours(30)))
    assert plain.emitted
    monkeypatch.setattr("shared.working.RECORD_BYTES", max(len(body) for _, body in plain.working.emitted))
    followed.bring(post(START, message="p"), "ann", name="a")
    followed.step(tick(START + hours(30)))
    assert [one.event for one in followed.emitted] == [one.event for one in plain.emitted]
    assert any(one.traceparent for one in followed.emitted)


def test_each_ask_of_a_round_is_in_the_trace_of_its_post() -> None:
    """A round decides several posts at once, by the timer of one: none is told in another's trace."""
    loop = Loop()
    two_posts(loop, "ab")
    loop.step(tick(START + hours(6)))
    assert loop.traces(NudgeIssued) == {"p": trace("a"), "q": trace("b")}
    assert sorted(loop.working.asides, key=lambda one: one.trace) == [
        Aside("NudgeIssued", trace("a"), None),
        Aside("NudgeIssued", trace("b"), None),
    ]


def test_what_falls_due_is_not_the_doing_of_the_record_that_comes_then() -> None:
    """A post that nobody follows stays so, though the record that moves the clock past its time is followed."""
    loop = Loop()
    two_posts(loop, (None, "b"))
    loop.step(post(START + hours(6), message="r"), "c")
    assert loop.traces(NudgeIssued) == {"p": None, "q": trace("b")}


def test_what_a_record_brings_about_points_to_it() -> None:
    """A reply acts on a nudge: that is told in the post's trace, with a link to the reply's; else in the reply's."""
    for names, told, asides in (
        (("a", "b"), trace("a"), [Aside("NudgeActed", trace("a"), trace("c"))]),
        ((None, None), trace("c"), []),
    ):
        loop = Loop()
        two_posts(loop, names)
        loop.step(tick(START + hours(6)))
        (asked,) = [x.event for x in loop.emitted if isinstance(x.event, NudgeIssued) and x.event.post == "p"]
        loop.working.asides.clear()
        loop.step(reply(START + hours(7), asked.member), "c")
        assert loop.emitted[-1].traceparent == told
        assert loop.working.asides == asides


def test_nothing_is_decided_with_a_trace() -> None:
    """Followed or not: the same events, under the same numbers, and the same state but for the trace itself."""
    who, asked = people(START - hours(1)), post(START)
    told = ranked(asked, "ann", "bob")
    later = [tick(START + hours(6)), reply(START + hours(7), "bob"), tick(START + hours(40))]
    results = []
    for name in (None, "a"):
        loop = Loop(who)
        for event in (asked, told, *later):
            loop.step(event, name)
        assert {one.traceparent for one in loop.emitted} == {trace(name) if name else None}
        events = [(one.sequence, one.event) for one in loop.emitted]
        for key, opportunity in list(loop.documents.table(OPPORTUNITIES).items()):
            loop.documents.put(OPPORTUNITIES, key, replace(opportunity, trace=None))
        results.append((events, dump(loop.documents)))
    assert results[0] == results[1]
