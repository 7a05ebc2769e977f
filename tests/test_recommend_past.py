"""What people did, as the live handlers keep it, against going through all facts again."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.recommend.documents import CHANNELS, MEMBERS, POSTS, REPLIES, Post
from services.recommend.index import Index
from services.recommend.past import HALF_LIVES, QUICK, TALKS, TIES, Kind, Past
from services.recommend.profile import PUBLIC
from services.recommend.readable import is_public
from shared.events import (
    ChannelChanged,
    ChannelClosed,
    ChannelOpened,
    Event,
    MemberForgotten,
    MemberUpdated,
    MessageRemoved,
    PostPublished,
    Privacy,
    ReplyPublished,
)
from tests.recommending import START, Place, channel, made, post, reply

PEOPLE = ["ann", "ben", "cas"]
CHANNEL_NAMES = ["general", "board"]
# Some before their post, some in the same minute, some just within the hour and just after it.
AT = st.sampled_from([0, 0, 10, 60, 61, 70, 3000, 90_000]).map(lambda minutes: START + timedelta(minutes=minutes))
WHO, WHERE = st.sampled_from(PEOPLE), st.sampled_from(CHANNEL_NAMES)
POSTED, REPLIED = (st.sampled_from([f"{kind}{i}" for i in range(count)]) for kind, count in (("p", 4), ("r", 9)))
TEXT = st.sampled_from(["segment the volume", "install on linux"])

Entry = tuple[float, str]


def happens(kind: type[Event], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Event]:
    return st.builds(lambda at, **more: made(kind, at, **more), AT, **fields)


POSTS_COME = happens(PostPublished, message=POSTED, author=WHO, channel=WHERE, text=TEXT)
REPLIES_COME = happens(ReplyPublished, message=REPLIED, post=POSTED, author=WHO, channel=WHERE, text=TEXT)
CHANGES = st.one_of(
    happens(MessageRemoved, message=st.one_of(POSTED, REPLIED)),
    happens(ChannelOpened, channel=WHERE, privacy=st.sampled_from(Privacy), members=st.just(("ann",))),
    *[happens(ChannelChanged, channel=WHERE, privacy=st.sampled_from(Privacy))] * 3,
    happens(ChannelClosed, channel=WHERE),
    happens(MemberForgotten, member=WHO),
    *[happens(MemberUpdated, member=WHO, bot=st.booleans())] * 2,
)
HISTORIES = st.tuples(
    st.lists(POSTS_COME, min_size=3, max_size=6),
    st.lists(REPLIES_COME, min_size=5, max_size=15),
    st.lists(st.one_of(CHANGES, REPLIES_COME, POSTS_COME), max_size=6),
).map(lambda parts: [*parts[0], *parts[1], *parts[2]]) | st.lists(
    st.one_of(POSTS_COME, REPLIES_COME, REPLIES_COME, CHANGES), max_size=20
)
MOMENTS = (START - timedelta(days=1), START, START + timedelta(minutes=65), START + timedelta(days=300))


class Slow:
    """Lists of all that was done, by kind and scope or channel, from the facts alone."""

    def __init__(self, place: Place) -> None:
        documents = place.documents
        channels, posts = documents.table(CHANNELS), documents.table(POSTS)
        self.bots = {name for name, member in documents.table(MEMBERS).items() if member.bot}
        self.entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.helped: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.helps: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.talks: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.firsts: dict[str, tuple[float, str]] = {}
        self.posts: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._scope = {name: PUBLIC if is_public(channels.get(name)) else name for name in CHANNEL_NAMES}
        answers: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
        for one in posts.values():
            self._message(one.channel, one.author, one.at.timestamp())
            self.entries[Kind.POSTS, self._scope[one.channel]].append((one.at.timestamp(), one.author))
            self.entries[Kind.CHANNEL_POSTS, one.channel].append((one.at.timestamp(), one.author))
        for name, answer in documents.table(REPLIES).items():
            self._message(answer.channel, answer.author, answer.at.timestamp())
            if answer.answers and answer.post in posts:
                answers[answer.post].append((answer.at.timestamp(), name, answer.author))
        for name, one in sorted(posts.items(), key=lambda item: item[1].ordinal):
            scope = self._scope[one.channel]
            self.posts[scope, one.author].append(name)
            rivals = (p.ordinal for p in posts.values() if p.author == one.author and self._scope[p.channel] == scope)
            self._thread(name, one, sorted(answers[name]), one.ordinal == min(rivals))

    def _message(self, where: str, who: str, at: float) -> None:
        self.entries[Kind.MESSAGES, self._scope[where]].append((at, who))
        self.entries[Kind.CHANNEL_MESSAGES, where].append((at, who))

    def _thread(self, name: str, one: Post, answers: list[tuple[float, str, str]], began: bool) -> None:
        scope, seen = self._scope[one.channel], set[str]()
        for at, _, who in answers:
            self.talks[scope, who].append((at, one.author))
            self.talks[scope, one.author].append((at, who))
            if who in seen:
                continue
            kinds = {Kind.JOINS: scope, Kind.CHANNEL_JOINS: one.channel}
            if who not in self.bots and name not in self.firsts:
                self.firsts[name] = at, who
                kinds |= {Kind.FIRSTS: scope, Kind.CHANNEL_FIRSTS: one.channel}
            if began:
                kinds[Kind.WELCOMES] = scope
            if at - one.at.timestamp() <= QUICK:
                kinds[Kind.QUICK] = scope
            for kind, of in kinds.items():
                self.entries[kind, of].append((at, who))
            self.helped[scope, one.author].append((at, who))
            self.helps[scope, who].append((at, one.author))
            seen.add(who)


def counted(
    entries: Iterable[Entry], now: float, half_lives: tuple[float, ...], numbers: dict[str, int], size: int
) -> NDArray[np.float64]:
    total = np.zeros((len(half_lives), size))
    for at, who in entries:
        if at < now:
            total[:, numbers[who]] += [0.5 ** ((now - at) / half) for half in half_lives]
    return total


def assert_same(found: NDArray[np.float64], expected: NDArray[np.float64], what: object) -> None:
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-12), what


@settings(max_examples=80, deadline=None)
@given(HISTORIES)
def test_what_is_kept_up_is_what_the_facts_say(history: list[Event]) -> None:
    """Through additions in any order, removals, moves between scopes and forgetting, every count is a recount."""
    place = Place()
    place.see(channel(), *history)
    slow, index = Slow(place), place.state.index
    past, numbers, size = index.past, index.people.numbers, len(index.people)
    for now in (moment.timestamp() for moment in MOMENTS):
        for name in (PUBLIC, *CHANNEL_NAMES):
            for kind in Kind:
                entries = slow.entries[kind, name]
                expected = counted(entries, now, HALF_LIVES[kind], numbers, size)
                assert_same(past.sums(kind, (name,), now, size), expected, (kind, name, now))
                last = past.last(kind, (name,), now, size)
                for who, number in numbers.items():
                    before = [at for at, w in entries if w == who and at < now]
                    assert last[number] == max(before, default=-np.inf), (kind, name, who)
            for who, number in numbers.items():
                own = [index.threads.ids[row] for row in past.posts(name, number)]
                assert own == slow.posts[name, who]
                for kept, half_lives, asked in (
                    (slow.helped, TIES, past.helped), (slow.helps, TIES, past.helps), (slow.talks, TALKS, past.talks),
                ):  # fmt: skip
                    expected = counted(kept[name, who], now, half_lives, numbers, size)
                    assert_same(asked(number, (name,), now, size), expected, (asked.__name__, name, who))
    for name, row in index.threads.rows.items():
        first = past.first(row)
        assert (None if first is None else (first[0], index.people.ids[first[1]])) == slow.firsts.get(name)
        at, who = slow.firsts.get(name, (np.inf, ""))
        for now in (moment.timestamp() for moment in MOMENTS):
            known, rows = at < now, np.array([row])
            assert past.firsts(rows, now).tolist() == [numbers[who] if known else -1]
            waited = max(0.0, at - index.threads.ats[row]) if known else np.inf
            assert past.waits(rows, now).tolist() == [waited]
    assert {index.people.ids[n] for n in np.flatnonzero(past.bots(size))} == slow.bots & numbers.keys()


def everything(index: Index) -> dict[object, bytes]:
    """Give all that can be read of a past, by name and to the last bit."""
    past, size, numbers = index.past, len(index.people), dict(sorted(index.people.numbers.items()))
    order = list(numbers.values())
    found: dict[object, bytes] = {}
    for now in (moment.timestamp() for moment in MOMENTS):
        for name in (PUBLIC, *CHANNEL_NAMES):
            for kind in Kind:
                found[kind, name, now] = past.sums(kind, (name,), now, size)[:, order].tobytes()
                for life in HALF_LIVES[kind]:
                    found[kind, name, now, life] = past.sums(kind, (name,), now, size, (life,))[0, order].tobytes()
                found["last", kind, name, now] = past.last(kind, (name,), now, size)[order].tobytes()
            for who, number in numbers.items():
                for asked in (past.helped, past.helps, past.talks):
                    found[asked.__name__, name, who, now] = asked(number, (name,), now, size)[:, order].tobytes()
        for name, row in index.threads.rows.items():
            found["waited", name, now] = past.waits(np.array([row]), now).tobytes()
    return found


@settings(max_examples=80, deadline=None)
@given(HISTORIES)
def test_built_anew_from_the_facts_the_past_is_the_same_to_the_last_bit(history: list[Event]) -> None:
    """A restart changes no sum, no last time and no tie."""
    place = Place()
    place.see(channel(), *history)
    again = place.open_again()
    # Who is known but did nothing any more may have no number after a restart, and has nothing before it.
    for name in place.state.index.people.numbers:
        again.state.index.people.number(name)
    for name in again.state.index.people.numbers:
        place.state.index.people.number(name)
    assert everything(again.state.index) == everything(place.state.index)


def test_of_answers_at_one_time_the_first_is_told_by_its_id_however_they_came() -> None:
    """A second answer in the same minute may be the first by its id; it can go again without a trace."""
    place = Place()
    place.see(channel(), post("p", "ann"), reply("r2", "p", "ben"), reply("r3", "p", "cas"), reply("r1", "p", "cas"))
    past, people = place.state.index.past, place.state.index.people

    def firsts() -> dict[str, float]:
        sums = past.sums(Kind.FIRSTS, (PUBLIC,), (START + timedelta(days=1)).timestamp(), len(people))[-1]
        return {people.ids[number]: count for number, count in enumerate(sums.tolist()) if count}

    assert firsts() == {"cas": 1.0}
    place.see(made(MessageRemoved, START, message="r1"))
    assert firsts() == {"ben": 1.0}


def test_what_was_never_answered_has_no_first() -> None:
    """A thread without answers has no first one, and nothing is counted of what nobody did."""
    past = Past()
    past.add_post(0, PUBLIC, "general", 0, 5.0)
    assert past.first(0) is None
    assert past.answers(0) == []
    assert past.posts(PUBLIC, 0) == [0]
    assert past.posts(PUBLIC, 1) == ()
    assert not past.sums(Kind.JOINS, (PUBLIC, "nowhere"), 9.0, 2).any()
    with pytest.raises(KeyError):
        past.remove_message(PUBLIC, "general", 1, 5.0, 0)


def test_quick_is_within_the_hour() -> None:
    """An answer an hour later to the second is quick still, and one after it is not."""
    place = Place()
    place.see(channel(), post("p", "ann"), reply("r1", "p", "ben", START + timedelta(hours=1)))
    place.see(reply("r2", "p", "cas", START + timedelta(seconds=3601)))
    past, people = place.state.index.past, place.state.index.people
    sums = past.sums(Kind.QUICK, (PUBLIC,), (START + timedelta(days=1)).timestamp(), len(people))[-1]
    assert {people.ids[number] for number in np.flatnonzero(sums)} == {"ben"}
