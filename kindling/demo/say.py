"""Say in words what happens in the demo: one line for each thing worth seeing."""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from shared.events import (
    Answer,
    ChannelOpened,
    Delivery,
    Event,
    Evidence,
    Kind,
    Match,
    MatchesRanked,
    MemberJoined,
    NudgeActed,
    NudgeAnswered,
    NudgeDelivered,
    NudgeExpired,
    NudgeIssued,
    NudgeWithdrawn,
    PostPublished,
    Reason,
    ReplyPublished,
    ThreadResolved,
    Withdrawal,
)


class Feed(StrEnum):
    """Where a line is shown."""

    ACTIVITY = "Activity"
    MATCHES = "Matches"
    NUDGES = "Nudges"
    OUTCOMES = "Outcomes"


class Line(NamedTuple):
    feed: Feed
    who: str
    text: str


_WORDS: Final = 90
_BEST: Final = 3
_REMEMBERED_POSTS: Final = 5_000
_REASONS: Final = {
    Reason.ANSWERED_SIMILAR: ("answered a post like it", "answered {} posts like it"),
    Reason.ASKED_SIMILAR: ("asked something like it", "asked {} things like it"),
    Reason.ACTIVE_LATELY: ("answered lately", "{} answers lately"),
    Reason.KNOWS_CHANNEL: ("at home in {channels}", "{} answers in {channels}"),
    Reason.MENTIONED: ("was mentioned", "was mentioned"),
    Reason.SHARED_THREADS: ("was in a thread with them", "was in {} threads with them"),
    Reason.INTERESTED: ("is interested in it", "is interested in it"),
}
_PRESSES: Final = {
    Answer.CLAIM: "takes it on",
    Answer.DONE: "has done it",
    Answer.PASS: "passes",
    Answer.HAND_OVER: "hands it over",
    Answer.LATER: "says later",
    Answer.LESS: "wants fewer nudges",
    Answer.NEVER: "wants no nudges",
}
_WITHDRAWALS: Final = {
    Withdrawal.ANSWERED: "somebody was faster",
    Withdrawal.RESOLVED: "the question is settled",
    Withdrawal.REMOVED: "the post is gone",
    Withdrawal.UNREADABLE: "they cannot read it any more",
    Withdrawal.PASSED: "they passed",
    Withdrawal.HANDED_OVER: "they handed it over",
    Withdrawal.OPTED_OUT: "they opted out",
    Withdrawal.LEFT: "somebody left",
    Withdrawal.TAKEN_BACK: "it was taken back",
}


class Speaker:
    """Knows names and first words from the events that it has heard, and puts the next into lines."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._channels: dict[str, str] = {}
        self._posts: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def hear(self, event: Event) -> None:
        """Learn names and first words."""
        match event:
            case MemberJoined():
                self._names[event.member] = event.name or event.member
            case ChannelOpened():
                self._channels[event.channel] = event.name or event.channel
            case PostPublished():
                self._posts[event.message] = (event.author, first_words(event.title or event.text))
                while len(self._posts) > _REMEMBERED_POSTS:
                    self._posts.popitem(last=False)
            case _:
                pass

    def lines(self, event: Event) -> Iterator[Line]:
        """Give the lines about an event: none, if it is nothing to see."""
        match event:
            case PostPublished():
                yield Line(Feed.ACTIVITY, self.name(event.author), f"in {self._channel(event.channel)}: {_text(event)}")
            case ReplyPublished():
                yield Line(Feed.ACTIVITY, self.name(event.author), f"{self._to(event)}: {_text(event)}")
            case ThreadResolved():
                yield Line(Feed.ACTIVITY, self._author(event.message), "has what they needed")
            case MemberJoined():
                place = f" from {event.zone}" if event.zone else ""
                yield Line(Feed.ACTIVITY, self.name(event.member), f"joins{place}")
            case MatchesRanked():
                yield from self._matches(event)
            case NudgeIssued():
                yield Line(Feed.NUDGES, self.name(event.member), self._ask(event))
            case _:
                yield from self._outcomes(event)

    def name(self, member: str) -> str:
        return self._names.get(member, member)

    def _matches(self, event: MatchesRanked) -> Iterator[Line]:
        if not event.matches:
            return
        author, words = self._posts.get(event.message, (event.author, "a post"))
        yield Line(Feed.MATCHES, self.name(author), f"asks: {words}")
        for match in event.matches[:_BEST]:
            yield Line(Feed.MATCHES, f"  {self.name(match.member)}", f"{match.score:.2f}  {self._why(match)}")

    def _ask(self, event: NudgeIssued) -> str:
        because = self._reasons(event.evidence)
        if event.people or event.content or event.gathering or event.channel is None:
            people = " and ".join(self.name(person) for person in event.people)
            return f"({event.role}): {event.kind} {people or event.content or event.gathering or ''}".rstrip()
        author = self._author(event.post)
        task = f"welcome {author}" if event.kind is Kind.WELCOME else f"{event.kind} to {author}"
        return f"({event.role}): {task} in {self._channel(event.channel)}" + (f", {because}" if because else "")

    def _outcomes(self, event: Event) -> Iterator[Line]:
        match event:
            case NudgeAnswered():
                to = f" to {self.name(event.to)}" if event.to else ""
                reason = f": {event.reason}" if event.reason else ""
                yield Line(Feed.OUTCOMES, self.name(event.member), f"{_PRESSES[event.answer]}{to}{reason}")
            case NudgeActed():
                done = f"replied to {self._author(event.post)} within {span(event.seconds)}"
                yield Line(Feed.OUTCOMES, self.name(event.member), done)
            case NudgeWithdrawn():
                why = _WITHDRAWALS[event.reason]
                yield Line(Feed.OUTCOMES, self.name(event.member), f"need not reply any more: {why}")
            case NudgeExpired():
                yield Line(Feed.OUTCOMES, self.name(event.member), "did not get to it: expired")
            case NudgeDelivered() if event.result is not Delivery.SENT:
                yield Line(Feed.OUTCOMES, self.name(event.member), f"delivery by {event.by}: {event.result}")
            case _:
                return

    def _why(self, match: Match) -> str:
        return self._reasons(match.evidence) or "knows the people here"

    def _reasons(self, evidence: tuple[Evidence, ...]) -> str:
        return ", ".join(self._reason(one) for one in evidence)

    def _reason(self, evidence: Evidence) -> str:
        single, several = _REASONS[evidence.reason]
        channels = " and ".join(self._channel(channel) for channel in evidence.channels[:2]) or "this channel"
        return (several if evidence.count > 1 else single).format(evidence.count, channels=channels)

    def _author(self, post: str) -> str:
        return self.name(self._posts[post][0]) if post in self._posts else "somebody"

    def _to(self, reply: ReplyPublished) -> str:
        author = self._posts.get(reply.post, ("", ""))[0]
        return "adds" if author == reply.author else f"answers {self._author(reply.post)}"

    def _channel(self, channel: str) -> str:
        return "#" + self._channels.get(channel, channel)


def first_words(text: str) -> str:
    """Give the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _WORDS else line[: _WORDS - 3].rsplit(" ", 1)[0] + "..."


def span(seconds: float) -> str:
    """Say a length of time shortly: `40 s`, `12 min`, `3 h 05 min`, `2 d 4 h`."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    days = timedelta(minutes=minutes)
    return f"{days.days} d {days.seconds // 3600} h"


def _text(event: PostPublished | ReplyPublished) -> str:
    return first_words((event.title if isinstance(event, PostPublished) else "") or event.text)
