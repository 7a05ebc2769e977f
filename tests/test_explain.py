"""`kindling explain`: a decision as a person would want to read it."""

import io
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis
from rich.console import Console

from kindling.explain import words
from kindling.explain.show import show
from services.nudge.api import router
from services.nudge.choose import Bar
from services.nudge.documents import LIVE, NudgeState
from services.nudge.guard import Guard
from services.nudge.links import Links
from services.nudge.press import Press
from services.nudge.read_decision import AT_A_WISH
from shared.clock import wall_clock
from shared.events import NudgeIssued, Withdrawal
from shared.problems import install
from tests.nudge_house import SETTINGS, Reading
from tests.nudging import COMMUNITY, START, Garden, hours, post, ranked, reply
from tests.test_commands import kindling


def made(**changes: Any) -> dict[str, Any]:
    """A decision as the door gives it."""
    decision: dict[str, Any] = {
        "nudge": "n1", "kind": "welcome", "member": "ann", "role": "champion", "handed_over": False,
        "post": {"id": "p", "channel": "open", "published": "2026-03-02T12:00:00+00:00"},
        "due": "2026-03-02T14:30:00+00:00", "decided": "2026-03-02T14:45:00+00:00", "patience_hours": 6.0,
        "still_open": [{"hours": 4.0, "probability": 0.62}],
        "considered": [
            {"member": "ann", "rank": 1, "score": 0.4, "worth": 0.21, "chance": None, "bars": []},
            {"member": "[red]bob", "rank": 2, "score": 0.3, "worth": None, "chance": None, "bars": ["budget", "hours"]},
        ],
        "propensity": 1.0, "held": False,
        "features": {"worth": 0.21, "asks_this_week": 2.0, "weekly_limit": 5.0}, "model": "m1",
        "outcome": {
            "state": "acted", "withdrawn": None, "expires": "2026-03-03T14:45:00+00:00", "seen": None, "answer": None,
            "reply": "r", "closed": "2026-03-02T15:00:00+00:00",
        },
    }  # fmt: skip
    return {**decision, **changes}


def printed(decision: dict[str, Any]) -> str:
    out = io.StringIO()
    show(Console(file=out, width=110), decision)
    return " ".join(out.getvalue().split())


def test_it_is_told_what_is_kept_of_a_week() -> None:
    """Where a part of it is for what is urgent, and whether this was."""
    features = {"worth": 0.21, "asks_this_week": 4.0, "weekly_limit": 5.0, "reserved": 1.0, "urgent": 1.0}
    said = "4 times in 7 x 24 h, of 5 that they may be; 1 of these is kept for what is urgent, which this is"
    assert f"{said}." in printed(made(features=features))
    assert f"{said} not." in printed(made(features={**features, "urgent": 0.0}))


def test_a_week_without_asking_is_told() -> None:
    """That it was drawn so, and who came into question; not that anybody was barred, or worth too little."""
    said = printed(made(nudge=None, member=None, role=None, outcome=None, features={}, off_week="2026-W11"))
    assert "Nobody was asked about post p" in said
    assert "It was 2026-W11, a week that was drawn to be without asking" in said
    assert "[red]bob" in said


def test_it_reads_as_a_person_would_tell_it() -> None:
    """Who was asked, when that was due and why, by what chance, with which budget, and what became of it."""
    said = printed(made())
    assert "ann, as champion, was asked about post p (welcome)" in said
    assert "Asking was due at 2026-03-02 14:30 UTC, 2.5 h after the post" in said
    assert "6 hours of silence weigh as much as one ask" in said
    assert "62 % after 4 h" in said
    assert "Of 2 who came into question 1 were barred; asking this one was worth 0.210 answers." in said
    assert "asked 2 times in 7 x 24 h, of 5" in said
    assert "Probability of this choice: 1: no chance was in it." in said
    assert "They replied: message r" in said
    assert "[red]bob 30.0 % asked as often this week as they may be, outside their hours" in said


@pytest.mark.parametrize(
    ("people", "why"),
    [
        ([], "as many had been asked as may be"),
        ([{"worth": None, "bars": ["hours"]}], "All 1 who came into question"),
        ([{"worth": -0.1, "bars": []}], "asking cost more than it would bring"),
    ],
)
def test_it_says_why_nobody_was_asked(people: list[dict[str, Any]], why: str) -> None:
    """Nobody left, all barred, or not worth it: each is told apart."""
    people = [{"member": "a", "rank": 1, "score": 0.4, "chance": None, **one} for one in people]
    nobody = made(nudge=None, member=None, role=None, propensity=None, features={}, outcome=None, considered=people)
    assert "Nobody was asked about post p" in printed(nobody)
    assert why in printed(nobody)
    assert "left alone at random" in printed({**nobody, "held": True})


def test_there_are_words_for_everything() -> None:
    """Each bar, each state and each reason of withdrawing has words; what is a wish has one for all."""
    assert set(words.BARS) == ({bar.value for bar in Bar} - {"declined", "apart"}) | {AT_A_WISH}
    for state in NudgeState:
        for reason in Withdrawal if state is NudgeState.WITHDRAWN else [None]:
            closed = None if state in LIVE else "2026-03-02T15:00:00+00:00"
            outcome = {**made()["outcome"], "state": state.value, "withdrawn": reason, "closed": closed}
            assert printed(made(outcome=outcome))
            assert reason is None or reason.value in words._WITHDRAWN


@contextmanager
def serving(garden: Garden) -> Iterator[str]:
    """Nudge's doors on a free port while the block lasts; gives their address."""
    app = FastAPI()
    install(app)
    http, redis = httpx.AsyncClient(), Redis()
    app.include_router(
        router(Reading(garden.documents), Press(http, SETTINGS, wall_clock), Guard(redis, "t", SETTINGS),
               Links(SETTINGS), SETTINGS)
    )  # fmt: skip
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def test_the_command_asks_nudge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One decision, all about a post, with the text where it is wished; and a sentence for all that can go wrong."""
    garden = Garden()
    one = post(START)
    out = garden.step(one, ranked(one, "ann", "bob")) + garden.until(START + hours(2))
    nudge = next(event.nudge for event in out if isinstance(event, NudgeIssued))
    garden.step(reply(START + hours(3), "bob"))
    key = SETTINGS.service_key.get_secret_value()
    monkeypatch.setitem(cast("dict[str, str]", os.environ), "KINDLING_SERVICE_KEY", key)
    with serving(garden) as address:
        there = ("--community", COMMUNITY, "--url", address)
        said = kindling(tmp_path, "explain", nudge, *there)
        assert "ann, as champion, was asked about post p" in said
        assert "somebody else had answered" in said
        assert "Tomatoes" not in said
        assert "Title: Tomatoes" in kindling(tmp_path, "explain", "p", "--post", "--text", *there)
        assert "No decision about that post is kept" in kindling(tmp_path, "explain", "q", "--post", *there, code=1)
        assert "No decision of that nudge is kept" in kindling(tmp_path, "explain", "none", *there, code=2)
        monkeypatch.setenv("KINDLING_SERVICE_KEY", "x" * 32)
        assert "does not know this service key" in kindling(tmp_path, "explain", nudge, *there, code=2)
    assert "does not answer at" in kindling(tmp_path, "explain", nudge, *there, code=2)
