"""Keep the lists that the doors read: who should answer a post, which posts suit a member, who is worth meeting."""

from bisect import insort
from dataclasses import replace
from datetime import datetime, timedelta

from services.recommend.documents import (
    MEMBERS,
    PEERS,
    PUBLIC_PEERS,
    RESPONDERS,
    SUITABLE,
    Peer,
    Peers,
    Responders,
    Suitable,
    Suitables,
)
from services.recommend.peers import peers
from services.recommend.profile import PUBLIC
from services.recommend.state import State
from shared.events import Evidence, Match, MatchesRanked
from shared.state import Documents, Table, Timer

# Names of timers; the subject is the post.
LISTED = "listed"
KEPT = "kept"
# The subject of these is the member.
MET = "met"
MET_IN_PUBLIC = "met_in_public"


def decode(documents: Documents) -> None:
    """Decode the lists now, rather than in the middle of an event."""
    documents.table(RESPONDERS)
    documents.table(SUITABLE)
    documents.table(PEERS)
    documents.table(PUBLIC_PEERS)


def offer_post(state: State, ranked: MatchesRanked, clock: datetime) -> None:
    """Keep a post's responders, and put it into their lists while it is young; old posts are not kept at all."""
    settings, documents, post = state.settings, state.documents, ranked.message
    until = ranked.published + timedelta(days=settings.responders_kept_days)
    if until <= clock:
        return
    documents.put(
        RESPONDERS,
        post,
        Responders(
            channel=ranked.channel,
            author=ranked.author,
            published=ranked.published,
            ranked=clock,
            first_post=ranked.first_post,
            model=ranked.model,
            matches=ranked.matches,
        ),
    )
    documents.set_timer(KEPT, post, until)
    listed = ranked.published + timedelta(days=settings.posts_days)
    if clock < listed <= until:
        documents.set_timer(LISTED, post, listed)
        for match in ranked.matches:
            _list(state, match.member, Suitable(post, ranked.channel, match.score, ranked.published))


def end(state: State, timer: Timer) -> None:
    """Do what a timer was set for: a list, or a post in one, has become too old."""
    if timer.name == LISTED:
        unlist(state, timer.subject)
    elif timer.name == KEPT:
        withdraw(state, timer.subject)
    elif timer.name == MET:
        state.documents.drop(PEERS, timer.subject)
    elif timer.name == MET_IN_PUBLIC:
        state.documents.drop(PUBLIC_PEERS, timer.subject)


def unlist(state: State, post: str) -> None:
    """Take a post out of all members' lists: it is settled, removed or old."""
    responders = state.documents.get(RESPONDERS, post)
    for match in responders.matches if responders else ():
        unlist_for(state, match.member, post)
    state.documents.cancel_timer(LISTED, post)


def unlist_for(state: State, member: str, post: str) -> None:
    """Take a post out of the list of a member, who has answered it."""
    listed = state.documents.get(SUITABLE, member)
    if listed is not None and any(s.post == post for s in listed.posts):
        state.documents.put(SUITABLE, member, Suitables(tuple(s for s in listed.posts if s.post != post)))


def withdraw(state: State, post: str) -> None:
    """Drop a post's responders, and the post from their lists."""
    unlist(state, post)
    state.documents.drop(RESPONDERS, post)
    state.documents.cancel_timer(KEPT, post)


def refresh_peers(state: State, member: str, channel: str, clock: datetime) -> None:
    """Make a member's lists of peers anew where they are old; they go when they write nothing for long.

    The list for others rests on what is public, and is made only when they write in public: not even when it was
    made says anything of what they do elsewhere.
    """
    facts = state.documents.get(MEMBERS, member)
    if facts is None or facts.bot or not facts.here:
        return
    scopes = state.index.scopes_read_by(state.index.people.number(member))
    found = _refresh(state, PEERS, MET, member, scopes, clock, None)
    if channel in state.index.public:
        _refresh(state, PUBLIC_PEERS, MET_IN_PUBLIC, member, (PUBLIC,), clock, found if scopes == (PUBLIC,) else None)


def _refresh(
    state: State,
    table: Table[Peers],
    timer: str,
    member: str,
    scopes: tuple[str, ...],
    clock: datetime,
    found: tuple[Peer, ...] | None,
) -> tuple[Peer, ...] | None:
    """Make one list anew where it is old, of peers that are `found` already or are now; give them."""
    old, settings = state.documents.get(table, member), state.settings
    if old is not None and clock - old.at < timedelta(days=settings.peers_every_days):
        return None
    if found is None:
        found = peers(state.index, settings, member, scopes, clock.timestamp())
    state.documents.put(table, member, Peers(clock, found))
    state.documents.set_timer(timer, member, clock + timedelta(days=settings.peers_active_days))
    return found


def erase(state: State, member: str, posts: frozenset[str]) -> None:
    """Take a forgotten member and their posts out of everybody's lists and evidence."""
    documents = state.documents
    documents.drop(SUITABLE, member)
    for table, timer in ((PEERS, MET), (PUBLIC_PEERS, MET_IN_PUBLIC)):
        _erase_peers(documents, table, member, posts)
        documents.cancel_timer(timer, member)
    for post, responders in sorted(documents.table(RESPONDERS).items()):
        if post in posts or responders.author == member:
            withdraw(state, post)
            continue
        matches = tuple(_without(match, posts) for match in responders.matches if match.member != member)
        documents.put(RESPONDERS, post, replace(responders, matches=matches))


def _erase_peers(documents: Documents, table: Table[Peers], member: str, posts: frozenset[str]) -> None:
    documents.drop(table, member)
    for owner, known in sorted(documents.table(table).items()):
        kept = (peer for peer in known.peers if peer.member != member)
        shown = tuple(replace(peer, evidence=_evidence_without(peer.evidence, posts)) for peer in kept)
        documents.put(table, owner, replace(known, peers=shown))


def _list(state: State, member: str, suitable: Suitable) -> None:
    listed, index = state.documents.get(SUITABLE, member), state.index
    posts = list(listed.posts) if listed else []
    insort(posts, suitable, key=_place)
    # Counted by scope: a post in a private channel pushes no public one out of what others see.
    beside = [one for one in posts if index.scope(one.channel) == index.scope(suitable.channel)]
    for last in beside[state.settings.posts :]:
        posts.remove(last)
    state.documents.put(SUITABLE, member, Suitables(tuple(posts)))


def _place(suitable: Suitable) -> tuple[float, str]:
    return -suitable.score, suitable.post


def _without(match: Match, posts: frozenset[str]) -> Match:
    evidence = _evidence_without(match.evidence, posts)
    return match if evidence == match.evidence else match.model_copy(update={"evidence": evidence})


def _evidence_without(evidence: tuple[Evidence, ...], posts: frozenset[str]) -> tuple[Evidence, ...]:
    kept = []
    for e in evidence:
        shown = tuple(post for post in e.posts if post not in posts)
        if shown or not e.posts:
            kept.append(e.model_copy(update={"posts": shown, "count": max(0, e.count - len(e.posts) + len(shown))}))
    return tuple(kept)
