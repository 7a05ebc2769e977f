"""Keep the lists that the doors read: who should answer a post, which posts suit a member, who is worth meeting."""

from bisect import insort
from dataclasses import replace
from datetime import datetime, timedelta

from services.recommend.documents import (
    MEMBERS,
    PEERS,
    RESPONDERS,
    SUITABLE,
    Peers,
    Responders,
    Suitable,
    Suitables,
)
from services.recommend.peers import peers
from services.recommend.state import State
from shared.events import Evidence, Match, MatchesRanked
from shared.state import Documents, Timer

# Names of timers; the subject is the post.
LISTED = "listed"
KEPT = "kept"
# The subject of this one is the member.
MET = "met"


def decode(documents: Documents) -> None:
    """Decode the lists now, rather than in the middle of an event."""
    documents.table(RESPONDERS)
    documents.table(SUITABLE)
    documents.table(PEERS)


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
            _list(state, match.member, Suitable(post, match.score, ranked.published))


def end(state: State, timer: Timer) -> None:
    """Do what a timer was set for: a list, or a post in one, has become too old."""
    if timer.name == LISTED:
        unlist(state, timer.subject)
    elif timer.name == KEPT:
        withdraw(state, timer.subject)
    elif timer.name == MET:
        state.documents.drop(PEERS, timer.subject)


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


def refresh_peers(state: State, member: str, clock: datetime) -> None:
    """Make a member's list of peers anew where it is old; it goes when they write nothing for long."""
    facts, old = state.documents.get(MEMBERS, member), state.documents.get(PEERS, member)
    if facts is None or facts.bot or not facts.here:
        return
    if old is not None and clock - old.at < timedelta(days=state.settings.peers_every_days):
        return
    found = peers(state.index, state.settings, member, clock.timestamp())
    state.documents.put(PEERS, member, Peers(clock, found))
    state.documents.set_timer(MET, member, clock + timedelta(days=state.settings.peers_active_days))


def erase(state: State, member: str, posts: frozenset[str]) -> None:
    """Take a forgotten member and their posts out of everybody's lists and evidence."""
    documents = state.documents
    documents.drop(SUITABLE, member)
    documents.drop(PEERS, member)
    documents.cancel_timer(MET, member)
    for post, responders in sorted(documents.table(RESPONDERS).items()):
        if post in posts or responders.author == member:
            withdraw(state, post)
            continue
        matches = tuple(_without(match, posts) for match in responders.matches if match.member != member)
        documents.put(RESPONDERS, post, replace(responders, matches=matches))
    for owner, known in sorted(documents.table(PEERS).items()):
        kept = (peer for peer in known.peers if peer.member != member)
        shown = tuple(replace(peer, evidence=_evidence_without(peer.evidence, posts)) for peer in kept)
        documents.put(PEERS, owner, replace(known, peers=shown))


def _list(state: State, member: str, suitable: Suitable) -> None:
    listed = state.documents.get(SUITABLE, member)
    posts = list(listed.posts) if listed else []
    insort(posts, suitable, key=_place)
    state.documents.put(SUITABLE, member, Suitables(tuple(posts[: state.settings.posts])))


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
