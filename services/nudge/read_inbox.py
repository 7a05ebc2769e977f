"""Read what a member's inbox shows now: only what they may read now, whatever was true when they were asked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from services.nudge.absence import is_away, zone_of
from services.nudge.documents import (
    CHANNELS,
    INBOXES,
    LIVE,
    MEMBERS,
    NUDGES,
    OPPORTUNITIES,
    POSTS,
    READERS,
    WISHES,
    Channel,
    Inbox,
    Member,
    Nudge,
    NudgeState,
    Opportunity,
    Post,
    Subject,
    reader_key,
)
from services.nudge.guard import Held
from services.nudge.kinds import KINDS
from services.nudge.naming import short_hash
from services.nudge.shelf import Person, Shelf
from services.nudge.wishes import Declinable, is_declined
from services.nudge.words import About, Asked, Because, Words, words_for
from shared.events import Answer, Evidence, Kind, Reason, Withdrawal, Wording
from shared.reading import StateReader

MOST_NAMED: Final = 10
MOST_CLOSED: Final = 20


@dataclass(frozen=True, slots=True)
class ShownPost:
    id: str
    title: str
    excerpt: str
    channel: str
    channel_name: str
    author: Person
    published: datetime


@dataclass(frozen=True, slots=True)
class ShownSubject:
    """What a nudge is about that is about no post."""

    people: tuple[Person, ...]
    content: str | None
    gathering: str | None
    title: str
    starts: datetime | None


@dataclass(frozen=True, slots=True)
class Why:
    """Why you, why this, why now, in words."""

    you: tuple[str, ...]
    this: str
    now: str


@dataclass(frozen=True, slots=True)
class ShownNudge:
    """A nudge as its member sees it. `held`: a press is on its way; `answers` are those that can be given.

    `declines` is what can be declined, besides; `opening` is only suggested, `language` what all this is said in.
    """

    nudge: str
    kind: Kind
    state: NudgeState
    withdrawn: Withdrawal | None
    held: bool
    wording: Wording
    what: str
    post: ShownPost
    about: ShownSubject | None
    why: Why
    takes: str
    opening: str
    issued: datetime
    expires: datetime
    hidden_until: datetime | None
    answers: tuple[Answer, ...]
    people: tuple[Person, ...]
    declines: tuple[Declinable, ...]
    sensitive: bool
    language: str

    @property
    def is_open(self) -> bool:
        return self.state in LIVE and self.hidden_until is None and not self.held


@dataclass(frozen=True, slots=True)
class ShownInbox:
    """A member's inbox, newest first: all that is open and the latest that is closed."""

    member: Person
    nudges: tuple[ShownNudge, ...]


class InboxReader:
    """Puts an inbox together from the documents that the handlers stored, for one member of one community.

    For a `delegate` who stands in for the member it is in their words, and says nothing of why the member was asked.
    """

    def __init__(
        self,
        reader: StateReader,
        community: str,
        member: str,
        held: Held,
        usual: str = "en",
        now: datetime | None = None,
        delegate: Member | None = None,
    ) -> None:
        self._shelf = Shelf(reader, community)
        self._community = community
        self._member = member
        self._held = held
        self._usual = usual
        self._now = now
        self._delegate = delegate

    async def read(self) -> ShownInbox:
        """Read all that is open and the latest that is closed, in a number of steps that does not grow with it.

        What the member may not read now is left out without a trace.
        """
        shelf = self._shelf
        await shelf.fetch(MEMBERS, [self._member])
        await shelf.fetch(INBOXES, [self._member])
        known = shelf.get(MEMBERS, self._member)
        member = Person(self._member, known.name if known else "")
        if known is None or known.left:
            return ShownInbox(member, ())
        nudges = await self._nudges(shelf.get(INBOXES, self._member) or Inbox())
        await self._fetch(list(nudges.values()))
        shown = [self._nudge(nudge_id, nudge, known) for nudge_id, nudge in nudges.items()]
        return ShownInbox(member, tuple(nudge for nudge in shown if nudge is not None))

    async def _nudges(self, inbox: Inbox) -> dict[str, Nudge]:
        """Give what can be shown, by id, newest first."""
        await self._shelf.fetch(NUDGES, inbox.nudges)
        found = ((nudge_id, self._shelf.get(NUDGES, nudge_id)) for nudge_id in reversed(inbox.nudges))
        own = {nudge_id: nudge for nudge_id, nudge in found if nudge is not None and nudge.member == self._member}
        closed = [nudge_id for nudge_id, nudge in own.items() if nudge.state not in LIVE]
        left_out = set(closed[MOST_CLOSED:])
        return {nudge_id: nudge for nudge_id, nudge in own.items() if nudge_id not in left_out}

    async def _fetch(self, nudges: Sequence[Nudge]) -> None:
        """Fetch all that the nudges rest on."""
        shelf, posts = self._shelf, [nudge.post for nudge in nudges]
        await shelf.fetch(POSTS, posts)
        await shelf.fetch(OPPORTUNITIES, posts)
        read = {(self._member, nudge.channel) for nudge in nudges}
        read |= {(self._member, channel) for nudge in nudges for item in nudge.evidence for channel in item.channels}
        named = {nudge.handed_by for nudge in nudges if nudge.handed_by}
        rested_on = {post for nudge in nudges for item in nudge.evidence for post in item.posts}
        await shelf.fetch(POSTS, rested_on)
        named |= {post.author for post in (shelf.get(POSTS, post) for post in rested_on) if post and post.author}
        for opportunity in (shelf.get(OPPORTUNITIES, post) for post in posts):
            if opportunity is not None:
                named |= {opportunity.author, *opportunity.concerned}
            if opportunity is not None and opportunity.closed is None:
                read |= {(candidate.member, opportunity.channel) for candidate in opportunity.candidates}
        await shelf.fetch(CHANNELS, [channel for _, channel in read])
        await shelf.fetch(READERS, [reader_key(channel, member) for member, channel in read])
        people = named | {member for member, _ in read}
        await shelf.fetch(MEMBERS, people)
        await shelf.fetch(WISHES, people | {self._member})

    def _nudge(self, nudge_id: str, nudge: Nudge, known: Member) -> ShownNudge | None:
        post = self._shelf.get(POSTS, nudge.post) or Post()
        opportunity = self._shelf.get(OPPORTUNITIES, nudge.post)
        # Who was asked before it was found to be sensitive is told nothing of it.
        if post.is_sensitive and not nudge.sensitive:
            return None
        if opportunity is None or post.removed or not self._reads(self._member, nudge.channel):
            return None
        channel = self._shelf.get(CHANNELS, nudge.channel) or Channel()
        words = words_for((self._delegate or self._held.pressed(known)).language, self._usual)
        subject, people = opportunity.subject or Subject(), [self._named(one, words) for one in opportunity.concerned]
        author = people[0] if people else self._named(opportunity.author, words)
        channel_name = channel.name or nudge.channel
        asked = self._asked(nudge, known, people or [author], channel_name, opportunity, words)
        held = nudge.state in LIVE and self._is_held(nudge_id, nudge, known, opportunity.concerned)
        answers = tuple(Answer) if nudge.state in LIVE and not held else ()
        if nudge.sensitive or KINDS[nudge.kind].personal:
            answers = tuple(answer for answer in answers if answer is not Answer.HAND_OVER)
        return ShownNudge(
            nudge=nudge_id,
            kind=nudge.kind,
            state=nudge.state,
            withdrawn=nudge.withdrawn,
            held=held,
            wording=nudge.wording,
            what=asked.what,
            post=ShownPost(
                id=nudge.post,
                title=post.title or subject.title,
                excerpt=post.excerpt,
                channel=nudge.channel,
                channel_name=channel_name,
                author=author,
                published=opportunity.published,
            ),
            about=_about(opportunity.subject, people),
            why=Why(asked.you, asked.this, asked.now),
            takes=asked.takes,
            opening=asked.opening,
            issued=nudge.issued,
            expires=nudge.expires,
            hidden_until=nudge.hidden_until,
            answers=answers,
            people=()
            if nudge.sensitive or Answer.HAND_OVER not in answers
            else tuple(islice(self._people(nudge.post, opportunity), MOST_NAMED)),
            declines=_declines(opportunity) if answers else (),
            sensitive=nudge.sensitive,
            language=words.language,
        )

    def _is_held(self, nudge_id: str, nudge: Nudge, known: Member, people: Iterable[str]) -> bool:
        if self._held.holds(nudge_id, nudge, known):
            return True
        wished = self._held.wished(self._shelf.wishes(self._member), known)
        return is_declined(wished.topics, nudge.post) or any(is_declined(wished.people, one) for one in people)

    def _reads(self, member: str, channel: str) -> bool:
        """Say whether a member may read a channel; what is in none is for all."""
        return not channel or self._shelf.reads(member, channel)

    def _named(self, member: str, words: Words) -> Person:
        person = self._shelf.person(member)
        return person if person.name else Person(member, words.say("people.somebody"))

    def _asked(
        self,
        nudge: Nudge,
        known: Member,
        people: Sequence[Person],
        channel: str,
        opportunity: Opportunity,
        words: Words,
    ) -> Asked:
        """Put a nudge into words; of one that is over, what was true when it was asked."""
        author, subject, published = people[0], opportunity.subject or Subject(), opportunity.published
        evidence = tuple(item for item in nudge.evidence if self._may_rest_on(item, author))
        wording, by = nudge.wording, nudge.handed_by
        if self._delegate is not None:
            evidence, wording, by = (), Wording.PLAIN, None
        handed_by = self._shelf.person(by).name if by and not self._shelf.apart(self._member, by) else None
        live = nudge.state in LIVE
        if nudge.sensitive:
            return words.ask_to_look(author.name, channel, nudge.issued - published)
        about = About(
            author=author.name,
            other=people[1].name if len(people) > 1 else "",
            channel=channel,
            title=subject.title,
            starts=subject.starts,
            live=live,
            waited=nudge.issued - published,
            stands=nudge.expires if live else None,
        )
        zone = zone_of(self._delegate or known)
        return words.ask(nudge.kind, wording, about, Because(evidence, nudge.role, handed_by), zone)

    def _may_rest_on(self, evidence: Evidence, author: Person) -> bool:
        if evidence.posts and not evidence.channels:
            return False
        posts = (self._shelf.get(POSTS, post) for post in evidence.posts)
        named = {post.author for post in posts if post and post.author}
        if evidence.reason is Reason.SHARED_THREADS:
            named.add(author.id)
        if any(self._shelf.apart(self._member, person) for person in named):
            return False
        return all(self._shelf.reads(self._member, channel) for channel in evidence.channels)

    def _people(self, post: str, opportunity: Opportunity) -> Iterator[Person]:
        """Name those to whom the post can be handed over: best first, nobody who was asked before.

        Nor who is kept apart from its author, or from who would hand it over.
        """
        # Closed just now, its people were not fetched.
        for candidate in opportunity.candidates if opportunity.closed is None else ():
            member, known = candidate.member, self._shelf.get(MEMBERS, candidate.member)
            asked = short_hash(self._community, post, member) in opportunity.asked
            if known is None or known.bot or asked or member in opportunity.concerned:
                continue
            if self._now is not None and is_away(known, self._now):
                continue
            if any(self._shelf.apart(member, other) for other in (*opportunity.concerned, self._member)):
                continue
            if self._reads(member, opportunity.channel):
                yield Person(member, known.name or member)


def _about(subject: Subject | None, people: Sequence[Person]) -> ShownSubject | None:
    if subject is None:
        return None
    return ShownSubject(tuple(people), subject.content, subject.gathering, subject.title, subject.starts)


def _declines(opportunity: Opportunity) -> tuple[Declinable, ...]:
    """Say what can be declined of a nudge: of what is no post, whom it is about, where that is one person."""
    if opportunity.subject is None:
        return tuple(Declinable)
    return (Declinable.PERSON,) if len(opportunity.concerned) == 1 else ()
