"""The vocabulary: everything that can happen in a community and everything that Kindling decides.

Past tense, one class each. `WIRE_VERSION` is the version of each event's data on the wire; a change that an
old reader could not take adds a version and a step in `shared.wire` that reads the old one.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from shared.limits import (
    LONGEST_GAP_HOURS,
    MOST_ABSENCES,
    MOST_DELEGATES,
    MOST_INTERESTS,
    Day,
    Id,
    Interest,
    Language,
    LocalTime,
    Moment,
    Region,
    Setting,
    Text,
    Zone,
)

Score = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
GapHours = Annotated[int, Field(ge=0, le=LONGEST_GAP_HOURS)]
Weekday = Annotated[int, Field(ge=0, le=6)]
Interests = Annotated[tuple[Interest, ...], Field(max_length=MOST_INTERESTS)]


class Role(StrEnum):
    MEMBER = "member"
    CHAMPION = "champion"
    LEADER = "leader"


class Privacy(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"


class Kind(StrEnum):
    """What a nudge asks for."""

    REPLY = "reply"
    WELCOME = "welcome"
    CONNECT = "connect"
    INTRODUCE = "introduce"
    SHARE = "share"
    ROUTINE = "routine"
    GATHER = "gather"
    ATTEND = "attend"


class Answer(StrEnum):
    """What a person can say to a nudge."""

    CLAIM = "claim"
    DONE = "done"
    PASS = "pass"  # noqa: S105 - an answer, not a password
    HAND_OVER = "hand_over"
    LATER = "later"
    LESS = "less"
    NEVER = "never"


class Mode(StrEnum):
    """How far nudges go by themselves: only shown to operators, asked once a person has approved, or asked at once."""

    DRY_RUN = "dry_run"
    APPROVE = "approve"
    AUTOPILOT = "autopilot"


class Delivery(StrEnum):
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Withdrawal(StrEnum):
    """Why a nudge was taken back. `taken_back` says nothing: why is another person's own affair."""

    ANSWERED = "answered"
    RESOLVED = "resolved"
    REMOVED = "removed"
    UNREADABLE = "unreadable"
    PASSED = "passed"
    HANDED_OVER = "handed_over"
    OPTED_OUT = "opted_out"
    LEFT = "left"
    AWAY = "away"
    STEPPED_DOWN = "stepped_down"
    TAKEN_BACK = "taken_back"


class Reason(StrEnum):
    """Why somebody matches: what the evidence says."""

    ANSWERED_SIMILAR = "answered_similar"
    ASKED_SIMILAR = "asked_similar"
    ACTIVE_LATELY = "active_lately"
    KNOWS_CHANNEL = "knows_channel"
    MENTIONED = "mentioned"
    SHARED_THREADS = "shared_threads"
    INTERESTED = "interested"


class Wording(StrEnum):
    """In which words a nudge asks: plainly, warmly, or with the reason why this person first."""

    PLAIN = "plain"
    WARM = "warm"
    REASON = "reason"


class Value(BaseModel):
    """A part of an event: compared by what it holds, never altered, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Evidence(Value):
    """One reason of a match. `posts` are what it rests on: shown only to who may read all of them."""

    reason: Reason
    count: Count = 0
    posts: tuple[Id, ...] = ()
    channels: tuple[Id, ...] = ()


class Match(Value):
    member: Id
    score: Score
    evidence: tuple[Evidence, ...] = ()


class WorkingHours(Value):
    """Local times of day between which a member may be asked, on the given weekdays (Monday is 0)."""

    start: LocalTime
    end: LocalTime
    weekdays: tuple[Weekday, ...] = (0, 1, 2, 3, 4)


class Digest(Value):
    """A local time of day, on weekdays (Monday is 0), at which a member gets all at once; on none: one by one."""

    at: LocalTime
    weekdays: tuple[Weekday, ...]


def _not_before(last: date, first: date | None) -> date:
    if first is not None and last < first:
        raise ValueError("must not be before `first`: it is the last of the days")
    return last


class Absence(Value):
    """Days on which a member is away, by the calendar where they are, the first and the last among them."""

    first: Day
    last: Day

    @field_validator("last")
    @classmethod
    def _in_order(cls, last: date, given: ValidationInfo) -> date:
        return _not_before(last, given.data.get("first"))


class Delegate(Value):
    """Somebody who may act for a leader from a first to a last day, both among them, by the calendar where the leader
    is; without a first day from now on, without a last one until the leader says otherwise. An id alone is one without
    days.
    """

    member: Id
    # Not strict: what `_of_an_id` has looked at is no JSON any more, where strict days are text.
    first: Annotated[Day | None, Field(strict=False)] = None
    last: Annotated[Day | None, Field(strict=False)] = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_id(cls, told: Any) -> Any:
        """Take what was said before there were days."""
        return {"member": told} if isinstance(told, str) else told

    @field_validator("last")
    @classmethod
    def _in_order(cls, last: date | None, given: ValidationInfo) -> date | None:
        return None if last is None else _not_before(last, given.data.get("first"))


Delegates = Annotated[tuple[Delegate, ...], Field(max_length=MOST_DELEGATES)]
Absences = Annotated[tuple[Absence, ...], Field(max_length=MOST_ABSENCES)]


class Event(Value):
    """Something that happened, at a time. `id` and `source` together name it for ever."""

    WIRE_VERSION: ClassVar[int] = 1

    id: Id
    source: Id
    at: Moment

    def subject(self) -> str:
        """Name what the event is about; the envelope carries it."""
        return self.id


class Tick(Event):
    """The clock of one partition, so that what is due happens while nobody writes."""

    partition: Count


class CommunityEvent(Event):
    community: Id


class MessageEvent(CommunityEvent):
    message: Id

    def subject(self) -> str:
        return self.message


class MemberEvent(CommunityEvent):
    member: Id

    def subject(self) -> str:
        return self.member


class ChannelEvent(CommunityEvent):
    channel: Id

    def subject(self) -> str:
        return self.channel


class NudgeEvent(MemberEvent):
    nudge: Id

    def subject(self) -> str:
        return self.nudge


# What people write


class PostPublished(MessageEvent):
    """A message that starts a thread; the thread has its id."""

    channel: Id
    author: Id
    text: Text
    title: Text = ""
    mentions: tuple[Id, ...] = ()


class ReplyPublished(MessageEvent):
    post: Id
    channel: Id
    author: Id
    text: Text
    mentions: tuple[Id, ...] = ()


class MessageEdited(MessageEvent):
    text: Text
    title: Text | None = None


class MessageRemoved(MessageEvent):
    pass


class ReactionAdded(MessageEvent):
    member: Id
    emoji: Id


class ReactionRemoved(MessageEvent):
    member: Id
    emoji: Id


class PostViewed(MessageEvent):
    """Views of one member, added up at the door."""

    member: Id
    views: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class ThreadResolved(MessageEvent):
    """The thread's question is settled; `message` is the post, `answer` the reply that settled it."""

    answer: Id | None = None


class ThreadFlagged(MessageEvent):
    """Moderators have the thread, or it was reported or quarantined; or, not `flagged`, that is over.

    `message` is the post.
    """

    flagged: bool = True
    reason: Text = ""


# Who is there


class MemberJoined(MemberEvent):
    name: Text = ""
    zone: Zone | None = None
    bot: bool = False


class MemberUpdated(MemberEvent):
    """What is not given stays as it was."""

    name: Text | None = None
    zone: Zone | None = None
    bot: bool | None = None


class MemberLeft(MemberEvent):
    pass


class MemberForgotten(MemberEvent):
    pass


class RolesChanged(MemberEvent):
    """All roles of the member from now on."""

    roles: tuple[Role, ...]


class PreferencesChanged(MemberEvent):
    """What is not given stays as it was; a `paused_until` in the past ends a pause, None says nothing of it.

    `interests` are all that the member declares from now on, each a topic in their own words. `consent` is what they
    said to being asked at all, when they were told what this is. `absences` are all that they have from now on.
    `gap_hours` are to pass between two asks, at least, and a `digest` is when all come at once.
    `delegates` are all who may act for the member, as long as they are a leader.
    `region` is whose holidays are theirs, as DE or US-CA; an empty one is that of their time zone.
    """

    WIRE_VERSION: ClassVar[int] = 5

    zone: Zone | None = None
    hours: WorkingHours | None = None
    weekly_asks: Count | None = None
    without: tuple[Kind, ...] | None = None
    paused_until: Moment | None = None
    interests: Interests | None = None
    consent: bool | None = None
    language: Language | None = None
    absences: Absences | None = None
    gap_hours: GapHours | None = None
    digest: Digest | None = None
    delegates: Delegates | None = None
    region: Region | None = None


class TopicDeclined(MemberEvent):
    """A member does not want to be asked about what is near to a post, or, not `declined`, takes that back."""

    post: Id
    declined: bool = True


class MatchDeclined(MemberEvent):
    """A member does not want to be matched with another, who is never told; or, not `declined`, takes that back."""

    other: Id
    declined: bool = True


# Where it happens


class ChannelOpened(ChannelEvent):
    name: Text = ""
    privacy: Privacy = Privacy.PRIVATE
    members: tuple[Id, ...] = ()


class ChannelChanged(ChannelEvent):
    """What is not given stays as it was; `joined` and `left` are its readers who came and went."""

    name: Text | None = None
    privacy: Privacy | None = None
    joined: tuple[Id, ...] = ()
    left: tuple[Id, ...] = ()


class ChannelClosed(ChannelEvent):
    pass


# What is planned


class GatheringScheduled(CommunityEvent):
    gathering: Id
    title: Text
    starts: Moment
    ends: Moment
    channel: Id | None = None
    host: Id | None = None

    def subject(self) -> str:
        return self.gathering


class GatheringChanged(CommunityEvent):
    """What is not given stays as it was."""

    gathering: Id
    title: Text | None = None
    starts: Moment | None = None
    ends: Moment | None = None
    cancelled: bool = False

    def subject(self) -> str:
        return self.gathering


class GatheringAttended(MemberEvent):
    gathering: Id


class ContentQueued(CommunityEvent):
    content: Id
    title: Text
    by: Id
    link: Text = ""

    def subject(self) -> str:
        return self.content


class ContentShared(CommunityEvent):
    content: Id
    by: Id
    channel: Id
    message: Id | None = None

    def subject(self) -> str:
        return self.content


# What became of nudges: presses and deliveries


class NudgeAnswered(NudgeEvent):
    """What somebody said to their nudge; `by` is the delegate who said it for them."""

    WIRE_VERSION: ClassVar[int] = 2

    answer: Answer
    reason: Text = ""
    to: Id | None = None
    until: Moment | None = None
    by: Id | None = None


class NudgeSeen(NudgeEvent):
    pass


class NudgeDelivered(NudgeEvent):
    by: Id
    result: Delivery


class NudgeReviewed(NudgeEvent):
    """Somebody whom operators let do so says whether a nudge may go; `member` is who would be asked."""

    approved: bool
    reason: Text = ""


# What operators and training decide


class CommunityOpened(CommunityEvent):
    """A community begins with nudges that only operators see, and asks nobody who has not heard of it first."""

    WIRE_VERSION: ClassVar[int] = 2

    name: Text = ""
    mode: Mode = Mode.DRY_RUN
    asks_consent: bool = True


class CommunityDeleted(CommunityEvent):
    """All that is kept of a closed community goes, in every service; of an open one nothing does."""


class CommunityClosed(CommunityEvent):
    pass


class SettingsChanged(CommunityEvent):
    """Values by setting name; the service that knows a name validates its value."""

    settings: dict[Id, Setting]


class ModelPromoted(CommunityEvent):
    model: Id
    artefact: Id
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class EncoderChanged(CommunityEvent):
    """From here on another encoder makes the community's vectors, those of what was written before too.

    `artefact` names the models that rank from here on, trained with it; without them what is set by hand ranks until
    there are some.
    """

    encoder: Id
    artefact: Id | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


# What Kindling decides


class StillOpen(Value):
    """How likely a post is to be without another person's answer still, so many hours after its birth."""

    hours: Annotated[int, Field(ge=1)]
    probability: Annotated[float, Field(ge=0, le=1)]


class MatchesRanked(MessageEvent):
    """Who should answer a post, best first. `message` is the post, `published` its time.

    A match's score is the probability that this member answers within a week. Given that the post is open at an
    age, it is so at a later one with the ratio of the two probabilities of `still_open`.
    """

    WIRE_VERSION: ClassVar[int] = 3

    channel: Id
    author: Id
    published: Moment
    first_post: bool
    model: Id
    matches: tuple[Match, ...]
    still_open: tuple[StillOpen, ...] = ()


class PeersRanked(MemberEvent):
    """Whom a member should know, best first: the scores of all who could be add up to 1 at most."""

    model: Id
    peers: tuple[Match, ...]


class Pair(Value):
    """Two people who have not met, and might suit each other."""

    one: Id
    other: Id
    score: Score
    evidence: tuple[Evidence, ...] = ()


class IntroductionsRanked(MemberEvent):
    """Whom a member, who knows both, might introduce to each other, best first."""

    model: Id
    pairs: tuple[Pair, ...]


class OpportunityHeld(CommunityEvent):
    """A post that somebody would have been asked about now, and nobody is: left alone at random, to measure asking.

    `share` is the probability with which it was left alone, `published` the post's time.
    """

    post: Id
    channel: Id
    kind: Kind
    published: Moment
    share: Annotated[float, Field(gt=0, le=1)]

    def subject(self) -> str:
        return self.post


class WeekDrawn(CommunityEvent):
    """An ISO week began, in UTC, and it was drawn whether anybody is asked in it: not with a probability of `share`."""

    week: Id
    asking: bool
    share: Annotated[float, Field(gt=0, le=1)]

    def subject(self) -> str:
        return self.week


class MemberContacted(MemberEvent):
    """Somebody who is about to be asked for the first time is told what this is, who runs it and why."""


class NudgeDecision(NudgeEvent):
    """A nudge's own events; `post` is what it is about: a post, or what else has a key of its own (`share/1f0c…`)."""

    kind: Kind
    post: Id


class Alternative(Value):
    """Somebody who could have been drawn: how likely, with the score, the learnt ratio and the worth that they had."""

    member: Id
    propensity: Annotated[float, Field(gt=0, le=1)]
    score: Score
    reply_ratio: Score
    worth: Score
    asks_this_week: Count


class NudgeIssued(NudgeDecision):
    """`propensity` is the probability of this choice given what was known; `rank` the person's place, from 1.

    Where the person was drawn, `alternatives` are all who could have been, themselves among them, best first; empty
    where they were assigned, with all posts of the round. `wording_propensity` is the probability of the words. About
    no post, it names its `people`, `content` or `gathering`, and a `channel` only where there is one.
    """

    WIRE_VERSION: ClassVar[int] = 3

    channel: Id | None
    role: Role
    rank: Annotated[int, Field(ge=1)]
    score: Score
    propensity: Annotated[float, Field(gt=0, le=1)]
    evidence: tuple[Evidence, ...]
    features: dict[str, Score]
    model: Id
    expires: Moment
    alternatives: tuple[Alternative, ...] = ()
    wording: Wording = Wording.PLAIN
    wording_propensity: Annotated[float, Field(gt=0, le=1)] = 1.0
    people: tuple[Id, ...] = ()
    content: Id | None = None
    gathering: Id | None = None


class NudgeWithdrawn(NudgeDecision):
    WIRE_VERSION: ClassVar[int] = 3

    reason: Withdrawal


class NudgeExpired(NudgeDecision):
    pass


class NudgeActed(NudgeDecision):
    """What was asked for came: the reply or whatever else; `message` is it, where something was written."""

    WIRE_VERSION: ClassVar[int] = 2

    message: Id | None
    seconds: Annotated[float, Field(ge=0)]


DECISIONS: tuple[type[Event], ...] = (
    NudgeIssued, NudgeWithdrawn, NudgeExpired, NudgeActed, OpportunityHeld, WeekDrawn, MemberContacted,
)  # fmt: skip
ACTIVITY: tuple[type[Event], ...] = (
    PostPublished, ReplyPublished, MessageEdited, MessageRemoved, ReactionAdded, ReactionRemoved, PostViewed,
    ThreadResolved, ThreadFlagged, MemberJoined, MemberUpdated, MemberLeft, MemberForgotten, RolesChanged,
    ChannelOpened, ChannelChanged, ChannelClosed, GatheringScheduled, GatheringChanged, GatheringAttended,
    ContentQueued, ContentShared, PreferencesChanged, TopicDeclined, MatchDeclined, NudgeAnswered, NudgeSeen,
    NudgeDelivered, NudgeReviewed, CommunityOpened, CommunityClosed, CommunityDeleted, SettingsChanged, ModelPromoted,
    EncoderChanged, Tick,
)  # fmt: skip
RANKED: tuple[type[Event], ...] = (MatchesRanked, PeersRanked, IntroductionsRanked)
EVENTS: dict[str, type[Event]] = {e.__name__: e for e in ACTIVITY + RANKED + DECISIONS}
