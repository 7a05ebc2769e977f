"""Live traffic goes on where history ends, and the demo's people answer nudges."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindling.demo.facts import COMMUNITY, tick
from kindling.demo.generate import history, with_roles
from kindling.demo.live import LiveTraffic
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from shared.events import (
    Event,
    Kind,
    Match,
    MatchesRanked,
    MemberJoined,
    NudgeActed,
    NudgeAnswered,
    NudgeIssued,
    NudgeWithdrawn,
    PostPublished,
    ReplyPublished,
    Role,
    Withdrawal,
)
from shared.state import Documents
from shared.wire import Envelope, decode, encode
from tests.driving import Driven

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def issued(post: PostPublished, member: str, at: datetime, number: int = 1) -> NudgeIssued:
    return NudgeIssued(
        id=f"nudge/{number}/issued",
        source="test",
        at=at,
        community=COMMUNITY,
        member=member,
        nudge=f"n{number}",
        kind=Kind.REPLY,
        post=post.message,
        channel=post.channel,
        role=Role.CHAMPION,
        rank=1,
        score=0.5,
        propensity=1.0,
        evidence=(),
        features={},
        model="test",
        expires=at + DAY,
    )


def some_post(traffic: LiveTraffic) -> PostPublished:
    return next(e for e in traffic.advance(START + timedelta(hours=8)) if isinstance(e, PostPublished))


@cache
def three_days() -> tuple[Event, ...]:
    return tuple(LiveTraffic(1, START).advance(START + 3 * DAY))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 3 * 86_400), max_size=8))
def test_advance_may_be_cut_anywhere(seconds: list[int]) -> None:
    """What happens does not depend on how often the demo looks."""
    traffic = LiveTraffic(1, START)
    cuts = [START + timedelta(seconds=second) for second in (*sorted(seconds), 3 * 86_400)]
    assert [event for cut in cuts for event in traffic.advance(cut)] == list(three_days())


@pytest.mark.parametrize("seed", [1, 2])
def test_live_traffic_continues_the_history(seed: int) -> None:
    """Nothing is missing and nothing comes twice where history ends."""
    before, traffic = list(history(seed, START)), LiveTraffic(seed, START)
    live = traffic.advance(START + 5 * DAY)
    assert all(a.at <= b.at for a, b in pairwise(before + live))
    assert not {e.id for e in before} & {e.id for e in live}
    assert live[0].at >= START
    assert sum(isinstance(e, PostPublished) for e in live) > 60
    for event in live:
        assert decode(encode(Envelope(event))).event == event


def test_what_began_in_the_history_goes_on() -> None:
    """The end of history is no wall: threads of the days before are still taken up."""
    carried = 0
    for days in range(4):
        start = START + days * DAY
        begun = {e.message for e in history(1, start) if isinstance(e, PostPublished)}
        live = LiveTraffic(1, start).advance(start + DAY)
        carried += sum(isinstance(e, ReplyPublished) and e.post in begun for e in live)
    assert carried > 0


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_first_hours_have_a_newcomer_whom_nobody_answers(seed: int) -> None:
    """The shortest demo shows what matters most: somebody new writes, and is met with silence unless nudged."""
    live = LiveTraffic(seed, START).advance(START + timedelta(hours=40))
    newcomer = next(e for e in live if isinstance(e, MemberJoined))
    assert newcomer.at < START + timedelta(hours=1)
    first = next(e for e in live if isinstance(e, PostPublished) and e.author == newcomer.member)
    assert first.at < START + timedelta(hours=3)
    assert not [
        e for e in live if isinstance(e, ReplyPublished) and e.post == first.message and e.author != first.author
    ]


def test_people_answer_nudges_in_their_own_way() -> None:
    """Asked often enough, people reply, claim, pass, or overlook it, after a while and in the post's channel."""
    traffic = LiveTraffic(1, START)
    post = some_post(traffic)
    champions = [p.id for p in with_roles(1, START) if p.id != post.author]
    planned = [traffic.respond(issued(post, champions[n % len(champions)], traffic.now, number=n)) for n in range(200)]
    coming = traffic.advance(START + 6 * DAY)
    assert all(event in coming for events in planned for event in events)
    assert all(event.at > traffic.now - 6 * DAY for events in planned for event in events)
    replies = [e for events in planned for e in events if isinstance(e, ReplyPublished)]
    assert all((e.post, e.channel) == (post.message, post.channel) for e in replies)
    presses = Counter(e.answer.value for events in planned for e in events if isinstance(e, NudgeAnswered))
    assert 80 < len(replies) < 160
    assert {"claim", "pass", "done"} <= presses.keys()
    assert any(not events for events in planned)


def test_answers_follow_from_seed_and_nudge_and_are_given_once() -> None:
    """The same nudge is answered in the same way in a second run; heard twice, it is answered once."""
    first, second = LiveTraffic(1, START), LiveTraffic(1, START)
    post = some_post(first)
    some_post(second)
    champions = [p.id for p in with_roles(1, START) if p.id != post.author]
    nudges = [issued(post, champions[n % len(champions)], first.now, number=n) for n in range(20)]
    assert [first.respond(n) for n in nudges] == [second.respond(n) for n in nudges]
    assert [first.respond(n) for n in nudges] == [[]] * 20
    assert first.advance(START + 3 * DAY) == second.advance(START + 3 * DAY)


def test_what_is_heard_late_happens_late_and_what_is_taken_back_does_not_happen() -> None:
    """Live traffic never goes back in time, and nobody answers a nudge that was withdrawn."""
    traffic = LiveTraffic(1, START)
    post = some_post(traffic)
    champions = [p.id for p in with_roles(1, START) if p.id != post.author]
    nudges = [issued(post, champions[0], traffic.now - timedelta(hours=9), number=n) for n in range(10)]
    planned = [event for nudge in nudges for event in traffic.respond(nudge)]
    assert planned
    assert min(event.at for event in planned) >= traffic.now
    for nudge in nudges:
        fields = {
            name: getattr(nudge, name) for name in ("source", "at", "community", "member", "nudge", "kind", "post")
        }
        traffic.on_event(NudgeWithdrawn(id=f"{nudge.id}/withdrawn", reason=Withdrawal.ANSWERED, **fields))
    assert not {e.id for e in planned} & {e.id for e in traffic.advance(START + 3 * DAY)}


class NudgedDemo:
    """The demo's community with the real nudge service; champions are matched in turn."""

    def __init__(self, seed: int) -> None:
        documents, service = Documents(), Nudge(NudgeSettings())
        state = asyncio.run(service.open(COMMUNITY, documents))
        self.nudge: Driven[NudgeCommunity] = Driven(service, state, documents)
        self._champions = [person.id for person in with_roles(seed, START)]
        self._known: set[str] = set()

    def step(self, event: Event) -> list[Event]:
        out = self.nudge.step(event)
        return out + (self.nudge.step(self._ranked(event)) if isinstance(event, PostPublished) else [])

    def _ranked(self, post: PostPublished) -> MatchesRanked:
        first = post.author not in self._known
        self._known.add(post.author)
        turn = len(self._known) % len(self._champions)
        order = self._champions[turn:] + self._champions[:turn]
        matches = tuple(Match(member=member, score=0.5) for member in order if member != post.author)
        fields = {name: getattr(post, name) for name in ("source", "at", "community", "message", "channel", "author")}
        return MatchesRanked(
            id=f"ranked/{post.message}", published=post.at, first_post=first, model="test", matches=matches, **fields
        )


def looks(until: datetime) -> Iterator[datetime]:
    now = START
    while now < until:
        now += timedelta(seconds=150)
        yield now


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_hours_with_nudge_show_nudges_and_what_came_of_them(seed: int) -> None:
    """A minute at 600 times the speed of life: nobody was asked in the history, then several are, and act."""
    demo, traffic = NudgedDemo(seed), LiveTraffic(seed, START)
    assert [out for event in history(seed, START) for out in demo.step(event)] == []
    for now in looks(START + timedelta(hours=10)):
        for event in (*traffic.advance(now), tick(now, 0)):
            for decision in demo.step(event):
                traffic.on_event(decision)
    asked = [e for e in demo.nudge.emitted if isinstance(e, NudgeIssued)]
    acted = [e for e in demo.nudge.emitted if isinstance(e, NudgeActed)]
    assert len(asked) >= 5
    assert any(nudge.kind is Kind.WELCOME for nudge in asked)
    assert len(acted) >= 2
