"""What nudge holds of one member, as they may see it: for each table a rule, or why it holds nothing of one person.

Pure. Left out is what other people said or decided (who declines the member, who approved or refused, to whom else
something was proposed), whom else it could have been, and all that is in a channel that the member may not read now.

What others said shows in what goes, too: nothing here vanishes when somebody says that they keep apart from the member.
So what was decided is told by what was true then, and what they may yet be asked, or who would be asked in the next
round, is not told: asked or proposed to be, they are told.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from services.nudge.choose import Bar
from services.nudge.decision_log import DECISIONS, Considered, Decision
from services.nudge.documents import (
    ASKS,
    CHANNELS,
    COMMUNITY,
    EFFECTS,
    FORGOTTEN,
    GATHERINGS,
    HOLIDAYS,
    INBOXES,
    MANNERS,
    MEMBERS,
    NEWCOMERS,
    NUDGES,
    OPPORTUNITIES,
    POSTS,
    PROPOSALS,
    PROPOSED,
    READERS,
    REVIEWED,
    ROLE_TALLIES,
    ROUTINES,
    STANDS_IN,
    TALLIES,
    THE_COMMUNITY,
    TIES,
    TRIALS,
    WEEK_POSTS,
    WEEKS,
    WISHES,
    WORDINGS,
    Nudge,
    Post,
    Wishes,
    channel_of,
    reader_key,
    reader_of,
)
from services.nudge.load import LOADS
from services.nudge.may_read import may_read
from services.nudge.naming import short_hash
from services.nudge.unasked import UNASKED, Unasked
from services.nudge.wishes import are_apart
from shared.events import Evidence, Kind, Reason
from shared.held import Entry, Holding, Rule, own, plain, sections_of, timers
from shared.service import ServiceName
from shared.state import TIMERS, Documents, Table

# Of these the subject is a member; of all others a post, a nudge, or nothing.
MEMBER_TIMERS: Final = frozenset({"away", "return"})
# Said by wishes: the member's own, or another person's, of which nothing is told.
_APART: Final = frozenset({Bar.APART})


class HeldView:
    """One member's sight of a community's documents: all of them, or those that `read_held` has found."""

    def __init__(self, documents: Documents, community: str, member: str) -> None:
        self.documents = documents
        self.community = community
        self.member = member
        self.wishes = documents.get(WISHES, member) or Wishes()

    def sorted(self, table: Table[Any]) -> list[tuple[str, Any]]:
        """Give a table's documents in the order of their keys."""
        return sorted(self.documents.table(table).items())

    def reads(self, channel: str | None) -> bool:
        """Say whether the member may read a channel now; what is in none is for all."""
        if not channel:
            return True
        reader = self.documents.get(READERS, reader_key(channel, self.member))
        return may_read(self.documents.get(MEMBERS, self.member), self.documents.get(CHANNELS, channel), reader)

    def sees(self, post: str) -> bool:
        """Say whether a post is known, and the member may read it."""
        known = self.documents.get(POSTS, post)
        return known is not None and known.channel is not None and self.reads(known.channel)

    def wrote(self, post: str) -> bool:
        """Say whether the member wrote a post, and may read it."""
        known = self.documents.get(POSTS, post)
        return known is not None and known.author == self.member and self.sees(post)

    def is_apart(self, other: str) -> bool:
        """Say whether either of the two said so."""
        return are_apart(self.member, self.wishes, other, self.documents.get(WISHES, other))

    def kept_apart(self, people: Iterable[str], at: datetime) -> bool:
        """Say whether the member themselves had said by then that they keep apart from one of some people."""
        said = (self.wishes.people.get(other) for other in people)
        return any(one is not None and one.declined and one.said.at <= at for one in said)

    def is_open(self, key: str, channel: str) -> bool:
        """Say whether the member may be told of what was decided about something: where they read it, and moderators
        do not have it.
        """
        post = self.documents.get(POSTS, key) or Post()
        return self.documents.get(OPPORTUNITIES, key) is not None and not post.is_sensitive and self.reads(channel)

    def shows(self, nudge: Nudge) -> bool:
        """Say whether a nudge is the member's, and about what they may be told of."""
        post = self.documents.get(POSTS, nudge.post) or Post()
        if nudge.member != self.member or (post.is_sensitive and not nudge.sensitive):
            return False
        return self.reads(nudge.channel)

    def evidence(self, evidence: Iterable[Evidence], about: str) -> list[Entry]:
        """Give the reasons that the member may be told, as their inbox does; the posts that they rest on unnamed."""
        return [{"reason": one.reason.value, "count": one.count} for one in evidence if self._may_rest_on(one, about)]

    def _may_rest_on(self, evidence: Evidence, about: str) -> bool:
        if evidence.posts and not evidence.channels:
            return False
        posts = (self.documents.get(POSTS, post) for post in evidence.posts)
        people = {post.author for post in posts if post is not None and post.author}
        opportunity = self.documents.get(OPPORTUNITIES, about)
        if evidence.reason is Reason.SHARED_THREADS and opportunity is not None:
            people.update(opportunity.concerned)
        return not any(self.is_apart(one) for one in people) and all(map(self.reads, evidence.channels))


def held_of(view: HeldView) -> Holding:
    """Give all that is held of a member, and they may see."""
    forgotten = view.documents.get(FORGOTTEN, short_hash(view.member))
    sections = sections_of(RULES, view)
    return Holding(ServiceName.NUDGE.value, sections, forgotten.at if forgotten else None)


def _readers(view: HeldView) -> Iterator[Entry]:
    for key, reader in view.sorted(READERS):
        channel = channel_of(key)
        if reader_of(key) == view.member and view.reads(channel):
            yield {"channel": channel, **plain(READERS, reader)}


def _posts(view: HeldView) -> Iterator[Entry]:
    for key, post in view.sorted(POSTS):
        # Whether moderators have it is what others said of it; the replies are other people's.
        if view.wrote(key):
            yield {"post": key, **plain(POSTS, post, "heard", "answers", "flagged", "flagged_at")}
        for heard in post.heard:
            if heard.author == view.member and view.reads(heard.channel):
                yield {"post": key, "your_reply": heard.message, "channel": heard.channel}


def _opportunities(view: HeldView) -> Iterator[Entry]:
    for key, known in view.sorted(OPPORTUNITIES):
        about = {"about": key, "kind": known.kind.value, "published": known.published.isoformat()}
        if known.subject is None and view.wrote(key):
            kept = plain(OPPORTUNITIES, known)
            shown = ("channel", "ready", "ends", "model", "still_open", "held")
            yield {**about, "you": "wrote it", **{name: kept[name] for name in shown}}
        elif known.subject is not None and known.kind is Kind.WELCOME and known.concerned == (view.member,):
            yield {**about, "you": "are to be welcomed", "ready": known.ready.isoformat()}


def _giver(view: HeldView, by: str | None) -> str | None:
    return None if by is None or view.is_apart(by) else by


def _nudges(view: HeldView) -> Iterator[Entry]:
    for key, nudge in view.sorted(NUDGES):
        if view.shows(nudge):
            # What a delegate gave as a reason are their words.
            reason = {} if nudge.answered_by is None else {"reason": ""}
            kept = plain(NUDGES, nudge, "member") | reason
            shown = {"evidence": view.evidence(nudge.evidence, nudge.post), "handed_by": _giver(view, nudge.handed_by)}
            yield {"nudge": key, **kept, **shown}


def _inbox(view: HeldView) -> Iterator[Entry]:
    inbox = view.documents.get(INBOXES, view.member)
    known = [(key, view.documents.get(NUDGES, key)) for key in (inbox.nudges if inbox else ())]
    if shown := [key for key, nudge in known if nudge is not None and view.shows(nudge)]:
        yield {"nudges": shown}


def _asks(view: HeldView) -> Iterator[Entry]:
    if (known := view.documents.get(ASKS, view.member)) is not None:
        kept = plain(ASKS, known)
        # What they answered unasked may be where they can read no more.
        yield {**kept, "carried": {post: at for post, at in kept["carried"].items() if view.sees(post)}}


def _about_own_posts(table: Table[Any]) -> Any:
    """Make the rule of a table that is kept by post, of those that the member wrote."""

    def entries(view: HeldView) -> Iterator[Entry]:
        for key, known in view.sorted(table):
            if view.wrote(key):
                yield {"post": key, **plain(table, known)}

    return entries


def _newcomer(view: HeldView) -> Iterator[Entry]:
    known = view.documents.get(NEWCOMERS, view.member)
    if known is not None:
        yield plain(NEWCOMERS, known, *(() if view.sees(known.post) else ("post",)))


def _wishes(view: HeldView) -> Iterator[Entry]:
    kept = plain(WISHES, view.wishes)
    for post, said in sorted(kept["topics"].items()):
        if view.sees(post):
            yield {"topic_of_post": post, **said}
    for person, said in sorted(kept["people"].items()):
        yield {"person": person, **said}


def _gatherings(view: HeldView) -> Iterator[Entry]:
    for key, known in view.sorted(GATHERINGS):
        if known.host == view.member and view.reads(known.channel):
            yield {"gathering": key, **plain(GATHERINGS, known)}


def _ties(view: HeldView) -> Iterator[Entry]:
    # Of whom others were brought together with, they alone are told.
    asked = {nudge.post for _, nudge in view.sorted(NUDGES) if view.shows(nudge)}
    for key, tie in view.sorted(TIES):
        if key in asked:
            yield {"about": key, "since": tie.since.isoformat(), "exchanges": len(tie.messages)}


def _proposals(view: HeldView) -> Iterator[Entry]:
    for key, known in view.sorted(PROPOSALS):
        if known.member == view.member and view.is_open(known.post, known.channel):
            # Whether somebody approved or refused, and why, is theirs.
            kept = plain(PROPOSALS, known, "member", "state", "reason", "alternatives", "named")
            yield {"nudge": key, **kept, "evidence": view.evidence(known.evidence, known.post)}


def _decisions(view: HeldView) -> Iterator[Entry]:
    for _, decision in view.sorted(DECISIONS):
        # Where nobody was asked, the last such decision takes the place of the one before, and would show by that what
        # somebody said since.
        if decision.nudge is None or not view.is_open(decision.post, decision.channel):
            continue
        own = next((one for one in decision.considered if one.member == view.member), None)
        asked = decision.member == view.member
        if (own is not None and _may_be_told(view, decision, own)) or (own is None and asked):
            yield _decided(decision, own, asked=asked)


def _may_be_told(view: HeldView, decision: Decision, own: Considered) -> bool:
    """Say whether what barred the member then was their own doing, or nobody's."""
    opportunity = view.documents.get(OPPORTUNITIES, decision.post)
    people = opportunity.concerned if opportunity is not None else ()
    return _APART.isdisjoint(own.bars) or view.kept_apart(people, decision.at)


def _decided(decision: Decision, own: Considered | None, *, asked: bool) -> Entry:
    kept = plain(DECISIONS, decision)
    shown = ("post", "kind", "channel", "at", "model") + (("propensity", "features") if asked else ())
    you = {} if own is None else {"rank": own.rank, "score": own.score, "worth": own.worth, "chance": own.chance}
    bars = [] if own is None else [bar.value for bar in own.bars]
    return {**{name: kept[name] for name in shown}, "you_were_asked": asked, "you": {**you, "barred_by": bars}}


def _loads(view: HeldView) -> Iterator[Entry]:
    for week, load in view.sorted(LOADS):
        if view.member in load.asks:
            yield {"week": week, "asks": load.asks[view.member]}


def _unasked(view: HeldView) -> Iterator[Entry]:
    waiting = (view.documents.get(UNASKED, THE_COMMUNITY) or Unasked()).waiting
    for key, one in sorted(waiting.items()):
        # Why is what others allow and want.
        if view.wrote(key):
            yield {"post": key, "since": one.since.isoformat()}


RULES: Final[Sequence[Rule[HeldView]]] = (
    Rule(MEMBERS, "Who you are here, and how you want to be asked, with when each was last said.", own(MEMBERS)),
    Rule(READERS, "Which channels you are in.", _readers),
    Rule(POSTS, "How young posts of yours begin, and what became of them.", _posts),
    Rule(OPPORTUNITIES, "What needed somebody, where it was yours, or you are to be welcomed.", _opportunities),
    Rule(NUDGES, "What you were asked, why, and what you said to it.", _nudges),
    Rule(INBOXES, "In which order what you were asked stands in your inbox.", _inbox),
    Rule(STANDS_IN, "The leaders who named you to act for them.", own(STANDS_IN)),
    Rule(ASKS, "When you were asked, a week back at least, what you let go by, and what you answered unasked.", _asks),
    Rule(TALLIES, "How often you replied when asked, and how often that was expected.", own(TALLIES)),
    Rule(TRIALS, "Posts of yours that are followed to measure what asking adds.", _about_own_posts(TRIALS)),
    Rule(NEWCOMERS, "Whether you wrote again after your first post, followed for the same.", _newcomer),
    Rule(WEEK_POSTS, "Posts of yours that count for their week.", _about_own_posts(WEEK_POSTS)),
    Rule(WISHES, "Topics and people that you declined, or took back.", _wishes),
    Rule(GATHERINGS, "Gatherings that you host.", _gatherings),
    Rule(TIES, "That you and somebody exchanged something after you were brought together.", _ties),
    Rule(PROPOSALS, "What it was proposed to ask you, before anybody was asked.", _proposals),
    Rule(DECISIONS, "Decisions to ask somebody in which you came into question.", _decisions),
    Rule(LOADS, "How often you were asked in each week; 0: you came into question.", _loads),
    Rule(UNASKED, "Posts of yours about which nobody could be asked.", _unasked),
    Rule(
        TIMERS,
        "When something about you is looked at again: your absence, or whether you came back.",
        timers(MEMBER_TIMERS),
    ),
)

# Of nobody in particular, and why; by the table's name.
OF_NOBODY: Final[dict[str, str]] = {
    COMMUNITY.name: "whether the community is open",
    CHANNELS.name: "names of channels and whether they are public",
    ROLE_TALLIES.name: "sums over all people of a role",
    WORDINGS.name: "how often nudges in some words were acted on, over all people",
    WEEKS.name: "sums over the posts of a week",
    EFFECTS.name: "sums of what asking adds",
    ROUTINES.name: "what the community does each week",
    HOLIDAYS.name: "lists of days",
    PROPOSED.name: "the ids of all proposals that wait; each is in the table of proposals",
    REVIEWED.name: "how many proposals of a kind were approved and refused",
    MANNERS.name: "how far nudges go by themselves",
    FORGOTTEN.name: "a hash of who was forgotten, with the time; told as `forgotten`",
}
