"""What nudge keeps of a community: frozen documents, one table for each kind."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import PlainSerializer

from shared.declining import Said
from shared.events import (
    Absence,
    Alternative,
    Answer,
    Delegate,
    Digest,
    Evidence,
    Kind,
    Mode,
    Privacy,
    Role,
    Withdrawal,
    Wording,
    WorkingHours,
)
from shared.stamps import Stamp
from shared.state import Table


class NudgeState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"
    ACTED = "acted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


LIVE: Final = frozenset({NudgeState.OPEN, NudgeState.CLAIMED})
# While a nudge is in one of these, nobody else is asked about its post.
STANDING: Final = frozenset({NudgeState.OPEN, NudgeState.CLAIMED, NudgeState.DONE})
# These answers are about the person, not about the nudge.
OF_PERSON: Final = frozenset({Answer.LESS, Answer.NEVER})


class Closing(StrEnum):
    """Why nobody is asked about a post any more."""

    ANSWERED = "answered"
    RESOLVED = "resolved"
    REMOVED = "removed"
    UNREADABLE = "unreadable"
    LEFT = "left"
    SENSITIVE = "sensitive"
    ENDED = "ended"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Community:
    """`deleted`: all was deleted, and nothing is taken in until it is opened again."""

    closed: bool = False
    stamps: dict[str, Stamp] = field(default_factory=dict)
    deleted: bool = False


def _told(delegates: tuple[Delegate, ...]) -> list[Any]:
    """Write who has no days as an id alone: a nudge of before there were days can go back to that."""
    return [one.member if one.first is one.last is None else one.model_dump(mode="json") for one in delegates]


@dataclass(frozen=True, slots=True)
class Member:
    """A member, under their id. `own_zone` and what follows are their own preferences; None is the default.

    `gone` is when they last left, though they may be back: they are in no channel that they joined before it.
    `less` are the nudges to which they said `less` since they last named a number, with when: each halves it.
    `consent` is what they said to being asked at all, `contacted` when they were told of it.
    `region` is whose holidays are theirs.
    """

    name: str = ""
    zone: str | None = None
    bot: bool = False
    left: bool = False
    gone: Stamp | None = None
    roles: tuple[Role, ...] = ()
    own_zone: str | None = None
    hours: WorkingHours | None = None
    weekly_asks: int | None = None
    less: dict[str, Stamp] = field(default_factory=dict)
    without: tuple[Kind, ...] = ()
    paused_until: datetime | None = None
    interests: tuple[str, ...] = ()
    consent: bool | None = None
    contacted: datetime | None = None
    language: str | None = None
    absences: tuple[Absence, ...] = ()
    gap_hours: int | None = None
    digest: Digest | None = None
    delegates: Annotated[tuple[Delegate, ...], PlainSerializer(_told)] = ()
    region: str = ""
    stamps: dict[str, Stamp] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, under its id; of unknown privacy it is private."""

    name: str = ""
    privacy: Privacy = Privacy.PRIVATE
    closed: bool = False
    stamps: dict[str, Stamp] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whether a member is in a channel, under `reader_key`."""

    reads: bool
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply that came before its post."""

    message: str
    author: str
    channel: str


@dataclass(frozen=True, slots=True)
class Post:
    """A young post, under its id. Before the post itself has come, `author` and `channel` are None.

    `answers` are the messages that answered it, kept as long as it can matter that they are removed again; a post that
    is answered and has none of them stays answered. `concerns` are what it was ever found to be about that nobody is to
    be asked about; `flagged` is whether moderators have it, as of `flagged_at`.
    """

    author: str | None = None
    channel: str | None = None
    published: datetime | None = None
    title: str = ""
    excerpt: str = ""
    edited: Stamp | None = None
    heard: tuple[Heard, ...] = ()
    answered: bool = False
    answers: tuple[str, ...] = ()
    resolved: bool = False
    removed: bool = False
    concerns: tuple[str, ...] = ()
    flagged: bool = False
    flagged_at: Stamp | None = None

    @property
    def is_sensitive(self) -> bool:
        return bool(self.concerns) or self.flagged


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who should answer; `rank` is the place among all matches, from 1."""

    member: str
    score: float
    rank: int
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """To whom a post was handed over, and by whom; `by` is None once that person was forgotten."""

    member: str
    by: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """What an opportunity is about that is about no post: people to meet or welcome, content, a routine, a gathering.

    `title` names it, and it `starts` then.
    """

    people: tuple[str, ...] = ()
    content: str | None = None
    routine: str | None = None
    gathering: str | None = None
    title: str = ""
    starts: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A post that needs an answer, under the post's id, or something else, its `subject`, under a key of its own.

    `asked` are nudges, in order. Of what is no post nobody is the author, "", and what is in no channel has "" there;
    `published` is when it began.

    Closed, it has no candidates, unless it was answered and has not ended: the answer may be removed again.

    `held` is when it was left alone at random, so that nobody is asked (hold.py).
    `sensitive`: only the person whom operators named is asked about it (route.py).
    `proposed` is the nudge that waits for approval. `named` is to be asked first, and could not be yet.
    `still_open` are ages in hours, and how likely the post is to be without an answer then; empty where nothing was
    said. `trace` is the traceparent with which it came in, of what is followed: never decided with.
    """

    kind: Kind
    channel: str
    author: str
    published: datetime
    ready: datetime
    ends: datetime
    model: str
    candidates: tuple[Candidate, ...]
    still_open: tuple[tuple[float, float], ...] = ()
    asked: tuple[str, ...] = ()
    held: datetime | None = None
    named: Named | None = None
    closed: datetime | None = None
    closing: Closing | None = None
    sensitive: bool = False
    proposed: str | None = None
    subject: Subject | None = None
    trace: str | None = None

    @property
    def concerned(self) -> tuple[str, ...]:
        """Those whom it is about: who wrote the post, or the people of the subject."""
        people = self.subject.people if self.subject is not None else (self.author,)
        return tuple(person for person in people if person)


@dataclass(frozen=True, slots=True)
class Nudge:
    """One ask, under the nudge's id. A forgotten member's nudge has the member "" and nothing personal.

    `score` is how likely the member was said to reply; None where somebody handed the post over to them. `forecast` is
    the same with what is learnt of their replies; None also where it is about no post.
    `sensitive`: nobody else is to be asked about the post, and it is said in sober words.
    `answered_by` is the delegate who answered for them.
    """

    member: str
    kind: Kind
    post: str
    channel: str
    role: Role
    issued: datetime
    expires: datetime
    score: float | None = None
    evidence: tuple[Evidence, ...] = ()
    handed_by: str | None = None
    state: NudgeState = NudgeState.OPEN
    withdrawn: Withdrawal | None = None
    hidden_until: datetime | None = None
    seen: datetime | None = None
    answer: Answer | None = None
    answered: Stamp | None = None
    answered_by: str | None = None
    reason: str = ""
    message: str | None = None
    closed: datetime | None = None
    sensitive: bool = False
    wording: Wording = Wording.PLAIN
    forecast: float | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """A member's nudges, under the member's id, oldest first."""

    nudges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandsIn:
    """The leaders who named somebody their delegate, under the delegate's id."""

    leaders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asks:
    """When a member was asked, over all kinds, under the member's id: oldest first, the last week at least.

    `let_go` is when they let asks go by since they last took one up, one that they passed twice. `carried` are the
    posts that they answered unasked, with when they first did, the last week's at least (carried.py).
    """

    times: tuple[datetime, ...] = ()
    let_go: tuple[datetime, ...] = ()
    carried: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """What somebody's asks have brought, under their id: replies, and how many their scores had led to expect.

    An ask counts once it has come to its end: withdrawn because another answered, it says nothing of them.
    """

    replies: int = 0
    expected: float = 0.0


@dataclass(frozen=True, slots=True)
class RoleTally:
    """The sums of the tallies of those who were asked in a role, under the role, and of their squares and products."""

    replies: int = 0
    expected: float = 0.0
    replies_squared: float = 0.0
    replies_expected: float = 0.0
    expected_squared: float = 0.0


@dataclass(frozen=True, slots=True)
class WordingTally:
    """What became of nudges in some words, under `wording_key`: how many were acted on, and read and not acted on."""

    acted: float = 0.0
    passed: float = 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """A post that somebody was first asked about at `decided`, or would have been, under the post's id.

    `share` is the probability with which it was left alone; 0 where that was not drawn. `forecast` is how likely it was
    to be answered within a day, as far as that was known. `replied` is when another person first did.
    """

    published: datetime
    decided: datetime
    held: bool
    share: float
    forecast: float = 0.0
    replied: datetime | None = None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Whose first post is in a trial, under the member's id; `returned` is when they first wrote elsewhere after it.

    `measured` is after how many of the times within which it matters that was counted.
    """

    post: str
    decided: datetime
    held: bool
    share: float
    returned: datetime | None = None
    measured: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of a week's posts, of all or of one arm: `outcomes` by name are how many are known, and their sum."""

    outcomes: dict[str, tuple[int, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Week:
    """The posts of which it was decided in an ISO week whom to ask, under its name (2026-W10).

    Of those that could have been left alone some were `asked` about and some `held`; `apart` are the others.
    Where it was drawn whether anybody is asked in that week, `asking` says so, `share` is the probability of nobody
    being, and `whole` are all posts that were written in it.
    """

    asked: Totals = Totals()
    held: Totals = Totals()
    apart: Totals = Totals()
    whole: Totals = Totals()
    asking: bool | None = None
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class WeekPost:
    """A post of a week of which it was drawn whether anybody is asked; `replied`: when another person first did."""

    published: datetime
    replied: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """Opportunities that were asked about, or those that were left alone: of how many an outcome is known, by how much
    it was above its forecast, in all, and the sum of one over the probabilities of being in this arm.
    """

    outcomes: int = 0
    rest: float = 0.0
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Running:
    """What is known of the effect of asking on an outcome, under its name: sums of scores (effect.py), and the arms."""

    scores: float = 0.0
    squares: float = 0.0
    asked: Arm = Arm()
    held: Arm = Arm()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a member said of being asked about posts and of being matched with people, by their ids, under the member's.

    What was taken back stays, so that a repeat of what was said before does not bring it back.
    """

    topics: dict[str, Said] = field(default_factory=dict)
    people: dict[str, Said] = field(default_factory=dict)


class ProposalState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An ask that somebody has to approve, or, `dry`, that only operators see, under the id that the nudge would have.

    `alternatives` are all who could have been drawn, where it was drawn; `named`: it was handed over.
    """

    member: str
    kind: Kind
    post: str
    channel: str
    made: datetime
    lapses: datetime
    dry: bool
    score: float
    rank: int
    evidence: tuple[Evidence, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    named: bool = False
    state: ProposalState = ProposalState.WAITING
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What waits for approval, or was shown in a dry run and still stands, oldest first."""

    nudges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How many proposals of a kind were approved and refused, under the kind."""

    approved: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class SetTo:
    """A value that was set, and when."""

    value: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Manners:
    """How far nudges go by themselves, and whether people are told of it before they are first asked.

    As the community was `opened`, and over that what was set since, by name.
    """

    opened: Stamp | None = None
    mode: Mode = Mode.AUTOPILOT
    asks_consent: bool = False
    set_to: dict[str, SetTo] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gathering:
    """A gathering, under its id, until it is over."""

    title: str = ""
    starts: datetime | None = None
    ends: datetime | None = None
    channel: str | None = None
    host: str | None = None
    cancelled: bool = False
    stamps: dict[str, Stamp] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Routine:
    """What a community does each week at an hour (UTC) in a channel, under its name; a title of "" ended it."""

    title: str
    weekday: int
    hour: int
    channel: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days, first and last, on which nobody is asked, under the name of their list; none where it was ended.

    They are of who is in one of the `regions`, or of everybody where there is none (regions.py).
    """

    days: tuple[tuple[date, date], ...]
    stamp: Stamp
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tie:
    """Two people who first exchanged something after they were brought together, under the opportunity's key.

    `messages` are their exchanges since, as many as it takes to say that it lasts.
    """

    since: datetime
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """That a member was forgotten, under a hash of their id: what they did before is not taken in again."""

    at: datetime


COMMUNITY: Final = Table("community", Community)
MEMBERS: Final = Table("member", Member)
CHANNELS: Final = Table("channel", Channel)
READERS: Final = Table("reader", Reader)
POSTS: Final = Table("post", Post)
OPPORTUNITIES: Final = Table("opportunity", Opportunity)
NUDGES: Final = Table("nudge", Nudge)
INBOXES: Final = Table("inbox", Inbox)
STANDS_IN: Final = Table("stands_in", StandsIn)
ASKS: Final = Table("asks", Asks)
TALLIES: Final = Table("tally", Tally)
TRIALS: Final = Table("trial", Trial)
NEWCOMERS: Final = Table("newcomer", Newcomer)
WEEKS: Final = Table("week", Week)
WEEK_POSTS: Final = Table("week_post", WeekPost)
EFFECTS: Final = Table("effect", Running)
WORDINGS: Final = Table("wording", WordingTally)
ROLE_TALLIES: Final = Table("role_tally", RoleTally)
WISHES: Final = Table("wishes", Wishes)
GATHERINGS: Final = Table("gathering", Gathering)
ROUTINES: Final = Table("routine", Routine)
HOLIDAYS: Final = Table("holidays", Holidays)
TIES: Final = Table("tie", Tie)
PROPOSALS: Final = Table("proposal", Proposal)
PROPOSED: Final = Table("proposed", Proposals)
REVIEWED: Final = Table("reviewed", Reviewed)
MANNERS: Final = Table("manners", Manners)
FORGOTTEN: Final = Table("forgotten", Forgotten)

THE_COMMUNITY: Final = "this"

# Replies remembered of one post, by themselves and as its answers.
MOST_HEARD: Final = 20


def reader_key(channel: str, member: str) -> str:
    """Give the key of a channel's reader; the length keeps ids with slashes apart."""
    return f"{len(channel)}/{channel}/{member}"


def reader_of(key: str) -> str:
    """Give the member of a `reader_key`."""
    length, _, rest = key.partition("/")
    return rest[int(length) + 1 :]


def channel_of(key: str) -> str:
    """Give the channel of a `reader_key`."""
    length, _, rest = key.partition("/")
    return rest[: int(length)]
