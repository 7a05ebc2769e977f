"""A community's working state: its documents, typed, and the indexes that can be rebuilt from them."""

from collections.abc import Iterable
from datetime import datetime

from services.nudge.documents import (
    ASKS,
    CHANNELS,
    COMMUNITY,
    FORGOTTEN,
    INBOXES,
    LIVE,
    MEMBERS,
    NUDGES,
    OPPORTUNITIES,
    POSTS,
    READERS,
    STANDING,
    THE_COMMUNITY,
    WISHES,
    Asks,
    Community,
    Inbox,
    Member,
    Nudge,
    Opportunity,
    Post,
    Wishes,
    reader_key,
)
from services.nudge.may_read import may_read
from services.nudge.naming import short_hash
from services.nudge.policy import BY_VALUE, Policy
from services.nudge.settings import NudgeSettings
from services.nudge.wishes import are_apart, is_declined
from services.nudge.word_lists.read import judge_of
from shared.state import Documents


class NudgeCommunity:
    """One community as the rules see it. The indexes hold open opportunities only."""

    def __init__(
        self, community: str, documents: Documents, settings: NudgeSettings, policy: Policy = BY_VALUE
    ) -> None:
        self.community = community
        self.documents = documents
        self.settings = settings
        self.policy = policy
        self.judge = judge_of(settings.sensitive_words)
        self._by_person: dict[str, set[str]] = {}
        self._by_channel: dict[str, set[str]] = {}
        # Made when first needed: few messages are ever removed.
        self._by_answer: dict[str, set[str]] | None = None
        self.rebuild_indexes()

    # Facts

    def is_closed(self) -> bool:
        return (self.documents.get(COMMUNITY, THE_COMMUNITY) or Community()).closed

    def member(self, member: str) -> Member | None:
        return self.documents.get(MEMBERS, member)

    def reads(self, member: str, channel: str) -> bool:
        """Say whether a member may read a channel now."""
        reader = self.documents.get(READERS, reader_key(channel, member))
        return may_read(self.member(member), self.documents.get(CHANNELS, channel), reader)

    def author_reads(self, author: str, written_in: str, channel: str) -> bool:
        """Say whether a post's author can read a channel: also where they wrote, if nobody said that they left."""
        here = self.documents.get(CHANNELS, channel)
        reader = self.documents.get(READERS, reader_key(channel, author))
        wrote_here = channel == written_in and reader is None and not (here is not None and here.closed)
        # Who wrote is somebody, though nobody may have told us of them.
        return wrote_here or may_read(self.member(author) or Member(), here, reader)

    def is_forgotten(self, member: str, at: datetime) -> bool:
        """Say whether something that a member did at a time is from before they were forgotten."""
        forgotten = self.documents.get(FORGOTTEN, short_hash(member))
        return forgotten is not None and at <= forgotten.at

    def is_bot(self, member: str) -> bool:
        known = self.member(member)
        return known is not None and known.bot

    # Wishes

    def wishes(self, member: str) -> Wishes:
        return self.documents.get(WISHES, member) or Wishes()

    def put_wishes(self, member: str, wishes: Wishes) -> None:
        """Keep what a member wishes; of who wishes nothing, nothing is kept."""
        if wishes == Wishes():
            self.documents.drop(WISHES, member)
        else:
            self.documents.put(WISHES, member, wishes)

    def declines(self, member: str, post: str) -> bool:
        """Say whether a member does not want to be asked about a post."""
        return is_declined(self.wishes(member).topics, post)

    def apart(self, one: str, other: str) -> bool:
        """Say whether two people are kept apart: either of them said so."""
        return are_apart(one, self.wishes(one), other, self.wishes(other))

    # Posts and opportunities

    def post(self, post: str) -> Post | None:
        return self.documents.get(POSTS, post)

    def author_of(self, post: str) -> str | None:
        """Give who wrote a young post, as far as it is known."""
        return (self.post(post) or Post()).author or None

    def put_post(self, post: str, document: Post) -> None:
        if self._by_answer is not None:
            _discard(self._by_answer, (self.post(post) or Post()).answers, post)
            _add(self._by_answer, document.answers, post)
        self.documents.put(POSTS, post, document)

    def drop_post(self, post: str) -> None:
        self.put_post(post, Post())
        self.documents.drop(POSTS, post)

    def answered_by(self, message: str) -> list[str]:
        """List the posts that a message answers (one, unless its thread was moved), as long as that is kept."""
        if self._by_answer is None:
            self._by_answer = {}
            for post, document in self.documents.table(POSTS).items():
                _add(self._by_answer, document.answers, post)
        return sorted(self._by_answer.get(message, ()))

    def opportunity(self, post: str) -> Opportunity | None:
        return self.documents.get(OPPORTUNITIES, post)

    def put_opportunity(self, post: str, opportunity: Opportunity) -> None:
        self._unindex(post)
        self.documents.put(OPPORTUNITIES, post, opportunity)
        self._index(post, opportunity)

    def open_posts(self, *, person: str | None = None, channel: str | None = None) -> list[str]:
        """List posts with an open opportunity: all, in a channel, or that a person wrote, matches or is asked about."""
        if person is not None:
            return sorted(self._by_person.get(person, ()))
        if channel is not None:
            return sorted(self._by_channel.get(channel, ()))
        return sorted(set().union(*self._by_channel.values()))

    def open_about(self, gathering: str) -> list[str]:
        """List what is open about a gathering."""
        found = ((key, self.opportunity(key)) for key in self.open_posts())
        return [key for key, one in found if one and one.subject and one.subject.gathering == gathering]

    # Nudges

    def nudge_id(self, post: str, member: str) -> str:
        """Name the nudge of a member about a post: there is never a second one."""
        return short_hash(self.community, post, member)

    def nudge(self, nudge: str) -> Nudge | None:
        return self.documents.get(NUDGES, nudge)

    def put_nudge(self, nudge: str, document: Nudge) -> None:
        self.documents.put(NUDGES, nudge, document)

    def nudges_of(self, opportunity: Opportunity) -> list[tuple[str, Nudge]]:
        """Give an opportunity's nudges in the order of asking."""
        found = ((nudge, self.nudge(nudge)) for nudge in opportunity.asked)
        return [(nudge, document) for nudge, document in found if document is not None]

    def live_nudges(self, opportunity: Opportunity) -> list[tuple[str, Nudge]]:
        return [(nudge, document) for nudge, document in self.nudges_of(opportunity) if document.state in LIVE]

    def stands(self, opportunity: Opportunity) -> bool:
        """Say whether somebody is at it, so that nobody else is asked."""
        if opportunity.proposed is not None:
            return True
        return any(nudge.state in STANDING for _, nudge in self.nudges_of(opportunity))

    def inbox(self, member: str) -> tuple[str, ...]:
        return (self.documents.get(INBOXES, member) or Inbox()).nudges

    def asks(self, member: str) -> tuple[datetime, ...]:
        return (self.documents.get(ASKS, member) or Asks()).times

    # Indexes

    def clear(self) -> None:
        """Drop all documents, timers too."""
        self.documents.clear()
        self._by_answer = None
        self.rebuild_indexes()

    def rebuild_indexes(self) -> None:
        self._by_person.clear()
        self._by_channel.clear()
        for post, opportunity in self.documents.table(OPPORTUNITIES).items():
            self._index(post, opportunity)

    def _index(self, post: str, opportunity: Opportunity) -> None:
        if opportunity.closed is None:
            _add(self._by_channel, [opportunity.channel], post)
            _add(self._by_person, self._people(opportunity), post)

    def _unindex(self, post: str) -> None:
        was = self.opportunity(post)
        if was is None:
            return
        _discard(self._by_channel, [was.channel], post)
        _discard(self._by_person, self._people(was), post)

    def _people(self, opportunity: Opportunity) -> set[str]:
        people = {*opportunity.concerned} | {candidate.member for candidate in opportunity.candidates}
        if opportunity.named is not None:
            people.add(opportunity.named.member)
        return people | {nudge.member for _, nudge in self.nudges_of(opportunity)}


def _add(index: dict[str, set[str]], keys: Iterable[str], post: str) -> None:
    for key in keys:
        index.setdefault(key, set()).add(post)


def _discard(index: dict[str, set[str]], keys: Iterable[str], post: str) -> None:
    for key in keys:
        if key in index:
            index[key].discard(post)
            if not index[key]:
                del index[key]
