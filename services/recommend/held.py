"""What recommend holds of one member, as they may see it: for each table a rule, or why it holds nothing of one person.

Pure. Left out is what other people said (who declines the member), in whose lists the member stands, and all that is in
a channel that the member may not read now. `own_words` adds what they wrote themselves in such channels, without
saying where: for operators, who have to look at it first.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from services.recommend.documents import (
    ASKED,
    CHANNELS,
    COMMUNITY,
    DECLINED_PEOPLE,
    DECLINED_TOPICS,
    ENCODED,
    FORGOTTEN,
    GONE,
    INTERESTS,
    INTRODUCTIONS,
    MEMBER_TIMERS,
    MEMBERS,
    MODELS,
    PEERS,
    POSTS,
    PUBLIC_PEERS,
    PUBLIC_SUITABLE,
    READERS,
    REPLIES,
    RESOLVED,
    RESPONDERS,
    SUITABLE,
    Peers,
    Suitable,
    Suitables,
    declined_key,
    forgotten_key,
    reader_key,
)
from services.recommend.readable import can_read
from shared.events import Evidence
from shared.held import Entry, Holding, Rule, own, plain, sections_of, timers
from shared.service import ServiceName
from shared.state import TIMERS, Documents, Table


class HeldView:
    """One member's sight of a community's documents: all of them, or those that `read_held` has found."""

    def __init__(self, documents: Documents, community: str, member: str, *, own_words: bool = False) -> None:
        self.documents = documents
        self.community = community
        self.member = member
        self.own_words = own_words

    def sorted(self, table: Table[Any]) -> list[tuple[str, Any]]:
        """Give a table's documents in the order of their keys."""
        return sorted(self.documents.table(table).items())

    def reads(self, channel: str) -> bool:
        """Say whether the member is here and may read a channel now."""
        reader = self.documents.get(READERS, reader_key(channel, self.member))
        return can_read(self.documents.get(MEMBERS, self.member), self.documents.get(CHANNELS, channel), reader)

    def sees(self, post: str) -> bool:
        """Say whether a post is there for the member to read."""
        known = self.documents.get(POSTS, post)
        return known is not None and self.reads(known.channel)

    def is_apart(self, other: str) -> bool:
        """Say whether the member or the other said that they are not to be matched."""
        return self._declines(self.member, other) or self._declines(other, self.member)

    def evidence(self, evidence: Iterable[Evidence]) -> list[Entry]:
        """Give the reasons that the member may be told now: of which they may read all that it rests on."""
        return [
            one.model_dump(mode="json")
            for one in evidence
            if all(map(self.sees, one.posts))
            and all(map(self.reads, one.channels))
            and not any(self.is_apart(self.documents.table(POSTS)[post].author) for post in one.posts)
        ]

    def _declines(self, one: str, other: str) -> bool:
        said = self.documents.get(DECLINED_PEOPLE, declined_key(one, other))
        return said is not None and said.declined


def held_of(view: HeldView) -> Holding:
    """Give all that is held of a member, and they may see."""
    forgotten = view.documents.get(FORGOTTEN, forgotten_key(view.community, view.member))
    sections = sections_of(RULES, view)
    return Holding(ServiceName.RECOMMEND.value, sections, forgotten.at if forgotten else None)


def _readers(view: HeldView) -> Iterator[Entry]:
    for _, reader in view.sorted(READERS):
        if reader.member == view.member and view.reads(reader.channel):
            yield plain(READERS, reader, "member")


def _posts(view: HeldView) -> Iterator[Entry]:
    for key, post in view.sorted(POSTS):
        readable = view.reads(post.channel)
        if post.author == view.member and (readable or view.own_words):
            # That it is settled may be the word of moderators; `ordinal` counts everybody's posts.
            kept = plain(POSTS, post, "author", "resolved", "ordinal")
            yield (
                {"post": key, **kept} if readable else {"title": kept["title"], "text": kept["text"], "at": kept["at"]}
            )
        elif readable and view.member in post.mentions:
            yield {"post": key, "channel": post.channel, "at": post.at.isoformat(), "mentions_you": True}


def _replies(view: HeldView) -> Iterator[Entry]:
    for key, reply in view.sorted(REPLIES):
        if reply.author == view.member and view.reads(reply.channel):
            yield {"reply": key, **plain(REPLIES, reply, "author")}
        elif reply.author == view.member and view.own_words:
            yield {"at": reply.at.isoformat()}


def _declined_people(view: HeldView) -> Iterator[Entry]:
    for _, said in view.sorted(DECLINED_PEOPLE):
        if said.member == view.member:
            yield plain(DECLINED_PEOPLE, said, "member")


def _declined_topics(view: HeldView) -> Iterator[Entry]:
    for _, said in view.sorted(DECLINED_TOPICS):
        if said.member == view.member and view.sees(said.about):
            yield plain(DECLINED_TOPICS, said, "member")


def _responders(view: HeldView) -> Iterator[Entry]:
    for key, known in view.sorted(RESPONDERS):
        if not view.sees(key) or view.is_apart(known.author):
            continue
        for match in known.matches:
            if match.member == view.member:
                said = {"ranked": known.ranked.isoformat(), "model": known.model, "score": match.score}
                yield {"post": key, "channel": known.channel, **said, "evidence": view.evidence(match.evidence)}


def _suitable(table: Table[Suitables]) -> Any:
    """Make the rule of a member's lists of posts."""

    def shown(view: HeldView, listed: Sequence[Suitable]) -> list[Entry]:
        posts = view.documents.table(POSTS)
        seen = [one for one in listed if view.sees(one.post) and not view.is_apart(posts[one.post].author)]
        return [
            {"post": one.post, "channel": posts[one.post].channel, "score": one.score, "at": one.at.isoformat()}
            for one in seen
        ]

    def entries(view: HeldView) -> Iterator[Entry]:
        if (known := view.documents.get(table, view.member)) is not None:
            made = known.at.isoformat() if known.at else None
            yield {"made": made, "to_answer": shown(view, known.posts), "to_read": shown(view, known.reading)}

    return entries


def _peers(table: Table[Peers]) -> Any:
    """Make the rule of a member's list of people."""

    def entries(view: HeldView) -> Iterator[Entry]:
        if (known := view.documents.get(table, view.member)) is not None:
            met = [one for one in known.peers if not view.is_apart(one.member)]
            people = [
                {"member": one.member, "score": one.score, "evidence": view.evidence(one.evidence)} for one in met
            ]
            yield {"made": known.at.isoformat(), "people": people}

    return entries


def _introductions(view: HeldView) -> Iterator[Entry]:
    if (known := view.documents.get(INTRODUCTIONS, view.member)) is not None:
        kept = [one for one in known.pairs if not (view.is_apart(one.one) or view.is_apart(one.other))]
        pairs = [
            {"people": [one.one, one.other], "score": one.score, "evidence": view.evidence(one.evidence)}
            for one in kept
        ]
        yield {"made": known.at.isoformat(), "pairs": pairs}


RULES: Final[Sequence[Rule[HeldView]]] = (
    Rule(MEMBERS, "Whether you are here, and your roles, with when each was last said.", own(MEMBERS)),
    Rule(READERS, "Which channels you are in.", _readers),
    Rule(POSTS, "Posts that you wrote, word for word, and those that mention you.", _posts),
    Rule(REPLIES, "That you replied, where and when; no text of it.", _replies),
    Rule(DECLINED_PEOPLE, "People with whom you do not want to be matched, or do again.", _declined_people),
    Rule(DECLINED_TOPICS, "Posts of whose topics you want to hear no more, or do again.", _declined_topics),
    Rule(INTERESTS, "What you said that you are interested in.", own(INTERESTS)),
    Rule(RESPONDERS, "Young posts that you might answer, with how likely that is and why.", _responders),
    Rule(SUITABLE, "Your list of posts to answer and to read.", _suitable(SUITABLE)),
    Rule(
        PUBLIC_SUITABLE,
        "The same from public channels alone, for others who ask about you.",
        _suitable(PUBLIC_SUITABLE),
    ),
    Rule(PEERS, "Your list of people whom you should know.", _peers(PEERS)),
    Rule(PUBLIC_PEERS, "The same from public channels alone, for others who ask about you.", _peers(PUBLIC_PEERS)),
    Rule(INTRODUCTIONS, "People whom you might introduce to each other.", _introductions),
    Rule(TIMERS, "When these lists are made anew, or go.", timers(MEMBER_TIMERS)),
)

# Of nobody in particular, and why; by the table's name.
OF_NOBODY: Final[dict[str, str]] = {
    COMMUNITY.name: "whether the community is open",
    CHANNELS.name: "which channels are public, which are closed",
    GONE.name: "ids of messages that were removed, not whose they were",
    RESOLVED.name: "that threads were settled, not by whom",
    ASKED.name: "that somebody was asked about a post, not who",
    ENCODED.name: "which embedding model the community has",
    MODELS.name: "weights of features, learnt from everybody together",
    FORGOTTEN.name: "a hash of who was forgotten, with the time; told as `forgotten`",
}
