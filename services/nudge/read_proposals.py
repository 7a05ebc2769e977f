"""Read what waits for approval, as whoever approves may see it: of what they cannot read, not a word."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.nudge.documents import (
    CHANNELS,
    MEMBERS,
    OPPORTUNITIES,
    POSTS,
    PROPOSALS,
    PROPOSED,
    READERS,
    REVIEWED,
    THE_COMMUNITY,
    WISHES,
    Channel,
    Post,
    Proposal,
    Proposals,
    ProposalState,
    Reviewed,
    Subject,
    reader_key,
)
from services.nudge.shelf import Person, Shelf
from services.nudge.words import About, Because, Words
from shared.events import Evidence, Kind, Privacy, Role, Wording
from shared.reading import StateReader

# Of more the oldest are shown: they lapse first.
MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal; `title` and `excerpt` are empty where whoever looks cannot read the channel, or the post is grave."""

    nudge: str
    kind: Kind
    what: str
    member: Person
    author: Person
    post: str
    channel: str
    title: str
    excerpt: str
    readable: bool
    why: tuple[str, ...]
    score: float
    made: datetime
    lapses: datetime
    dry: bool
    approved: bool


@dataclass(frozen=True, slots=True)
class ShownProposals:
    """All that stands, oldest first, and of each kind how many were approved and refused so far."""

    proposals: tuple[ShownProposal, ...]
    reviewed: dict[Kind, Reviewed]


async def read_proposals(reader: StateReader, community: str, viewer: str | None, words: Words) -> ShownProposals:
    """Read what stands. `viewer` is the member who looks, None operators, who see what is public.

    Raises:
        Unavailable: the store is away.
    """
    shelf = Shelf(reader, community)
    standing = await reader.get(community, PROPOSED, THE_COMMUNITY) or Proposals()
    names = standing.nudges[:MOST_SHOWN]
    found = await reader.get_many(community, PROPOSALS, names)
    known = {name: one for name, one in zip(names, found, strict=True) if one is not None}
    posts, channels = {one.post for one in known.values()}, {one.channel for one in known.values()}
    channels |= {channel for one in known.values() for item in one.evidence for channel in item.channels}
    await shelf.fetch(POSTS, posts)
    await shelf.fetch(OPPORTUNITIES, posts)
    await shelf.fetch(CHANNELS, channels)
    opportunities = [one for post in posts if (one := shelf.get(OPPORTUNITIES, post)) is not None]
    authors = {person for one in opportunities for person in (one.author, *one.concerned)}
    viewers = set() if viewer is None else {viewer}
    await shelf.fetch(MEMBERS, {one.member for one in known.values()} | authors | viewers)
    await shelf.fetch(WISHES, viewers)
    await shelf.fetch(READERS, [reader_key(channel, who) for channel in channels for who in viewers])
    counts = await reader.get_many(community, REVIEWED, list(Kind))
    return ShownProposals(
        tuple(_shown(shelf, name, one, viewer, words) for name, one in known.items() if one.member),
        {kind: count for kind, count in zip(Kind, counts, strict=True) if count is not None},
    )


def _shown(shelf: Shelf, name: str, one: Proposal, viewer: str | None, words: Words) -> ShownProposal:
    post = shelf.get(POSTS, one.post) or Post()
    opportunity = shelf.get(OPPORTUNITIES, one.post)
    readable = _reads(shelf, one.channel, viewer) and not post.is_sensitive and not post.removed
    channel = shelf.get(CHANNELS, one.channel) or Channel()
    people = [shelf.person(person) for person in (opportunity.concerned if opportunity else ())]
    author = people[0] if people else shelf.person("")
    subject = (opportunity.subject if opportunity else None) or Subject()
    # Where they have met, by what, is told to whom may read all of it.
    evidence = tuple(item for item in one.evidence if _may_rest_on(shelf, item, viewer))
    who = author if readable else Person("", words.say("approval.somebody"))
    where = channel.name or one.channel if readable else words.say("approval.some_channel")
    title = post.title or subject.title if readable else ""
    # How it will be worded is chosen when it goes.
    about = About(
        author=who.name,
        other=people[1].name if readable and len(people) > 1 else "",
        channel=where,
        title=title,
        starts=subject.starts,
    )
    asked = words.ask(one.kind, Wording.PLAIN, about, Because(evidence, Role.MEMBER))
    return ShownProposal(
        nudge=name,
        kind=one.kind,
        what=asked.what,
        member=shelf.person(one.member),
        author=who,
        post=one.post,
        channel=where,
        title=title,
        excerpt=post.excerpt if readable else "",
        readable=readable,
        why=asked.you if readable and evidence else (),
        score=one.score,
        made=one.made,
        lapses=one.lapses,
        dry=one.dry,
        approved=one.state is ProposalState.APPROVED,
    )


def _may_rest_on(shelf: Shelf, evidence: Evidence, viewer: str | None) -> bool:
    if evidence.posts and not evidence.channels:
        return False
    return all(_reads(shelf, channel, viewer) for channel in evidence.channels)


def _reads(shelf: Shelf, channel: str, viewer: str | None) -> bool:
    if not channel:
        return True
    if viewer is not None:
        return shelf.reads(viewer, channel)
    known = shelf.get(CHANNELS, channel)
    return known is not None and known.privacy is Privacy.PUBLIC
