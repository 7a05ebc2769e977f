"""A world that is a process: what it must say, what it is told and when, and how its faults are reported."""

import asyncio
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kindling.memory import Vectors
from kindling.simulate import protocol
from kindling.simulate.child import ChildWorld
from kindling.simulate.drive import START, Outcome, Simulation, Span
from kindling.simulate.policies import PolicyName, policy_of
from kindling.simulate.protocol import WorldError
from services.ingest.accept import Accepted, Door, Scope, accept
from services.nudge.settings import NudgeSettings
from services.recommend.settings import RecommendSettings
from shared.events import Privacy
from tests.test_evaluate_run import Hashed

# A world that writes down what it is told; `ACTIVITY` and the rest are put in by each test.
SCRIPT = """
import json, sys
from datetime import datetime, timedelta
told = open({log!r}, "w")
def say(**line): print(json.dumps(line), flush=True)
def event(at, name, **data):
    say(specversion="1.0", id=str(data), source="w", type=f"kindling.{{name}}.v1", time=at, partitionkey="w", data=data)
def post(at, message, author="guest"):
    event(at, "PostPublished", message=message, channel="hall", author=author, text="How?", title="", mentions=[])
def reply(at, message, post, author):
    event(at, "ReplyPublished", message=message, post=post, channel="hall", author=author, text="So.", mentions=[])
def hello(**more):
    people = [dict(member=name, role="champion") for name in ("ann", "bob")]
    usual = dict(type="hello", community="w", start={start!r}, members=people, channels=["hall"], settings={{}})
    say(**{{**usual, **more}})
def report(**more):
    say(**{{**dict(type="report", value=1, answered=1, newcomers_answered=1, asks=1, left=0), **more}})
before = {start!r}
for line in sys.stdin:
    told.write(line); told.flush()
    said = json.loads(line)
    kind, until = said["type"], said.get("until")
{body}
    if kind == "hello": hello()
    if kind == "advance":
        say(type="done", at=until)
        before = until
    if kind == "finish": report()
"""


class House:
    """Runs worlds of a few lines each; `told` is what the last one was told."""

    def __init__(self, folder: Path) -> None:
        self._log, self._script = folder / "told", folder / "world.py"

    def run(self, body: str = "", days: int = 2, timeout: float = 20, policy: str = "kindling") -> Outcome:
        lines = "\n".join("    " + line for line in body.splitlines())
        self._script.write_text(SCRIPT.format(log=str(self._log), start=START.isoformat(), body=lines))
        world = ChildWorld(shlex.join([sys.executable, str(self._script)]), timeout)
        one = Simulation(RecommendSettings(), NudgeSettings(), Vectors(Hashed()), Span(days=days), None)
        return asyncio.run(one.run(world, policy_of(PolicyName(policy), 1), 1, lambda _share, _what: None))

    def told(self, kind: str | None = None) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line for line in lines if kind in (None, line["type"])]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


# One post at an hour after the start, told where the world is advanced past it.
ONE_POST = f"""
at = {(START + timedelta(hours=1)).isoformat()!r}
if kind == "advance" and before < at <= until: post(at, "p")
"""


def at(line: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(line["at"])


def test_the_protocol_is_spoken_in_its_order(house: House) -> None:
    """hello first, with version, seed and until; then advances without a gap, up to until; finish last."""
    found = house.run()
    first, *advances, last = house.told()
    end = START + timedelta(days=2)
    assert (first["type"], first["version"], first["seed"]) == ("hello", 1, 1)
    assert datetime.fromisoformat(first["until"]) == end
    times = [datetime.fromisoformat(line["until"]) for line in advances]
    assert times[0] == START
    assert times[-1] == end
    assert all(timedelta(0) < b - a <= timedelta(minutes=15) for a, b in pairwise(times))
    assert last == {"type": "finish"}
    assert found.world.value == 1


def test_a_nudge_reaches_the_world_at_its_own_time(house: House) -> None:
    """The world is told of an ask before it goes on, so that it can react from that moment on."""
    house.run(ONE_POST)
    told = house.told()
    places = [place for place, line in enumerate(told) if line["type"] == "nudge"]
    assert places
    for place in places:
        advanced = [line["until"] for line in told[:place] if line["type"] == "advance"]
        assert at(told[place]) == datetime.fromisoformat(advanced[-1])
        assert told[place]["post"] == "p"
        assert told[place]["member"] in ("ann", "bob")
        assert told[place]["kind"] == "welcome"


def test_an_answer_withdraws_the_nudge_of_another(house: House) -> None:
    """Who was asked and is no longer needed is told to the world, with the reason."""
    body = (
        ONE_POST
        + """
if kind == "nudge": asked = said
if kind == "advance" and "asked" in globals() and asked is not None:
    reply(until, "r", "p", {"ann": "bob", "bob": "ann"}[asked["member"]])
    asked = None
"""
    )
    found = house.run(body)
    [nudge], [withdrawn] = house.told("nudge"), house.told("withdrawn")
    assert withdrawn["id"] == nudge["id"]
    assert withdrawn["reason"] == "answered"
    assert at(withdrawn) > at(nudge)
    assert found.seen["newcomers_answered"] == 1
    assert found.seen["withdrawn"] == 1


def test_what_nobody_acts_on_expires(house: House) -> None:
    """A nudge whose time is over is withdrawn as expired, and the next person asked."""
    house.run(ONE_POST, days=4)
    first, *_ = house.told("withdrawn")
    assert first["reason"] == "expired"
    assert [line["member"] for line in house.told("nudge")] in (["ann", "bob"], ["bob", "ann"])


def test_that_somebody_acted_is_seen_by_the_product(house: House) -> None:
    """The world says what people write, never that they acted on a nudge."""
    body = (
        ONE_POST
        + """
if kind == "nudge": asked = said
if kind == "advance" and "asked" in globals() and asked is not None:
    reply(until, "r", "p", asked["member"])
    asked = None
"""
    )
    found = house.run(body)
    assert (found.seen["asks"], found.seen["acted"]) == (1, 1)
    assert house.told("withdrawn") == []


def test_settings_of_the_world_hold(house: House) -> None:
    """A world may set what an operator may: here nobody may be asked at all."""
    found = house.run(
        ONE_POST + 'if kind == "hello":\n    hello(settings={"nudge.weekly_asks_champion": 0})\n    continue'
    )
    assert found.seen["asks"] == 0


def test_history_before_the_start_is_learnt_and_nobody_is_asked_about_it(house: House) -> None:
    """What is told at the first advance lies in the past: too old to be asked about."""
    old = (START - timedelta(days=9)).isoformat()
    found = house.run(f'if kind == "advance" and until == before: post({old!r}, "p")')
    assert found.seen["asks"] == 0
    assert found.seen["newcomers_posts"] == 0


FAULTS: dict[str, tuple[str, str]] = {
    "no JSON": ('if kind == "hello": print("hi", flush=True)', "no JSON: 'hi'"),
    "another answer to hello": (
        'if kind == "hello":\n    say(type="done")\n    continue',
        "answer to hello: community is missing",
    ),
    "a zone that is none": (
        'if kind == "hello":\n    hello(members=[{"member": "a", "zone": "Mars"}])\n    continue',
        "members.0.zone 'Mars' is no time zone",
    ),
    "a setting that is none": (
        'if kind == "hello":\n    hello(settings={"nudge.nagging": 1})\n    continue',
        "'nudge.nagging', which is no setting",
    ),
    "a setting out of range": (
        'if kind == "hello":\n    hello(settings={"nudge": {"weekly_asks_cap": 1000}})\n    continue',
        "nudge.weekly_asks_cap Input should be less than or equal to 100",
    ),
    "a start after the end": (
        'if kind == "hello":\n    hello(start="2027-01-01")\n    continue',
        "answer to hello: start must be a time",
    ),
    "neither activity nor done": ('if kind == "advance": say(hello=1)', "activity (a CloudEvent"),
    "an event that is none": (
        'if kind == "advance": event(until, "PostPublished", message="p")',
        "ingest refuses: /data/channel is missing",
    ),
    "a decision of the product": (
        'if kind == "advance": event(until, "NudgeExpired", member="ann", nudge="n", kind="reply", post="p")',
        "is decided by Kindling",
    ),
    "another community": (
        'if kind == "advance": say(specversion="1.0", id="1", source="w", type="kindling.MemberLeft.v1", time=until, '
        'partitionkey="other", data={"member": "ann"})',
        "must be the community",
    ),
    "activity ahead": ('if kind == "advance": post("2026-01-05T00:01:00Z", "p")', "and sent activity of"),
    "done at another time": ('if kind == "advance": say(type="done", at="2020-01-01T00:00:00Z")', "to be done at"),
    "an end": ('if kind == "advance": sys.exit("I give up")', "ended with 1 when it was to tell what"),
    "its last words": ('if kind == "advance": sys.exit("I give up")', "'I give up'"),
    "a report without its value": ('if kind == "finish":\n    say(type="report")\n    continue', "value is missing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_world_that_speaks_wrongly_ends_the_simulation_with_a_sentence(house: House, fault: str) -> None:
    """Whoever writes a world is told what was expected, and what came instead."""
    body, said = FAULTS[fault]
    with pytest.raises(WorldError) as raised:
        house.run(body)
    assert said in str(raised.value)


def test_a_world_that_hangs_is_ended(house: House) -> None:
    """Who says nothing for the timeout has hung: a sentence, and no process is left."""
    with pytest.raises(WorldError, match=r"has sent nothing for 0\.5 s"):
        house.run('if kind == "advance": continue', timeout=0.5)


@pytest.mark.parametrize(
    ("command", "said"), [("", "is empty"), ("no-such-command --x", "No such file"), ("'", "No closing quotation")]
)
def test_a_command_that_cannot_be_started_is_a_sentence(command: str, said: str) -> None:
    """A typing error in --world is said as one."""
    with pytest.raises(WorldError, match=said):
        asyncio.run(ChildWorld(command, 1).hello(1, START, START + timedelta(days=1)))


def test_what_the_docs_show_of_the_protocol_is_right() -> None:
    """Whoever copies a line of docs/simulate.md says what is understood."""
    text = Path("docs/simulate.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    lines = [json.dumps(one).encode() for block in blocks for one in _objects(block)]
    hello, opening, _, event, done, *_, finish, report = lines
    assert protocol.hello(1, START, START + timedelta(days=90)).strip() == hello.replace(b", ", b",").replace(
        b": ", b":"
    )
    assert [place.privacy for place in protocol.read_opening(opening).channels] == [Privacy.PUBLIC, Privacy.PRIVATE]
    assert protocol.read_activity(event) == event
    assert isinstance(accept(event, Door("garden", frozenset(Scope), START + timedelta(days=1))), Accepted)
    assert isinstance(protocol.read_activity(done), protocol.Done)
    assert json.loads(finish) == json.loads(protocol.finish())
    assert protocol.read_report(report).left == 1


def _objects(block: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while block[at:].strip():
        at += len(block[at:]) - len(block[at:].lstrip())
        found, at = decoder.raw_decode(block, at)
        yield found


Runs = Callable[[str], Outcome]


@pytest.fixture
def example() -> Runs:
    def run(policy: str) -> Outcome:
        world = ChildWorld(shlex.join([sys.executable, "examples/world.py"]), 60)
        one = Simulation(RecommendSettings(), NudgeSettings(), Vectors(Hashed()), Span(days=30), timedelta(days=20))
        return asyncio.run(one.run(world, policy_of(PolicyName(policy), 5), 5, lambda _share, _what: None))

    return run


def test_the_same_seed_gives_the_same_report(example: Runs) -> None:
    """Time and chance are arguments: nothing of a wall clock is in it."""
    assert example("kindling") == example("kindling")


@pytest.mark.parametrize("policy", ["random", "active", "relevance", "kindling"])
def test_no_policy_asks_anybody_beyond_their_budget(example: Runs, policy: str) -> None:
    """The asks of any 7 x 24 h, counted here, stay within each person's weekly limit."""
    seen = example(policy).seen
    assert seen["asks"] > 20
    assert seen["over_budget"] == 0


def test_where_nobody_is_asked_nothing_is_gained(example: Runs) -> None:
    """The policy `none` is what the others are measured by; and asking brings answers."""
    nobody, kindling = example("none"), example("kindling")
    assert nobody.seen["asks"] == 0
    assert kindling.world.value > nobody.world.value
