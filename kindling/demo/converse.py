"""Plan a thread: who answers a post and when, thanks, reactions, edits, and what stays unanswered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from kindling.demo import facts
from kindling.demo.people import Person, reads
from kindling.demo.phrase import BUMPS, EDITS, THANKS, Topic, Words, reply
from shared.events import Event

EMOJIS: Final = ("thumbsup", "heart", "bulb", "tada", "eyes")
_FIRST_REPLY_MEDIAN_MINUTES: Final = 45
_NEXT_REPLY_MEDIAN_MINUTES: Final = 70
_LONGEST_HOURS: Final = 40
_TRIES: Final = 80


@dataclass(frozen=True, slots=True)
class Thread:
    """A post and what its replies take up."""

    message: str
    channel: str
    author: str
    topic: Topic
    words: Words
    text: str
    at: datetime


def after(at: datetime, rng: Random, median_minutes: float, spread: float = 1.1) -> datetime:
    """Give a moment after `at`, in whole seconds: by the median half of the time, now and then much later."""
    minutes = median_minutes * rng.lognormvariate(0, spread)
    seconds = min(max(45, round(minutes * 60)), _LONGEST_HOURS * 3600)
    return at + timedelta(seconds=seconds)


def plan_answered(rng: Random, thread: Thread, people: Sequence[Person]) -> list[Event]:
    """Give what follows a post that people answer by themselves."""
    events: list[Event] = []
    at = after(thread.at, rng, _FIRST_REPLY_MEDIAN_MINUTES)
    helped: list[str] = []
    said: list[str] = []
    for number in range(1, rng.choice((1, 1, 1, 1, 2, 2, 2, 3, 3, 4)) + 1):
        helper = _somebody(rng, people, [_would_help(p, thread.topic) for p in people], thread, at, helped)
        if helper is None:
            break
        helped.append(helper.id)
        message = f"{thread.message}-r{number}"
        text = reply(thread.topic, thread.words, rng, said)
        events.append(facts.reply(at, message, thread.message, thread.channel, helper.id, text))
        events += _echo(rng, thread, message, at, helper.id, people)
        at = after(at, rng, _NEXT_REPLY_MEDIAN_MINUTES)
    if helped:
        events += _conclude(rng, thread, f"{thread.message}-r{len(helped)}", at)
    return events + _around(rng, thread, people)


def plan_unanswered(rng: Random, thread: Thread, people: Sequence[Person]) -> list[Event]:
    """Give what follows a post that nobody answers: a look, and sometimes the author asks again."""
    events = _around(rng, thread, people)
    if rng.random() < 0.12:
        at = after(thread.at, rng, 600, 0.4)
        message = f"{thread.message}-b"
        events.append(facts.reply(at, message, thread.message, thread.channel, thread.author, rng.choice(BUMPS)))
    return events


def _would_help(person: Person, topic: Topic) -> float:
    knows = 14.0 if topic.name in person.expertise else 1.2 if topic.name in person.interests else 0.25
    return knows * person.helps


def _somebody(
    rng: Random, people: Sequence[Person], weights: list[float], thread: Thread, at: datetime, exclude: Sequence[str]
) -> Person | None:
    """Choose somebody by weight who is awake and can read the thread; a sleepless one where all who can are asleep."""
    cumulated = list(accumulate(weights))
    sleepless = None
    for _ in range(_TRIES):
        person = rng.choices(people, cum_weights=cumulated)[0]
        if person.id != thread.author and person.id not in exclude and reads(person, thread.channel, at):
            if rng.random() < person.awake(at):
                return person
            sleepless = person
    return sleepless


def _conclude(rng: Random, thread: Thread, answer: str, at: datetime) -> list[Event]:
    """The author says thanks, or settles the question, or neither."""
    events: list[Event] = []
    if rng.random() < 0.3:
        message = f"{thread.message}-t"
        events.append(facts.reply(at, message, thread.message, thread.channel, thread.author, rng.choice(THANKS)))
    if rng.random() < 0.18:
        events.append(facts.resolved(at + timedelta(seconds=rng.randint(20, 600)), thread.message, answer))
    return events


def _around(rng: Random, thread: Thread, people: Sequence[Person]) -> list[Event]:
    """Reactions to the post itself, and its author mending it."""
    events = _echo(rng, thread, thread.message, thread.at, thread.author, people)
    if rng.random() < 0.05:
        at = after(thread.at, rng, 6, 0.5)
        events.append(facts.edited(at, thread.message, f"{thread.text} {rng.choice(EDITS)}"))
    return events


def _echo(
    rng: Random, thread: Thread, message: str, at: datetime, writer: str, people: Sequence[Person]
) -> list[Event]:
    """Reactions to a message by people who can read it."""
    events: list[Event] = []
    exclude = [writer]
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        when = after(at, rng, 40)
        reader = _somebody(rng, people, [1.0] * len(people), thread, when, exclude)
        if reader is not None:
            exclude.append(reader.id)
            events.append(facts.reaction(when, message, reader.id, rng.choice(EMOJIS)))
    return events
