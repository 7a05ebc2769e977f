"""Read choices that were drawn, and what became of them, off a log of decisions.

A line is one event: as `kindling replay --decisions` writes it, or a CloudEvent as it is on the topic `nudges`. Other
events, and nudges that were assigned and not drawn, are passed over.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kindling.policy.estimate import Choice
from kindling.policy.policies import PolicyName, chances
from services.nudge.chance import reply_chance
from shared.events import Alternative, Event, Kind, NudgeActed, NudgeExpired, NudgeIssued, NudgeWithdrawn, WeekDrawn
from shared.failures import Invalid
from shared.wire import decode, event_class

_OURS = (b"kindling.Nudge", b"kindling.WeekDrawn")
_ENDS = (NudgeActed, NudgeExpired, NudgeWithdrawn)


class NoLog(Exception):
    """The file is no log of decisions; the sentence says where."""


@dataclass
class Log:
    """The drawn nudges of a log by id, and of those that have ended whether they brought a reply of who was asked.

    `weeks` are those of which it was drawn whether anybody is asked in them, by community: where nobody was, there are
    no choices, and what is estimated says nothing of them.
    """

    drawn: dict[str, NudgeIssued] = field(default_factory=dict)
    replied: dict[str, bool] = field(default_factory=dict)
    weeks: dict[tuple[str, str], bool] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take in one event; the same twice is as once."""
        if isinstance(event, NudgeIssued) and event.alternatives and _is_about_a_post(event):
            self.drawn[event.nudge] = event
        elif isinstance(event, WeekDrawn):
            self.weeks[event.community, event.week] = event.asking
        elif isinstance(event, _ENDS):
            # Withdrawn because another answered: then the ask has brought nothing, too.
            self.replied[event.nudge] = self.replied.get(event.nudge, False) or isinstance(event, NudgeActed)

    @property
    def weeks_off(self) -> int:
        """How many of the weeks were without asking."""
        return sum(not asking for asking in self.weeks.values())

    def choices(self, policy: PolicyName) -> list[Choice]:
        """Give the choices that have come to their end, as a policy would have made them."""
        ended = [issued for nudge, issued in sorted(self.drawn.items()) if nudge in self.replied]
        return [_choice(issued, self.replied[issued.nudge], policy) for issued in ended]


def read_log(path: Path, told: Callable[[int], None] = lambda _done: None) -> Log:
    """Read a log; `told` is called with how many bytes are read.

    Raises:
        NoLog: a line is no event; it is named.
    """
    log = Log()
    with path.open("rb") as file:
        for event in _events(file, told):
            log.take(event)
    return log


def _events(lines: Iterable[bytes], told: Callable[[int], None]) -> Iterable[Event]:
    done = 0
    for number, line in enumerate(lines, start=1):
        done += len(line)
        told(done)
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            # Matches are most of a log, and none of them is needed.
            if any(ours in line for ours in _OURS):
                yield _event(found, line)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Invalid) as error:
            why = f"is no event of a decision log ({error})".replace("\n", " ")
            raise NoLog(f"line {number} {why}: give what `kindling replay --decisions` wrote") from error


def _event(found: dict[str, Any], line: bytes) -> Event:
    if "specversion" in found:
        return decode(line).event
    kind, _ = event_class(found.pop("type"))
    return kind.model_validate_json(json.dumps(found))


def _is_about_a_post(issued: NudgeIssued) -> bool:
    """Say whether an ask is about a post: of other things the scores say nothing of replies."""
    return issued.kind in (Kind.REPLY, Kind.WELCOME) and not issued.people


def _choice(issued: NudgeIssued, replied: bool, policy: PolicyName) -> Choice:
    people = issued.alternatives
    by_policy = chances(policy, people)
    place = next(n for n, one in enumerate(people) if one.member == issued.member)
    return Choice(
        post=f"{len(issued.community)}/{issued.community}/{issued.post}",
        logged=issued.propensity,
        policy=by_policy[place],
        replied=replied,
        expected=_expected(people[place]),
        expected_by_policy=sum(chance * _expected(one) for chance, one in zip(by_policy, people, strict=True)),
    )


def _expected(one: Alternative) -> float:
    return reply_chance(one.score, one.reply_ratio)
