"""Keep the lists that the doors read: who should answer a post, what suits a member, whom to meet or introduce."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from services.recommend.documents import (
    INTRODUCTIONS,
    LAPSED,
    LAPSED_IN_PUBLIC,
    MEMBERS,
    MET,
    MET_IN_PUBLIC,
    PEERS,
    POSTS,
    PUBLIC_PEERS,
    PUBLIC_SUITABLE,
    RENEW,
    RENEW_IN_PUBLIC,
    RESPONDERS,
    SUITABLE,
    Introductions,
    Peer,
    Peers,
    Responders,
    Suitables,
)
from services.recommend.introduce import introductions
from services.recommend.list_posts import Board, board, list_posts
from services.recommend.matched import MatchesOf
from services.recommend.meeting import Crowd, crowd
from services.recommend.peers import peers
from services.recommend.people import HELPERS
from services.recommend.profile import PUBLIC
from services.recommend.state import State
from services.recommend.strike import all_without, match_without
from shared.events import MatchesRanked
from shared.state import Documents, Table, Timer

# A timer of which the subject is the post; those of members' lists are in documents.py.
KEPT = "kept"

# The lists of posts: for oneself and for others, with the timers that make them anew and drop them.
_List = tuple[Table[Suitables], str, str]
_OWN: _List = (SUITABLE, RENEW, LAPSED)
_PUBLIC: _List = (PUBLIC_SUITABLE, RENEW_IN_PUBLIC, LAPSED_IN_PUBLIC)
_LISTS = (_OWN, _PUBLIC)


def decode(documents: Documents) -> dict[str, set[str]]:
    """Decode the lists now, rather than in the middle of an event; give who lists which post."""
    documents.table(RESPONDERS)
    documents.table(PEERS)
    documents.table(PUBLIC_PEERS)
    documents.table(INTRODUCTIONS)
    listed: dict[str, set[str]] = {}
    for table, _, _ in _LISTS:
        for member, known in documents.table(table).items():
            for one in (*known.posts, *known.reading):
                listed.setdefault(one.post, set()).add(member)
    return listed


def offer_post(state: State, ranked: MatchesRanked, clock: datetime) -> list[str]:
    """Keep a post's responders, unless it is old; give who should be offered it: the first ones, while it is young."""
    settings, documents, post = state.settings, state.documents, ranked.message
    until = ranked.published + timedelta(days=settings.responders_kept_days)
    if until <= clock:
        return []
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
    if clock >= ranked.published + timedelta(days=settings.posts_days):
        return []
    return [match.member for match in ranked.matches[: settings.posts_offered]]


def end(state: State, timer: Timer) -> None:
    """Do what a timer was set for: a list is to be made anew, or has become too old."""
    documents, name, subject = state.documents, timer.name, timer.subject
    if name == KEPT:
        withdraw(state, subject)
    elif name == MET:
        documents.drop(PEERS, subject)
    elif name == MET_IN_PUBLIC:
        documents.drop(PUBLIC_PEERS, subject)
        documents.drop(INTRODUCTIONS, subject)
    for lists in _LISTS:
        if name == lists[1]:
            _make(state, lists, subject, timer.due, _board(state, timer.due))
        elif name == lists[2]:
            _lapse(state, lists, subject, timer.due)


def renew(state: State, members: Sequence[str], channel: str | None, clock: datetime) -> None:
    """Make the lists of posts of members anew after something was written in a channel: now, or when they are older.

    A channel of None is no channel: what somebody declared counts wherever they read. What is written in private
    renews no list that others see: not even when it was made says anything of it. In a closed community nothing is
    ranked.
    """
    if not state.community.open:
        return
    seen: Board | None = None
    every = timedelta(minutes=state.settings.posts_every_minutes)
    for member in members:
        for lists in _LISTS if channel is None or channel in state.index.public else (_OWN,):
            old = state.documents.get(lists[0], member)
            due = clock if old is None or old.at is None else old.at + every
            if due > clock:
                state.documents.set_timer(lists[1], member, due)
                continue
            seen = _board(state, clock) if seen is None else seen
            _make(state, lists, member, clock, seen)


def _board(state: State, clock: datetime) -> Board:
    posts = state.documents.table(POSTS)
    return board(state.index, state.settings, posts, _matches_of(state), clock.timestamp())


def _matches_of(state: State) -> MatchesOf:
    """Look up what was said of posts, by the numbers of people."""
    numbers = state.index.people.numbers

    def look_up(post: str) -> Mapping[int, float]:
        kept, known = state.documents.get(RESPONDERS, post), state.matched.get(post)
        if kept is None:
            return {}
        if known is None or known[0] is not kept:
            found = {numbers[match.member]: match.score for match in kept.matches if match.member in numbers}
            known = state.matched[post] = kept, found
        return known[1]

    return look_up


def _make(state: State, lists: _List, member: str, clock: datetime, seen: Board) -> None:
    table, renewing, _ = lists
    facts = state.documents.get(MEMBERS, member)
    if facts is None or facts.bot or not facts.here or not state.community.open:
        return
    number = state.index.people.number(member)
    scopes = state.index.scopes_read_by(number) if table is SUITABLE else (PUBLIC,)
    posts, reading = list_posts(state.index, state.settings, state.models.suits, seen, member, scopes)
    state.documents.cancel_timer(renewing, member)
    _put(state, table, member, Suitables(posts, reading, clock))
    _watch(state, lists, member)


def _watch(state: State, lists: _List, member: str) -> None:
    """Set a timer for when the oldest post in a member's lists has become too old, if there is any."""
    table, _, lapsing = lists
    known = state.documents.get(table, member)
    ats = [one.at for one in (*known.posts, *known.reading)] if known else []
    if ats:
        state.documents.set_timer(lapsing, member, min(ats) + timedelta(days=state.settings.posts_days))
    else:
        state.documents.cancel_timer(lapsing, member)


def _lapse(state: State, lists: _List, member: str, clock: datetime) -> None:
    """Drop from a member's lists what has become too old."""
    table, since = lists[0], clock - timedelta(days=state.settings.posts_days)
    known = state.documents.get(table, member)
    if known is not None:
        posts, reading = (tuple(o for o in kept if o.at > since) for kept in (known.posts, known.reading))
        _put(state, table, member, replace(known, posts=posts, reading=reading) if posts or reading else None)
        _watch(state, lists, member)


def _put(state: State, table: Table[Suitables], member: str, made: Suitables | None) -> None:
    """Keep a member's lists, and who lists what."""
    old = state.documents.get(table, member)
    if made is None:
        state.documents.drop(table, member)
    else:
        state.documents.put(table, member, made)
    both = [known for known in (state.documents.get(t, member) for t, _, _ in _LISTS) if known is not None]
    now = {one.post for known in both for one in (*known.posts, *known.reading)}
    for one in (*old.posts, *old.reading) if old else ():
        if one.post not in now and one.post in state.listed:
            state.listed[one.post].discard(member)
            if not state.listed[one.post]:
                del state.listed[one.post]
    for post in now:
        state.listed.setdefault(post, set()).add(member)


def settle(state: State, post: str) -> None:
    """Take a post that is settled out of what members might answer; they may still read it."""
    for member in sorted(state.listed.get(post, ())):
        _unlist(state, member, post, reading=True)


def unlist(state: State, post: str) -> None:
    """Take a post that was removed out of all lists."""
    for member in sorted(state.listed.get(post, ())):
        _unlist(state, member, post, reading=False)


def unlist_for(state: State, member: str, post: str) -> None:
    """Take a post out of the lists of a member who has written in its thread."""
    if member in state.listed.get(post, ()):
        _unlist(state, member, post, reading=False)


def _unlist(state: State, member: str, post: str, *, reading: bool) -> None:
    for table, _, _ in _LISTS:
        known = state.documents.get(table, member)
        if known is not None:
            left = tuple(one for one in known.posts if one.post != post)
            read = known.reading if reading else tuple(one for one in known.reading if one.post != post)
            if (left, read) != (known.posts, known.reading):
                _put(state, table, member, replace(known, posts=left, reading=read))


def withdraw(state: State, post: str) -> None:
    """Drop a post's responders, and the post from all lists."""
    unlist(state, post)
    state.matched.pop(post, None)
    state.documents.drop(RESPONDERS, post)
    state.documents.cancel_timer(KEPT, post)


def refresh_peers(
    state: State, member: str, channel: str, clock: datetime
) -> tuple[Peers | None, Introductions | None]:
    """Make a member's lists of people anew where they are old; they go when they write nothing for long.

    Gives the lists for themselves that are new: their peers, and whom they might introduce.

    The lists for others rest on what is public, and are made only when they write in public: not even when one was
    made says anything of what they do elsewhere.
    """
    facts = state.documents.get(MEMBERS, member)
    if facts is None or facts.bot or not facts.here or not state.community.open:
        return None, None
    index, settings, meeting, matches = state.index, state.settings, state.models.meeting, _matches_of(state)
    scopes = index.scopes_read_by(index.people.number(member))

    @cache
    def seen(scopes: tuple[str, ...]) -> Crowd:
        return crowd(index, scopes, clock.timestamp())

    @cache
    def found(scopes: tuple[str, ...]) -> tuple[Peer, ...]:
        return peers(index, settings, meeting, member, seen(scopes), matches)

    new = _refresh(state, PEERS, MET, member, clock, lambda: found(scopes))
    if channel not in index.public:
        return new, None
    introducing = None
    if _is_old(state, PUBLIC_PEERS, member, clock) and not HELPERS.isdisjoint(facts.roles):
        pairs = introductions(index, settings, meeting, member, seen((PUBLIC,)), matches)
        introducing = Introductions(clock, pairs)
        state.documents.put(INTRODUCTIONS, member, introducing)
    _refresh(state, PUBLIC_PEERS, MET_IN_PUBLIC, member, clock, lambda: found((PUBLIC,)))
    return new, introducing


def _is_old(state: State, table: Table[Peers], member: str, clock: datetime) -> bool:
    old = state.documents.get(table, member)
    return old is None or clock - old.at >= timedelta(days=state.settings.peers_every_days)


def _refresh(
    state: State,
    table: Table[Peers],
    timer: str,
    member: str,
    clock: datetime,
    find: Callable[[], tuple[Peer, ...]],
) -> Peers | None:
    """Make one list anew where it is old; give it, if so."""
    if not _is_old(state, table, member, clock):
        return None
    new = Peers(clock, find())
    state.documents.put(table, member, new)
    state.documents.set_timer(timer, member, clock + timedelta(days=state.settings.peers_active_days))
    return new


def erase(state: State, member: str, posts: frozenset[str]) -> None:
    """Take a forgotten member and their posts out of everybody's lists and evidence."""
    documents = state.documents
    for post in sorted(posts):
        unlist(state, post)
    for table, renewing, lapsing in _LISTS:
        _put(state, table, member, None)
        documents.cancel_timer(renewing, member)
        documents.cancel_timer(lapsing, member)
    for peers_table, timer in ((PEERS, MET), (PUBLIC_PEERS, MET_IN_PUBLIC)):
        _erase_peers(documents, peers_table, member, posts)
        documents.cancel_timer(timer, member)
    _erase_introductions(documents, member, posts)
    for post, responders in sorted(documents.table(RESPONDERS).items()):
        if post in posts or responders.author == member:
            withdraw(state, post)
            continue
        matches = tuple(match_without(match, posts) for match in responders.matches if match.member != member)
        documents.put(RESPONDERS, post, replace(responders, matches=matches))


def _erase_peers(documents: Documents, table: Table[Peers], member: str, posts: frozenset[str]) -> None:
    documents.drop(table, member)
    for owner, known in sorted(documents.table(table).items()):
        kept = (peer for peer in known.peers if peer.member != member)
        documents.put(table, owner, replace(known, peers=all_without(kept, posts)))


def _erase_introductions(documents: Documents, member: str, posts: frozenset[str]) -> None:
    documents.drop(INTRODUCTIONS, member)
    for owner, known in sorted(documents.table(INTRODUCTIONS).items()):
        kept = (pair for pair in known.pairs if member not in (pair.one, pair.other))
        documents.put(INTRODUCTIONS, owner, replace(known, pairs=all_without(kept, posts)))
