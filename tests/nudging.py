"""A small community to nudge in: people, a public and a private channel, and events with short names."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.nudge import documents as kept
from services.nudge.decision_log import DECISIONS
from services.nudge.handlers import Nudge
from services.nudge.load import LOADS
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from services.nudge.unasked import UNASKED
from shared.events import (
    Answer,
    ChannelOpened,
    Event,
    Evidence,
    Match,
    MatchesRanked,
    MemberJoined,
    NudgeAnswered,
    PostPublished,
    Privacy,
    Reason,
    ReplyPublished,
    Role,
    RolesChanged,
    StillOpen,
    Tick,
)
from shared.state import TIMERS, Documents, Table
from tests.driving import Driven

# A Monday, 12:00 UTC.
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
COMMUNITY = "garden"
TABLES: tuple[Table[Any], ...] = (
    kept.COMMUNITY,
    kept.MEMBERS,
    kept.CHANNELS,
    kept.READERS,
    kept.POSTS,
    kept.OPPORTUNITIES,
    kept.NUDGES,
    kept.INBOXES,
    kept.STANDS_IN,
    kept.ASKS,
    kept.TALLIES,
    kept.ROLE_TALLIES,
    kept.WORDINGS,
    kept.TRIALS,
    kept.NEWCOMERS,
    kept.WEEKS,
    kept.WEEK_POSTS,
    kept.EFFECTS,
    kept.WISHES,
    kept.PROPOSALS,
    kept.PROPOSED,
    kept.REVIEWED,
    kept.MANNERS,
    kept.GATHERINGS,
    kept.ROUTINES,
    kept.HOLIDAYS,
    kept.TIES,
    kept.FORGOTTEN,
    DECISIONS,
    UNASKED,
    LOADS,
    TIMERS,
)
_numbers = count()


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def make(kind: type[Event], at: datetime, **fields: Any) -> Any:
    """Make an event of the community with an id of its own."""
    return kind(
        id=f"e{next(_numbers):09}", source="test", at=at, **({} if kind is Tick else {"community": COMMUNITY}), **fields
    )


def tick(at: datetime) -> Tick:
    return Tick(id=f"t{at.isoformat()}", source="test", at=at, partition=0)


def post(
    at: datetime, message: str = "p", author: str = "asker", channel: str = "open", **fields: Any
) -> PostPublished:
    fields = {"text": "How do I grow tomatoes?", "title": "Tomatoes", **fields}
    event: PostPublished = make(PostPublished, at, message=message, channel=channel, author=author, **fields)
    return event


def ranked(
    event: PostPublished,
    *members: str,
    first: bool = False,
    at: datetime | None = None,
    still_open: Mapping[int, float] | None = None,
) -> MatchesRanked:
    """Rank members for a post, in the order given; `still_open` says how likely it is so after so many hours."""
    evidence = (Evidence(reason=Reason.ANSWERED_SIMILAR, count=3, posts=("old",), channels=("open",)),)
    matches = tuple(Match(member=m, score=1 - n / 10, evidence=evidence) for n, m in enumerate(members))
    result: MatchesRanked = make(
        MatchesRanked,
        at or event.at,
        message=event.message,
        channel=event.channel,
        author=event.author,
        published=event.at,
        first_post=first,
        model="m1",
        matches=matches,
        still_open=tuple(StillOpen(hours=age, probability=chance) for age, chance in (still_open or {}).items()),
    )
    return result


def reply(at: datetime, author: str, to: str = "p", message: str = "r", channel: str = "open") -> ReplyPublished:
    event: ReplyPublished = make(
        ReplyPublished, at, message=message, post=to, channel=channel, author=author, text="Water them."
    )
    return event


def answered(at: datetime, nudge: str, member: str, answer: Answer, **fields: Any) -> NudgeAnswered:
    event: NudgeAnswered = make(NudgeAnswered, at, nudge=nudge, member=member, answer=answer, **fields)
    return event


def people(
    at: datetime, champions: Sequence[str] = ("ann", "bob", "cat", "dan"), zone: str | None = None
) -> list[Event]:
    """Let people join: champions, a plain member, the asker and a bot; in a public and a private channel."""
    everyone = [*champions, "plain", "asker"]
    events: list[Event] = [make(MemberJoined, at, member=m, name=m.title(), zone=zone) for m in everyone]
    events.append(make(MemberJoined, at, member="bot", bot=True))
    events += [make(RolesChanged, at, member=m, roles=(Role.CHAMPION,)) for m in champions]
    events.append(make(ChannelOpened, at, channel="open", name="Open", privacy=Privacy.PUBLIC))
    events.append(make(ChannelOpened, at, channel="shed", name="Shed", members=("ann", "asker")))
    return events


def dump(documents: Documents) -> dict[str, bytes]:
    """Give all documents as they would be stored."""
    return {
        f"{table.name}/{key}": table.dump(document)
        for table in TABLES
        for key, document in sorted(documents.table(table).items())
    }


class Garden:
    """The service on one community, driven as the loop drives it."""

    def __init__(self, events: Sequence[Event] = (), **settings: Any) -> None:
        # In an afternoon here, people are asked about much, leaders too.
        self.settings = NudgeSettings(**{"gap_hours": 0, "digest_leaders": False, **settings})
        self.service = Nudge(self.settings)
        self.documents = Documents()
        self.state = NudgeCommunity(COMMUNITY, self.documents, self.settings)
        self.driven: Driven[NudgeCommunity] = Driven(self.service, self.state, self.documents)
        self.step(*(events or people(START - hours(1))))

    def step(self, *events: Event) -> list[Event]:
        return [out for event in events for out in self.driven.step(event)]

    def until(self, at: datetime) -> list[Event]:
        return self.step(tick(at))
