"""Take what somebody does not want out of the lists that are there already: what is ranked later leaves it out."""

from dataclasses import replace

from services.recommend.documents import INTRODUCTIONS, PEERS, POSTS, PUBLIC_PEERS, RESPONDERS
from services.recommend.offer import unlist_for
from services.recommend.state import State
from services.recommend.strike import all_without, match_without


def keep_apart(state: State, one: str, other: str) -> None:
    """Take two people out of each other's lists, and each one's threads out of what the other is told."""
    posts = state.documents.table(POSTS)
    by = {who: frozenset(name for name, post in posts.items() if post.author == who) for who in (one, other)}
    _responders(state, {one: by[other], other: by[one]})
    for member, away in ((one, other), (other, one)):
        _peers(state, member, away, by[away])
        for post in sorted(by[away]):
            unlist_for(state, member, post)
    for owner, known in sorted(state.documents.table(INTRODUCTIONS).items()):
        pairs = (pair for pair in known.pairs if not {one, other} <= {owner, pair.one, pair.other})
        unnamed = by[other] if owner == one else by[one] if owner == other else frozenset()
        state.documents.put(INTRODUCTIONS, owner, replace(known, pairs=all_without(pairs, unnamed)))


def _responders(state: State, unnamed: dict[str, frozenset[str]]) -> None:
    """`unnamed` has for each of the two the posts of the other."""
    for post, known in sorted(state.documents.table(RESPONDERS).items()):
        kept = (match for match in known.matches if post not in unnamed.get(match.member, ()))
        matches = tuple(match_without(match, unnamed.get(match.member, frozenset())) for match in kept)
        state.documents.put(RESPONDERS, post, replace(known, matches=matches))


def _peers(state: State, member: str, away: str, posts: frozenset[str]) -> None:
    for table in (PEERS, PUBLIC_PEERS):
        known = state.documents.get(table, member)
        if known is not None:
            peers = (peer for peer in known.peers if peer.member != away)
            state.documents.put(table, member, replace(known, peers=all_without(peers, posts)))


def leave_topic(state: State, member: str, post: str) -> None:
    """Take what is near to a post out of a member's lists, and them out of who should answer it."""
    threads, index = state.index.threads, state.index
    if post not in threads.rows:
        return
    scope = index.scope(threads.channels[threads.rows[post]])
    names = sorted(threads.rows)
    cosines = threads.cosines_of([threads.rows[name] for name in names], threads.vector(threads.rows[post]))
    near = [
        name for name, cosine in zip(names, cosines.tolist(), strict=True) if cosine >= state.settings.declined_cosine
    ]
    for name in near:
        unlist_for(state, member, name)
        known = state.documents.get(RESPONDERS, name)
        if known is not None and scope in index.scopes_for(known.channel):
            matches = tuple(match for match in known.matches if match.member != member)
            state.documents.put(RESPONDERS, name, replace(known, matches=matches))
