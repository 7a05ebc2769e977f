"""What is counted of nudge's decisions: each once it is durable, and forecasts with what became of them."""

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.nudge.count import count
from shared.events import Answer, Event, Kind, NudgeIssued, NudgeSeen
from tests.nudging import START, Garden, answered, dump, hours, make, post, ranked, reply
from tests.test_nudge_kinds import asked_until, peers

PREDICTED, REPLIED = "kindling_replies_predicted_total", "kindling_replies_observed_total"


class Counting(Garden):
    """A garden whose steps are counted as the loop counts them, one write a step."""

    def step(self, *events: Event) -> list[Event]:
        emitted: list[Event] = []
        for event in events:
            before = dump(self.documents)
            out = super().step(event)
            now = dump(self.documents)
            count(out, {name: body for name, body in now.items() if before.get(name) != body})
            emitted += out
        return emitted

    def ask(self, *names: str, message: str = "p") -> NudgeIssued:
        written = post(START, message=message)
        self.step(written, ranked(written, *names))
        [issued] = [one for one in self.until(START + hours(2)) if isinstance(one, NudgeIssued)]
        return issued


@pytest.fixture
def counted() -> Callable[..., float]:
    """Gives by how much a metric has grown since the test began."""

    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    began: dict[Any, float] = {
        (family.name, *sorted(sample.labels.items()), sample.name): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }

    def grown(name: str, **labels: str) -> float:
        was = [v for (_, *with_labels, sample), v in began.items() if sample == name and dict(with_labels) == labels]
        return value(name, **labels) - (was[0] if was else 0.0)

    return grown


def test_a_forecast_and_its_reply_are_counted_together(counted: Callable[..., float]) -> None:
    """Nothing while an ask stands; with the reply what was forecast of it, and one reply."""
    garden = Counting()
    issued = garden.ask("ann", "bob")
    assert (counted(PREDICTED), counted(REPLIED)) == (0, 0)
    garden.step(reply(START + hours(3), "ann"))
    assert counted(PREDICTED) == pytest.approx(issued.score * issued.features["reply_ratio"])
    assert counted(REPLIED) == 1
    assert counted("kindling_asks_ended_total", outcome="acted") == 1


def test_what_came_to_nothing_is_counted_as_forecast(counted: Callable[..., float]) -> None:
    """Expired or refused, an ask did not bring its reply; withdrawn because another answered, it says nothing."""
    garden = Counting()
    first = garden.ask("ann", "bob")
    garden.step(answered(START + hours(3), first.nudge, "ann", Answer.PASS))
    assert counted(PREDICTED) == pytest.approx(first.score)
    before = counted(PREDICTED)
    # Now it is Bob's, and Cat is faster.
    garden.step(reply(START + hours(5), "cat"))
    assert counted(PREDICTED) == before
    other = Counting()
    second = other.ask("ann")
    other.step(make(NudgeSeen, START + hours(3), nudge=second.nudge, member="ann"))
    other.until(START + hours(27))
    assert counted(PREDICTED) - before == pytest.approx(second.score)
    assert counted(REPLIED) == 0
    ended = {
        out: counted("kindling_asks_ended_total", outcome=out) for out in ("withdrawn_passed", "withdrawn_answered")
    }
    assert ended == {"withdrawn_passed": 1, "withdrawn_answered": 1}


def test_what_is_not_forecast_is_on_neither_side(counted: Callable[..., float]) -> None:
    """To whom a post was handed over, and what is about no post, are not told by recommend's scores."""
    garden = Counting()
    first = garden.ask("ann", "bob")
    garden.step(answered(START + hours(3), first.nudge, "ann", Answer.HAND_OVER, to="plain"))
    only_first = counted(PREDICTED)
    garden.step(reply(START + hours(4), "plain"))
    kinds = Counting()
    kinds.step(peers("ann", "bob"))
    [asked] = asked_until(kinds, START + hours(1))
    kinds.step(post(START + hours(1), message="q", author="ann"), reply(START + hours(2), "bob", to="q"))
    assert asked.kind is Kind.CONNECT
    assert counted("kindling_asks_ended_total", outcome="acted") == 2
    assert (counted(PREDICTED), counted(REPLIED)) == (only_first, 0)


def test_asks_their_wait_and_the_budget_are_counted_when_issued(counted: Callable[..., float]) -> None:
    """By kind, as delivered to the inbox, with the time since the post and the share of the week's budget."""
    issued = Counting().ask("ann")
    assert counted("kindling_asks_total", kind="reply") == 1
    assert counted("kindling_deliveries_total", channel="inbox", result="sent") == 1
    assert counted("kindling_ask_wait_seconds_sum") == pytest.approx(issued.features["age_hours"] * 3600)
    assert counted("kindling_budget_used_share_sum") == pytest.approx(1 / issued.features["weekly_limit"])


def test_what_is_left_alone_and_what_found_nobody_are_told_apart(counted: Callable[..., float]) -> None:
    """Held to be measured is one count, nobody to ask another, although both are one decision about a post."""
    held = Counting(holdout_share=0.5)
    for number in range(20):
        written = post(START, message=f"h{number}")
        held.step(written, ranked(written, "ann", "bob", "cat", "dan"))
    held.until(START + hours(3))
    assert counted("kindling_decisions_held_total") > 0
    before = counted("kindling_decisions_held_total")
    alone = Counting(holdout_share=0.0)
    written = post(START, message="n")
    alone.step(written, ranked(written, "stranger"))
    alone.until(START + hours(3))
    assert counted("kindling_decisions_held_total") == before
    assert counted("kindling_decisions_nobody_total") >= 1
