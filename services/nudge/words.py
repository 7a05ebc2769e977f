"""The words of a nudge: what is asked, why you, why this, why now, and what can be said to it."""

from datetime import UTC, datetime, timedelta, tzinfo
from textwrap import shorten
from typing import Final

from services.nudge.wishes import Declinable
from shared.events import Answer, Evidence, Kind, Reason, Role

ANSWERS: Final = {
    Answer.CLAIM: "I will do it",
    Answer.DONE: "Done",
    Answer.LATER: "Later",
    Answer.PASS: "Pass",
    Answer.HAND_OVER: "Hand over",
    Answer.LESS: "Ask me less",
    Answer.NEVER: "Never ask me",
}
DECLINES: Final = {
    Declinable.TOPIC: "Not my topic",
    Declinable.PERSON: "Never match me with {author}",
}
WHAT_DECLINING_DOES: Final = {
    Declinable.TOPIC: "You are not asked about posts like this one any more, and {author} is never told.",
    Declinable.PERSON: (
        "Neither of you is asked about what the other writes, or suggested to the other, and {author} is never told."
    ),
}
UNREADABLE_TOPIC: Final = "a post that you can no longer read here"
WITHDRAWN: Final = {
    "answered": "Somebody else has answered. Thank you.",
    "resolved": "The thread was settled.",
    "removed": "The post was removed.",
    "unreadable": "The post cannot be read any more.",
    "passed": "You passed.",
    "handed_over": "You handed it over.",
    "opted_out": "You asked not to be asked.",
    "left": "Somebody left.",
    "taken_back": "It was taken back. There is nothing left to do.",
}
STATES: Final = {
    "open": "Open",
    "claimed": "You said that you will do it.",
    "done": "You said that it is done. Thank you.",
    "acted": "You replied. Thank you.",
    "expired": "Its time is over.",
}
WHY_YOU_SENSITIVE: Final = "Those who run this community named you for posts like this. Nobody else is asked."
WHY_THIS_SENSITIVE: Final = (
    "By its words or by a report it may be about distress, harassment, health or a legal matter. Kindling suggests no "
    "answer: please read it yourself and do what your community's rules say."
)
HEADING_CHARACTERS: Final = 60


def what(kind: Kind, author: str, channel: str, *, sensitive: bool = False) -> str:
    """Say in one sentence what is asked."""
    if sensitive:
        return f"Please look at a post by {author} in {channel}."
    if kind is Kind.WELCOME:
        return f"Welcome {author}, who has just written their first post here, in {channel}."
    return f"Reply to {author} in {channel}."


def heading(title: str, excerpt: str) -> str:
    """Name a post: by its title, or by its first words."""
    if title or not excerpt:
        return title or "A post without a title"
    first = shorten(excerpt, HEADING_CHARACTERS, placeholder="…")
    # Of a first word that is too long by itself nothing would be left.
    return excerpt[:HEADING_CHARACTERS] + "…" if first == "…" else first


def why_this(kind: Kind, *, live: bool) -> str:
    """Say why this post; of a nudge that is over, what was true when it was asked."""
    if kind is Kind.WELCOME:
        return "Whoever is answered the first time tends to come back. A few friendly words are enough."
    return "Nobody else has answered this post." if live else "When you were asked, nobody had answered this post."


def why_you(evidence: tuple[Evidence, ...], role: Role, author: str, handed_by: str | None) -> list[str]:
    """Say why this person was asked; never empty."""
    reasons = [f"{handed_by} handed this over to you."] if handed_by else []
    reasons += [_reason(item, author) for item in evidence]
    if not reasons:
        reasons.append("You help here." if role is Role.MEMBER else f"You are a {role.value} here.")
    return reasons


def why_now(published: datetime, issued: datetime, stands: datetime | None, zone: tzinfo) -> str:
    """Say why now, and how long the ask stands, if it still does."""
    waited = f"When you were asked, the post had waited {length(issued - published)} for an answer."
    return waited if stands is None else f"{waited} Nobody else is asked before {moment(stands, zone)}."


def length(span: timedelta) -> str:
    """Write a span in hours, or in minutes where it is less than two hours."""
    minutes = max(0, round(span / timedelta(minutes=1)))
    return _many(minutes, "minute") if minutes < 120 else _many(minutes // 60, "hour")


def moment(at: datetime, zone: tzinfo = UTC) -> str:
    """Write a time as the clock on the wall shows it: `Tue 3 Mar, 14:00 CET`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M} {local.tzname()}"


def _reason(evidence: Evidence, author: str) -> str:
    count = max(1, evidence.count)
    match evidence.reason:
        case Reason.ANSWERED_SIMILAR:
            return f"You answered {_many(count, 'thread')} like this one."
        case Reason.ASKED_SIMILAR:
            return f"You asked about something like this in {_many(count, 'thread')}."
        case Reason.ACTIVE_LATELY:
            return "You have been active lately."
        case Reason.KNOWS_CHANNEL:
            return "You know this channel well."
        case Reason.MENTIONED:
            return "The post mentions you."
        case Reason.SHARED_THREADS:
            return f"You and {author} have met in {_many(count, 'thread')}."
        case Reason.INTERESTED:
            return "It is about something that you said you are interested in."


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
