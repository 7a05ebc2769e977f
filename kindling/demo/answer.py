"""How the invented people answer nudges: reply, claim first, say done, pass, later, hand over, or nothing."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final

from kindling.demo import facts
from kindling.demo.converse import EMOJIS, Thread, after
from kindling.demo.people import Person, reads
from kindling.demo.phrase import reply
from shared.events import Answer, Event, NudgeIssued

_HABITS: Final = {"reply": 50, "claim": 26, "pass": 11, "done": 5, "later": 5, "hand over": 3}
_MEDIAN_MINUTES: Final = 35
_PASS_REASONS: Final = ("not my field", "too busy this week", "somebody else knows more about it", "", "")


def answers_to(seed: int, nudge: NudgeIssued, thread: Thread, person: Person, people: Sequence[Person]) -> list[Event]:
    """Give what somebody does about a nudge, in order of time; the same for the same seed and nudge.

    Nothing, where they overlook it: with a probability of 1 - `person.keen`, and where the time would be up.
    """
    rng = Random(f"{seed}/answer/{nudge.nudge}")  # noqa: S311 - an invented person's mood, no secret
    at = after(nudge.at, rng, _MEDIAN_MINUTES, 0.7)
    overlooked = rng.random() >= person.keen
    habit = rng.choices(list(_HABITS), list(_HABITS.values()))[0]
    if at >= nudge.expires:
        return []
    # Ids of nudges may be as long as an id can be.
    native = hashlib.sha256(nudge.nudge.encode()).hexdigest()[:16]
    events: list[Event] = []
    if not overlooked or rng.random() < 0.3:
        events.append(facts.seen(at, native, nudge.nudge, nudge.member))
    if not overlooked:
        soon = at + timedelta(seconds=rng.randint(20, 180))
        events += _act(rng, habit, soon, native, nudge, thread, people)
    return events


def _act(
    rng: Random, habit: str, at: datetime, native: str, nudge: NudgeIssued, thread: Thread, people: Sequence[Person]
) -> list[Event]:
    def press(answer: Answer, reason: str = "", to: str | None = None, until: datetime | None = None) -> list[Event]:
        return [facts.answered(at, native, nudge.nudge, nudge.member, answer, reason, to, until)]

    if habit == "reply":
        return _write(rng, at, native, nudge, thread)
    if habit == "claim":
        return press(Answer.CLAIM) + _write(rng, after(at, rng, 15, 0.6), native, nudge, thread)
    if habit == "done":
        return press(Answer.DONE, "talked to them directly")
    if habit == "later":
        until = at + timedelta(hours=rng.choice((2, 3, 4)))
        return press(Answer.LATER, until=until) + _write(rng, after(until, rng, 10, 0.5), native, nudge, thread)
    colleague = _colleague(rng, at, nudge, thread, people) if habit == "hand over" else None
    if colleague is not None:
        return press(Answer.HAND_OVER, "closer to your work", to=colleague.id)
    return press(Answer.PASS, rng.choice(_PASS_REASONS))


def _write(rng: Random, at: datetime, native: str, nudge: NudgeIssued, thread: Thread) -> list[Event]:
    """Reply in the thread; its author is glad, often."""
    if at >= nudge.expires:
        return []
    message = f"{thread.message}-n{native}"
    text = reply(thread.topic, thread.words, rng, [])
    events: list[Event] = [facts.reply(at, message, thread.message, thread.channel, nudge.member, text)]
    glad = after(at, rng, 30, 0.7)
    if rng.random() < 0.6:
        events.append(facts.reaction(glad, message, thread.author, rng.choice(EMOJIS)))
    if rng.random() < 0.3:
        events.append(facts.resolved(glad + timedelta(seconds=30), thread.message, message))
    return events


def _colleague(
    rng: Random, at: datetime, nudge: NudgeIssued, thread: Thread, people: Sequence[Person]
) -> Person | None:
    others = (nudge.member, thread.author)
    able = [p for p in people if p.roles and p.id not in others and reads(p, thread.channel, at)]
    return rng.choice(able) if able else None
