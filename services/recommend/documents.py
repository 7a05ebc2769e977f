"""What recommend keeps of a community: facts, by what they are about, and the lists that its doors read.

Everything else (indexes, counts, decayed sums, profiles) is derived from the facts, the same in whatever order
they came. Of a reply only who, where and when is kept, never its text.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from shared.declining import Said
from shared.events import Evidence, Match, Privacy, Role
from shared.mentions import without_mentions
from shared.stamps import Stamp
from shared.state import Documents, Table


@dataclass(frozen=True, slots=True)
class Community:
    """Whether the community is open, and the number that the next post will get.

    `deleted`: all was deleted, and nothing is taken in until it is opened again.
    """

    open: bool = True
    opened: Stamp | None = None
    next_ordinal: int = 0
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """`here`: has not left. The stamps say when each fact was last set, and `gone` when they last left.

    They are in no channel that they joined before that, though they may be back.
    """

    roles: tuple[Role, ...] = ()
    bot: bool = False
    here: bool = True
    roles_set: Stamp | None = None
    bot_set: Stamp | None = None
    here_set: Stamp | None = None
    gone: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    privacy: Privacy = Privacy.PRIVATE
    closed: bool = False
    privacy_set: Stamp | None = None
    closed_set: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Whether a member is one of a channel's own."""

    channel: str
    member: str
    reads: bool
    reads_set: Stamp


@dataclass(frozen=True, slots=True)
class Post:
    """A post that starts a thread; `ordinal` is its place in the order of arrival, `mentions` whom it first named."""

    channel: str
    author: str
    title: str
    text: str
    at: datetime
    ordinal: int
    resolved: bool = False
    edited: Stamp | None = None
    mentions: tuple[str, ...] = ()

    def words(self) -> str:
        """Give what is embedded and searched."""
        return words(self.title, self.text)


def words(title: str, text: str) -> str:
    """Join a post's title and text into what is embedded and searched; names of people are no part of it."""
    return without_mentions(f"{title}\n{text}" if title else text)


@dataclass(frozen=True, slots=True)
class Reply:
    """`answers`: it is in somebody else's thread, which has not been removed. `channel` is the thread's."""

    post: str
    channel: str
    author: str
    at: datetime
    answers: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """A message that was removed: a repeat of it does not bring it back."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Resolved:
    """A thread that was settled, first at that time: its post may be late, and come again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody was asked about a post, first at that time: an answer after it did not come by itself."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Declined(Said):
    """What a member said last of being matched with somebody, or on the topic of a post: `about` is either."""

    member: str
    about: str


@dataclass(frozen=True, slots=True)
class Interests:
    """What a member said last that they are interested in: topics in their own words."""

    topics: tuple[str, ...]
    said: Stamp


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Somebody was forgotten then; what they did before it does not come back. Kept under a hash of the id."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Responders:
    """What MatchesRanked said of a post."""

    channel: str
    author: str
    published: datetime
    ranked: datetime
    first_post: bool
    model: str
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Suitable:
    """A post in a member's list; the scores of a list add up to 1 at most."""

    post: str
    channel: str
    score: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Peer:
    member: str
    score: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Peers:
    at: datetime
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True)
class Suitables:
    """The posts that a member might answer, and those that they might read, best first, as of `at`."""

    posts: tuple[Suitable, ...]
    reading: tuple[Suitable, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Introduction:
    """Two people whom a third one knows, and who have not met."""

    one: str
    other: str
    score: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Introductions:
    at: datetime
    pairs: tuple[Introduction, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """An artefact that ranks, or ranked before: its id and JSON, and when it was promoted."""

    id: str
    body: str
    promoted: Stamp


@dataclass(frozen=True, slots=True)
class Encoded:
    """Which encoder makes the community's vectors; `changed` is when an operator chose it, None since it began."""

    encoder: str
    changed: Stamp | None = None


COMMUNITY = Table("community", Community)  # one document, under COMMUNITY_KEY
MEMBERS = Table("member", Member)  # by member
CHANNELS = Table("channel", Channel)  # by channel
READERS = Table("reader", Reader)  # by reader_key
POSTS = Table("post", Post)  # by message
REPLIES = Table("reply", Reply)  # by message
GONE = Table("gone", Gone)  # by message
RESOLVED = Table("resolved", Resolved)  # by message
ASKED = Table("asked", Asked)  # by post
DECLINED_PEOPLE = Table("declined_person", Declined)  # by declined_key
DECLINED_TOPICS = Table("declined_topic", Declined)  # by declined_key
INTERESTS = Table("interests", Interests)  # by member
FORGOTTEN = Table("forgotten", Forgotten)  # by forgotten_key
RESPONDERS = Table("responders", Responders)  # by post
SUITABLE = Table("posts", Suitables)  # by member: for themselves
PUBLIC_SUITABLE = Table("public_posts", Suitables)  # by member: for others, from what is public
PEERS = Table("peers", Peers)  # by member: for themselves
PUBLIC_PEERS = Table("public_peers", Peers)  # by member: for others, from what is public
INTRODUCTIONS = Table("introductions", Introductions)  # by who might introduce them

MODELS = Table("model", Model)  # ACTIVE and BEFORE
ENCODED = Table("encoded", Encoded)  # one document, under ENCODER

# Names of timers of which the subject is a member: their lists are made anew, or have become too old.
RENEW = "renew"
RENEW_IN_PUBLIC = "renew_in_public"
LAPSED = "lapsed"
LAPSED_IN_PUBLIC = "lapsed_in_public"
MET = "met"
MET_IN_PUBLIC = "met_in_public"
MEMBER_TIMERS = frozenset({RENEW, RENEW_IN_PUBLIC, LAPSED, LAPSED_IN_PUBLIC, MET, MET_IN_PUBLIC})

COMMUNITY_KEY = "this"
ACTIVE = "active"
BEFORE = "before"
ENCODER = "encoder"


def texts_of(documents: Documents) -> list[str]:
    """Give what of a community is embedded, each text once, in order."""
    topics = {topic for declared in documents.table(INTERESTS).values() for topic in declared.topics}
    return sorted(topics | {post.words() for post in documents.table(POSTS).values()})


def reader_key(channel: str, member: str) -> str:
    """Name a channel's reader; ids may hold any printable character, so they are quoted."""
    return json.dumps([channel, member], ensure_ascii=False)


def declined_key(member: str, about: str) -> str:
    """Name what a member said of somebody, or of a post."""
    return json.dumps([member, about], ensure_ascii=False)


def forgotten_key(community: str, member: str) -> str:
    """Name who was forgotten without naming them."""
    return hashlib.sha256(json.dumps([community, member]).encode()).hexdigest()
