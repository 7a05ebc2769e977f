"""The demo's view shows what it is fed, in any terminal and in none."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from kindling.demo.say import first_words, span
from kindling.demo.view import DemoView
from shared.events import (
    Answer,
    ChannelOpened,
    CommunityEvent,
    Event,
    Evidence,
    Kind,
    Match,
    MatchesRanked,
    MemberJoined,
    NudgeActed,
    NudgeAnswered,
    NudgeDecision,
    NudgeExpired,
    NudgeIssued,
    NudgeWithdrawn,
    PostPublished,
    Reason,
    ReplyPublished,
    Role,
    Tick,
    Withdrawal,
)

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
ADDRESSES = {"API": "http://127.0.0.1:8080/docs"}


class Unheard(Event):
    """Something that a later release might say."""


def make(event: type[CommunityEvent], minutes: float, native: str, /, **fields: Any) -> Any:
    at = START + timedelta(minutes=minutes)
    return event(id=native, source="test", at=at, community="demo", **fields)


def nudged(event: type[NudgeDecision], minutes: float, nudge: str, member: str, **fields: Any) -> Any:
    native = f"{event.__name__}/{nudge}"
    return make(event, minutes, native, nudge=nudge, member=member, kind=Kind.REPLY, post="p", **fields)


def issued(minutes: float, nudge: str, member: str) -> NudgeIssued:
    event: NudgeIssued = nudged(
        NudgeIssued,
        minutes,
        nudge,
        member,
        channel="c",
        role=Role.CHAMPION,
        rank=1,
        score=0.5,
        propensity=1.0,
        evidence=(Evidence(reason=Reason.ANSWERED_SIMILAR, count=3),),
        features={},
        model="test",
        expires=START + timedelta(days=1),
    )
    return event


def people() -> list[Event]:
    names = {"m-ana": "Anazhi", "m-bor": "Borlume", "m-cyl": "Cylvane"}
    return [make(MemberJoined, -60, f"joined/{m}", member=m, name=name) for m, name in names.items()] + [
        make(ChannelOpened, -60, "channel/c", channel="c", name="charts")
    ]


def story() -> list[Event]:
    """Two posts: one answered by itself after 10 minutes, one after an ask, which it took 150 minutes to come to."""
    post = {"channel": "c", "author": "m-ana"}
    evidence = (
        Evidence(reason=Reason.ANSWERED_SIMILAR, count=3),
        Evidence(reason=Reason.KNOWS_CHANNEL, count=1, channels=("c",)),
    )
    ranked = {"published": START, "first_post": False, "model": "m"}
    return [
        make(PostPublished, 0, "1", message="p", text="How do I [bold]label[/bold] bars?", **post),
        make(
            MatchesRanked,
            0,
            "2",
            message="p",
            matches=(Match(member="m-bor", score=0.8, evidence=evidence),),
            **ranked,
            **post,
        ),
        make(PostPublished, 1, "3", message="q", text="Is a pie chart ever right?", **post),
        make(ReplyPublished, 2, "4", message="q1", post="q", channel="c", author="m-ana", text="I mean for shares."),
        make(ReplyPublished, 11, "5", message="q2", post="q", channel="c", author="m-cyl", text="Hardly ever."),
        issued(120, "n1", "m-bor"),
        nudged(NudgeWithdrawn, 130, "n1", "m-bor", reason=Withdrawal.PASSED),
        issued(131, "n2", "m-cyl"),
        make(NudgeAnswered, 140, "6", nudge="n2", member="m-cyl", answer=Answer.CLAIM),
        make(ReplyPublished, 150, "7", message="p1", post="p", channel="c", author="m-cyl", text="Use bar_label."),
        nudged(NudgeActed, 150, "n2", "m-cyl", message="p1", seconds=19 * 60.0),
        issued(160, "n3", "m-bor"),
        nudged(NudgeExpired, 170, "n3", "m-bor"),
        issued(180, "n4", "m-bor"),
    ]


def recording(width: int = 120, height: int = 40) -> Console:
    return Console(record=True, width=width, height=height, force_terminal=True, file=io.StringIO(), color_system=None)


def fed(console: Console) -> DemoView:
    view = DemoView(console, ADDRESSES, live_from=START)
    for event in people() + story():
        view.on_event(event)
    return view


def interrupted(console: Console) -> None:
    with DemoView(console, ADDRESSES, live_from=START) as view:
        for event in people() + story():
            view.on_event(event)
        raise KeyboardInterrupt


def shown(console: Console, view: DemoView) -> str:
    console.print(view)
    return console.export_text()


def test_the_view_shows_who_did_what_and_why() -> None:
    """Activity, matches with reasons, nudges, outcomes, counts and addresses are all there, by name, in words."""
    console = recording(width=240)
    text = shown(console, fed(console))
    for words in (
        "Anazhi in #charts: How do I [bold]label[/bold] bars?",
        "Cylvane answers Anazhi: Use bar_label.",
        "Anazhi adds: I mean for shares.",
        "Borlume 0.80  answered 3 posts like it, at home in #charts",
        "Borlume (champion): reply to Anazhi in #charts",
        "Borlume need not reply any more: they passed",
        "Cylvane takes it on",
        "Cylvane replied to Anazhi within 19 min",
        "Borlume did not get to it: expired",
        "Mon 02 Mar 11:00 UTC",
        "nudges 4",
        "http://127.0.0.1:8080/docs",
    ):
        assert words in text, words
    assert "joins" not in text


def test_what_comes_twice_is_shown_and_counted_once() -> None:
    """Decisions travel on two topics; they are one thing."""
    console = recording()
    view = fed(console)
    before = view.numbers()
    for event in story():
        view.on_event(event)
    assert view.numbers() == before


def test_the_summary_counts_what_happened() -> None:
    """The closing numbers are those of the live part: nudges by kind, what became of them, and first replies.

    A post of the history that is answered at last says nothing of how soon live posts are.
    """
    console = recording()
    view = fed(console)
    view.on_event(make(PostPublished, -5, "0", message="old", channel="c", author="m-bor", text="Before it began"))
    view.on_event(make(ReplyPublished, 200, "8", message="o1", post="old", channel="c", author="m-cyl", text="Late."))
    numbers = view.numbers()
    assert json.loads(json.dumps(numbers)) == numbers
    assert numbers["posts"] == 2
    assert numbers["replies"] == 4
    assert numbers["matches"] == 1
    assert numbers["nudges"] == {"reply": 4}
    assert numbers["became"] == {"acted": 1, "done": 0, "withdrawn": 1, "expired": 1, "open": 1}
    assert numbers["withdrawn"] == {"passed": 1}
    assert numbers["unanswered"] == 0
    assert numbers["history"]["posts"] == 1
    assert numbers["first_replies"] == {
        "by_themselves": {"answered": 1, "median_seconds": 600.0},
        "asked": {"posts": 1, "answered": 1, "median_seconds_since_ask": 1800.0},
    }
    view.summary()
    text = console.export_text()
    for words in ("to reply", "acted on", "withdrawn", "expired", "10 min", "30 min", "pressed claim"):
        assert words in text, words
    assert "http://127.0.0.1:8080/docs" in text


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5, 6], [1, 0, 2, 4, 3, 6, 5]])
def test_what_became_of_the_nudges_adds_up_to_those_issued(order: list[int]) -> None:
    """Every nudge is explained: whoever says done is not lost, and a reply that is seen after all makes it acted."""
    view = DemoView(recording(), live_from=START)
    done = {"member": "m-bor", "answer": Answer.DONE}
    told = [
        issued(1, "n1", "m-bor"),
        make(NudgeAnswered, 2, "1", nudge="n1", **done),
        issued(3, "n2", "m-bor"),
        make(NudgeAnswered, 4, "2", nudge="n2", **done),
        nudged(NudgeActed, 5, "n2", "m-bor", message="p1", seconds=1.0),
        issued(6, "n3", "m-cyl"),
        nudged(NudgeExpired, 7, "old", "m-cyl"),
    ]
    for number in order:
        view.on_event(told[number])
    numbers = view.numbers()
    assert numbers["became"] == {"acted": 1, "done": 1, "withdrawn": 0, "expired": 0, "open": 1}
    assert sum(numbers["became"].values()) == sum(numbers["nudges"].values()) == 3


def test_an_empty_demo_has_a_summary() -> None:
    """Ctrl-C in the first second ends with a summary too, which says that there is nothing to say."""
    console = recording()
    with DemoView(console) as view:
        pass
    view.summary()
    assert "none yet" in console.export_text()


@pytest.mark.parametrize(("width", "height"), [(200, 60), (100, 24), (80, 24), (40, 20), (40, 8), (12, 5), (1, 1)])
def test_no_terminal_is_too_narrow(width: int, height: int) -> None:
    """Whatever the size of the terminal, no line is longer than it is wide and nothing breaks."""
    console = recording(width, height)
    view = fed(console)
    text = shown(console, view)
    assert max(len(line) for line in text.splitlines()) <= width
    if width >= 40 and height >= 20:
        assert "Activity" in text
        assert "Nudges" in text
        assert "Borlume" in text


def test_what_the_view_does_not_know_does_not_break_it() -> None:
    """Events of later releases, ticks, and replies and nudges about what it never saw are taken calmly."""
    console = recording()
    view = DemoView(console)
    view.on_event(Unheard(id="u", source="test", at=START))
    view.on_event(Tick(id="t", source="test", at=START, partition=3))
    view.on_event(make(ReplyPublished, 1, "r", message="r", post="gone", channel="x", author="m", text="Hm."))
    view.on_event(issued(2, "n", "m-who"))
    view.on_event(nudged(NudgeActed, 3, "n", "m-who", message="r", seconds=1.0))
    text = shown(console, view)
    assert "m answers somebody: Hm." in text
    assert "m-who (champion): reply to somebody" in text


def test_without_a_terminal_there_are_plain_lines() -> None:
    """Into a file or a pipe go whole lines, without colours or boxes, and no history."""
    out = io.StringIO()
    console = Console(file=out, width=40)
    view = DemoView(console, ADDRESSES, live_from=START)
    with view:
        view.say("Catching up")
        for event in people() + story():
            view.on_event(event)
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["API: http://127.0.0.1:8080/docs", "Catching up"]
    assert "Activity 08:00 Anazhi in #charts: How do I [bold]label[/bold] bars?" in lines
    assert "Matches  08:00   Borlume 0.80  answered 3 posts like it, at home in #charts" in lines
    assert not any("joins" in line or "\x1b" in line for line in lines)


def test_the_live_view_leaves_the_terminal_as_it_was() -> None:
    """Ctrl-C in the middle gives the screen and the cursor back."""
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, force_terminal=True)
    with pytest.raises(KeyboardInterrupt):
        interrupted(console)
    assert out.getvalue().rstrip().endswith(("\x1b[?25h", "\x1b[?1049l"))
    assert out.getvalue().count("\x1b[?1049h") == out.getvalue().count("\x1b[?1049l") == 1


def test_a_demo_that_goes_on_counts_anew() -> None:
    """Called again, the demo knows its people and posts, and what is still open, and counts as asked what it asks now.

    Nothing that was pressed, or replied, before it was called again is among the numbers.
    """
    console = recording(width=240)
    view = DemoView(console, ADDRESSES, live_from=START + timedelta(hours=3, minutes=1))
    done = make(NudgeAnswered, 165, "9", nudge="n5", member="m-cyl", answer=Answer.DONE)
    for event in [*people(), *story(), issued(160, "n5", "m-cyl"), done]:
        view.on_event(event)
    assert view.tally.open_by_member() == {"m-bor": 1}
    view.on_event(nudged(NudgeExpired, 190, "n4", "m-bor"))
    view.on_event(issued(200, "n9", "m-bor"))
    numbers = view.numbers()
    assert (numbers["posts"], numbers["nudges"], numbers["earlier_nudges_ended"]) == (0, {"reply": 1}, 1)
    assert numbers["answers"] == {}
    assert numbers["became"] == {"acted": 0, "done": 0, "withdrawn": 0, "expired": 0, "open": 1}
    assert "Borlume (champion): reply to Anazhi in #charts" in shown(console, view)


def test_lengths_and_first_words_are_short() -> None:
    """Waits read as people say them, and long texts end in dots on one line."""
    assert [span(s) for s in (5, 61, 3599, 9000, 200_000)] == ["5 s", "1 min", "1 h 00 min", "2 h 30 min", "2 d 7 h"]
    assert first_words("a\n b") == "a b"
    assert first_words("word " * 50).endswith("word...")
    assert len(first_words("word " * 50)) <= 90
