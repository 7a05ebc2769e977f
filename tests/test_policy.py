"""What another policy would have brought, told from the log of choices that were drawn."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kindling.main import app
from kindling.policy.estimate import LEAST_EFFECTIVE, Choice, TooLittleOverlap, effective_size, estimate
from kindling.policy.policies import PolicyName, chances
from kindling.policy.read_log import Log, read_log
from kindling.replay.decisions import line
from services.nudge.explore import draw
from shared.events import Alternative, Event, Kind, NudgeActed, NudgeExpired, NudgeIssued, Role, WeekDrawn
from shared.wire import Envelope, encode

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
people = st.lists(
    st.builds(
        Alternative,
        member=st.text("abc", min_size=1, max_size=4),
        propensity=st.floats(0.01, 1),
        score=st.floats(0, 1),
        reply_ratio=st.floats(0, 3),
        worth=st.floats(0.01, 1),
        asks_this_week=st.integers(0, 9),
    ),
    min_size=2, max_size=5, unique_by=lambda one: one.member,
)  # fmt: skip


@given(people, st.sampled_from([name for name in PolicyName if name is not PolicyName.LOGGED]))
def test_a_policy_gives_chances(found: list[Alternative], policy: PolicyName) -> None:
    """Each policy's chances add up to one, whoever comes into question, in whatever order they are named."""
    by_policy = chances(policy, found)
    assert sum(by_policy) == pytest.approx(1)
    assert list(reversed(by_policy)) == chances(policy, list(reversed(found)))


@cache
def history(seed: int, asks: int = 800) -> tuple[list[Event], dict[PolicyName, float]]:
    """Draw asks whose truth is known: the events, and how many replies an ask brings by policy."""
    chance = np.random.default_rng(seed)
    events: list[Event] = []
    truths: dict[PolicyName, list[float]] = {policy: [] for policy in PolicyName}
    for n in range(asks):
        scores = {who: round(float(chance.uniform(0.05, 0.6)), 6) for who in ("ann", "bob", "cat", "dan")}
        # Whom the ranking names replies less than it says; Dan replies whenever he is asked.
        truth = {who: 0.9 if who == "dan" else 0.5 * score for who, score in scores.items()}
        drawn = draw(scores, float(chance.random()))
        alternatives = tuple(
            Alternative(
                member=who, propensity=drawn.chances[who], score=score, reply_ratio=1.0, worth=score, asks_this_week=0
            )
            for who, score in scores.items()
        )
        for policy, values in truths.items():
            by_policy = chances(policy, alternatives)
            values.append(sum(c * truth[one.member] for c, one in zip(by_policy, alternatives, strict=True)))
        events += nudged(n, drawn.member, alternatives, replied=bool(chance.random() < truth[drawn.member]))
    return events, {policy: float(np.mean(values)) for policy, values in truths.items()}


def nudged(number: int, member: str, alternatives: Sequence[Alternative], *, replied: bool) -> list[Event]:
    """Give the events of a nudge: issued, and acted on or expired."""
    head: dict[str, Any] = {"source": "test", "community": "garden", "member": member, "kind": Kind.REPLY}
    head |= {"nudge": f"n{number}", "post": f"p{number}"}
    own = next((one for one in alternatives if one.member == member), None)
    issued = NudgeIssued(
        **head, id=f"{number}/issued", at=AT, channel="open", role=Role.CHAMPION, rank=1, score=0.5,
        propensity=own.propensity if own else 1.0, evidence=(), features={}, model="m", expires=AT + timedelta(days=1),
        alternatives=tuple(alternatives),
    )  # fmt: skip
    if replied:
        return [issued, NudgeActed(**head, id=f"{number}/acted", at=AT, message="r", seconds=60)]
    return [issued, NudgeExpired(**head, id=f"{number}/expired", at=AT)]


def taken(events: Sequence[Event]) -> Log:
    log = Log()
    for event in events:
        log.take(event)
    return log


@pytest.mark.parametrize("policy", PolicyName)
def test_estimates_hold_the_truth(policy: PolicyName) -> None:
    """In 9 of 10 logs at least each interval holds what the policy brings, also of policies that did not draw."""
    held = {"ips": 0, "snips": 0, "doubly_robust": 0}
    for seed in range(40):
        events, truths = history(seed)
        found = estimate(taken(events).choices(policy))
        for name in held:
            one = getattr(found, name)
            held[name] += one.low <= truths[policy] <= one.high
    assert all(count >= 36 for count in held.values()), held


def test_what_was_expected_makes_it_narrower() -> None:
    """The doubly robust interval is narrower than the one that knows nothing of people."""
    events, _ = history(3)
    found = estimate(taken(events).choices(PolicyName.RELEVANCE))
    width = {name: getattr(found, name).high - getattr(found, name).low for name in ("ips", "doubly_robust")}
    assert width["doubly_robust"] < width["ips"]


def test_asks_about_one_post_are_one_piece_of_evidence() -> None:
    """The same choices are worth less where they are about few posts."""
    choices = [Choice(f"p{n}", 0.5, 0.5, n % 4 < 2, 0.5, 0.5) for n in range(400)]
    same = [Choice(f"p{n // 2}", 0.5, 0.5, n % 4 < 2, 0.5, 0.5) for n in range(400)]
    apart, together = estimate(choices).ips, estimate(same).ips
    assert apart.value == together.value
    assert together.high - together.low > 1.2 * (apart.high - apart.low)


@pytest.mark.parametrize("on_the_wire", [True, False])
def test_weeks_without_asking_are_counted(tmp_path: Path, on_the_wire: bool) -> None:
    """A log says of how many weeks it holds no choice, as none was made in them; the same week twice is one."""
    head: dict[str, Any] = {"source": "test", "at": AT, "community": "garden", "share": 0.5}
    weeks: list[Event] = [
        WeekDrawn(**head, id=f"week/{n}", week=f"2026-W{n}", asking=n % 3 > 0) for n in (10, 11, 12, 12)
    ]
    events = [*history(1)[0], *weeks]
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(encode(Envelope(event)) + b"\n" if on_the_wire else line(event) for event in events))
    found = read_log(log)
    assert (len(found.weeks), found.weeks_off) == (3, 1)
    told = tmp_path / "told.json"
    done = CliRunner().invoke(app, ["policy", "evaluate", "--log", str(log), "--policy", "worth", "--json", str(told)])
    assert done.exit_code == 0, done.output
    assert "Of 3 weeks that were drawn 1 were without asking" in " ".join(done.output.split())
    assert json.loads(told.read_text())["weeks_without_asking"] == 1


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=50))
def test_the_effective_size_is_at_most_the_size(weights: list[float]) -> None:
    """Equal weights count in full, unequal ones for less, never for less than one."""
    assert 1 - 1e-9 <= effective_size(weights) <= len(weights) + 1e-9
    assert effective_size([3.0] * len(weights)) == pytest.approx(len(weights))


def test_too_little_overlap_is_said_and_no_number_given() -> None:
    """A policy that the log hardly ever followed is not estimated, nor any policy on an empty log."""
    with pytest.raises(TooLittleOverlap, match="EXPLORE_SHARE"):
        estimate([])
    strange = [Choice(f"p{n}", 0.99, 0.0, True, 0.5, 0.5) for n in range(1000)]
    strange += [Choice(f"q{n}", 0.01, 1.0, True, 0.5, 0.5) for n in range(LEAST_EFFECTIVE - 1)]
    with pytest.raises(TooLittleOverlap, match="rests on 49 of them"):
        estimate(strange)


@pytest.mark.parametrize("cloud_events", [False, True])
def test_a_log_is_read_as_it_is_written(tmp_path: Path, cloud_events: bool) -> None:
    """The decision log of a replay and the events of the topic give the same choices; the same twice is as once."""
    events, _ = history(1, asks=20)
    open_nudge = nudged(99, "ann", (), replied=True)
    lines = [encode(Envelope(event)) + b"\n" if cloud_events else line(event) for event in [*events, *open_nudge]]
    file = tmp_path / "decisions.jsonl"
    file.write_bytes(b'{"type":"kindling.MatchesRanked.v2"}\n\n' + b"".join(lines + lines))
    assert read_log(file).choices(PolicyName.WORTH) == taken(events).choices(PolicyName.WORTH)
    assert len(read_log(file).drawn) == 20


def test_the_command_says_what_it_found(tmp_path: Path) -> None:
    """A table and JSON; a sentence where the file is no log, or says too little."""
    events, truths = history(2, asks=600)
    log, out = tmp_path / "log.jsonl", tmp_path / "out.json"
    log.write_bytes(b"".join(line(event) for event in events))
    asked = ["policy", "evaluate", "--log", str(log), "--policy"]
    said = CliRunner().invoke(app, [*asked, "relevance", "--json", str(out)])
    assert said.exit_code == 0, said.output
    assert "doubly robust" in said.output
    made = json.loads(out.read_text())
    assert made["doubly_robust"]["low"] < truths[PolicyName.RELEVANCE] < made["doubly_robust"]["high"]
    assert LEAST_EFFECTIVE < made["effective_sample_size"] < made["choices"] == 600
    log.write_bytes(b"".join(line(event) for event in events[:40]))
    little = CliRunner().invoke(app, [*asked, "relevance"])
    assert (little.exit_code, "No estimate" in little.output) == (1, True)
    log.write_text("not a log\n")
    wrong = CliRunner().invoke(app, [*asked, "worth"])
    assert (wrong.exit_code, "line 1" in wrong.output) == (2, True)
