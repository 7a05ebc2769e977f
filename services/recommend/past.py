"""What people did, as ledgers: all that the ranking of a post counts.

Kept by scope (see `profile.py`), so that what somebody does in a private channel shapes nothing that others are
told. A *join* is somebody's first answer in a thread of somebody else, a *first* the first join of a thread by
somebody who is no bot, a *welcome* a join in the thread with which its author began in that scope, a *quick* one
came within an hour.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.answered import first_answer, wait
from services.recommend.arrays import grown
from services.recommend.ledger import NEVER, Floats, Ledger
from services.recommend.spans import DAY, HOUR
from services.recommend.typical import still_open

QUICK = HOUR
EVER = math.inf

_LONG = (7 * DAY, 30 * DAY, 180 * DAY, EVER)
_ALL = (HOUR / 6, HOUR, 4 * HOUR, DAY, *_LONG)


class Kind(StrEnum):
    """The ledgers that are kept for each scope or channel."""

    MESSAGES = "messages"
    JOINS = "joins"
    FIRSTS = "firsts"
    WELCOMES = "welcomes"
    QUICK = "quick"
    CHANNEL_MESSAGES = "channel messages"
    CHANNEL_JOINS = "channel joins"
    CHANNEL_FIRSTS = "channel firsts"
    POSTS = "posts"
    CHANNEL_POSTS = "channel posts"


HALF_LIVES: dict[Kind, tuple[float, ...]] = {
    Kind.MESSAGES: _ALL,
    Kind.JOINS: _ALL,
    Kind.FIRSTS: _LONG,
    Kind.WELCOMES: (30 * DAY, 180 * DAY, EVER),
    Kind.QUICK: (30 * DAY, 180 * DAY, EVER),
    Kind.CHANNEL_MESSAGES: _ALL,
    Kind.CHANNEL_JOINS: _ALL,
    Kind.CHANNEL_FIRSTS: _LONG,
    # Which they are is asked, never how many.
    Kind.POSTS: (),
    Kind.CHANNEL_POSTS: (),
}
TIES = (30 * DAY, 180 * DAY, EVER)
TALKS = (HOUR / 6, HOUR, DAY, 7 * DAY, 30 * DAY)

_NO_DEGREES: NDArray[np.int32] = np.zeros(0, np.int32)
_NO_HOURS: NDArray[np.int32] = np.zeros((0, 24), np.int32)

Ties = dict[tuple[str, int], Ledger]


class Past:
    """Ledgers by kind and scope (or channel), and between people."""

    def __init__(self) -> None:
        self._ledgers: dict[tuple[Kind, str], Ledger] = {}
        self._helped: Ties = {}  # by author: who joined their threads
        self._helps: Ties = {}  # by who joins: whose threads they joined
        self._talks: Ties = {}  # by either: whom they answered, or were answered by
        self._met: dict[str, dict[int, dict[int, int]]] = {}  # by scope and either: the same, all answers ever
        self._degrees: dict[str, NDArray[np.int32]] = {}  # by scope: with how many each exchanged answers
        self._hours: dict[str, NDArray[np.int32]] = {}  # by scope: each one's messages by hour of the day
        self._answers: dict[int, list[tuple[float, str, int]]] = {}  # by row: at, reply, person
        self._bots: set[int] = set()
        self._firsts: NDArray[np.int32] = np.zeros(0, np.int32)  # by row: who answered first, -1 for nobody
        self._first_ats: Floats = np.zeros(0)  # by row: when, infinite for never
        self._waits: Floats = np.zeros(0)  # by row: how long after its birth, infinite for never
        self._ask_ats: Floats = np.zeros(0)  # by row: when somebody was first asked about it, infinite for never
        self._asks: Floats = np.zeros(0)  # by row: how long after its birth, infinite for never
        self._begins: NDArray[np.bool_] = np.zeros(0, np.bool_)  # by row: whether its author began with it
        self._rows: dict[int, tuple[str, str, int, float]] = {}  # scope, channel, author, at
        self._posts: dict[tuple[str, int], list[int]] = {}  # by scope and author: rows

    # What changes

    def add_post(self, row: int, scope: str, channel: str, author: int, at: float) -> None:
        """Take in a post without replies."""
        self._rows[row] = scope, channel, author, at
        self._answers[row] = []
        self._begins = grown(self._begins, row + 1)
        self._firsts, self._first_ats = grown(self._firsts, row + 1), grown(self._first_ats, row + 1)
        self._waits = grown(self._waits, row + 1)
        self._ask_ats, self._asks = grown(self._ask_ats, row + 1), grown(self._asks, row + 1)
        self._ask_ats[row] = self._asks[row] = math.inf
        self._set_first(row, None)
        self._author_row(row, 1)
        self.add_message(scope, channel, author, at, row)

    def remove_post(self, row: int) -> None:
        """Take out a post whose replies have been taken out before."""
        scope, channel, author, at = self._rows[row]
        self.remove_message(scope, channel, author, at, row)
        self._author_row(row, -1)
        del self._rows[row], self._answers[row]

    def add_message(self, scope: str, channel: str, person: int, at: float, row: int) -> None:
        """Take in that something was written; `row` is -1 where its thread is not known."""
        self._count_hour(scope, person, at, 1)
        self._ledger(Kind.MESSAGES, scope).add(at, person, row)
        self._ledger(Kind.CHANNEL_MESSAGES, channel).add(at, person, row)

    def remove_message(self, scope: str, channel: str, person: int, at: float, row: int) -> None:
        self._count_hour(scope, person, at, -1)
        self._ledger(Kind.MESSAGES, scope).remove(at, person, row)
        self._ledger(Kind.CHANNEL_MESSAGES, channel).remove(at, person, row)

    def add_answer(self, row: int, reply: str, person: int, at: float) -> None:
        """Take in a reply in somebody else's thread."""
        before = self._joined(row)
        insort(self._answers[row], (at, reply, person))
        self._note_first(row)
        self._talk(row, person, at, 1)
        if before.get(person, math.inf) >= at:  # one at the same time may be the first by its id
            self._rejoin(row, before)

    def remove_answer(self, row: int, reply: str, person: int, at: float) -> None:
        before, answers = self._joined(row), self._answers[row]
        del answers[bisect_left(answers, (at, reply, person))]
        self._note_first(row)
        self._talk(row, person, at, -1)
        self._rejoin(row, before)

    def move(self, row: int, scope: str) -> None:
        """Take a post that has neither replies nor messages entered at present into another scope."""
        _, channel, author, at = self._rows[row]
        self._author_row(row, -1)
        self._rows[row] = scope, channel, author, at
        self._author_row(row, 1)

    def set_asked(self, row: int, at: float) -> None:
        """Take in when somebody was first asked about a post: from then on it is not left to itself."""
        self._ask_ats[row], self._asks[row] = at, wait(self._rows[row][3], at)

    def _count_hour(self, scope: str, person: int, at: float, by: int) -> None:
        hours = self._hours[scope] = grown(self._hours.get(scope, _NO_HOURS), person + 1)
        hours[person, int(at % DAY // HOUR)] += by

    def set_bot(self, person: int, bot: bool) -> None:
        """Take in that somebody is a bot, or is none: a bot answers nobody first."""
        if bot == (person in self._bots):
            return
        if bot:
            self._bots.add(person)
        else:
            self._bots.remove(person)
        for row in self._answers:
            self._note_first(row)

    def _note_first(self, row: int) -> None:
        """Bring what is known of a thread's first answer up to the answers that it has."""
        before, after = self.first(row), first_answer(self._answers[row], self._bots)
        if before == after:
            return
        self._set_first(row, after)
        for first, by in ((before, -1), (after, 1)):
            if first is not None:
                self._enter(Kind.FIRSTS, row, first[1], first[0], by)
                self._enter(Kind.CHANNEL_FIRSTS, row, first[1], first[0], by)

    def _set_first(self, row: int, first: tuple[float, int] | None) -> None:
        at, person = (math.inf, -1) if first is None else first
        self._firsts[row], self._first_ats[row], self._waits[row] = person, at, wait(self._rows[row][3], at)

    def _joined(self, row: int) -> dict[int, float]:
        """Give when each person first answered in a thread, in that order."""
        joined: dict[int, float] = {}
        for at, _, person in self._answers[row]:
            joined.setdefault(person, at)
        return joined

    def _rejoin(self, row: int, before: dict[int, float]) -> None:
        """Bring the ledgers from the joins that a thread had to those that it has."""
        after = self._joined(row)
        began = self._posts[self._rows[row][0], self._rows[row][2]][0] == row
        for joins, other, by in ((before, after, -1), (after, before, 1)):
            for person, at in joins.items():
                if other.get(person) != at:
                    self._enter_join(row, person, at, by)
                    if began:
                        self._enter(Kind.WELCOMES, row, person, at, by)

    def _talk(self, row: int, person: int, at: float, by: int) -> None:
        scope, _, author, _ = self._rows[row]
        for one, other in ((author, person), (person, author)):
            _tie(self._talks, TALKS, (scope, one), at, other, row, by)
            met = self._met.setdefault(scope, {}).setdefault(one, {})
            met[other] = met.get(other, 0) + by
            if not met[other]:
                del met[other]
            degrees = self._degrees[scope] = grown(self._degrees.get(scope, _NO_DEGREES), one + 1)
            degrees[one] = len(met)

    def _enter_join(self, row: int, person: int, at: float, by: int) -> None:
        scope, _, author, born = self._rows[row]
        self._enter(Kind.JOINS, row, person, at, by)
        self._enter(Kind.CHANNEL_JOINS, row, person, at, by)
        if at - born <= QUICK:
            self._enter(Kind.QUICK, row, person, at, by)
        _tie(self._helped, TIES, (scope, author), at, person, row, by)
        _tie(self._helps, TIES, (scope, person), at, author, row, by)

    def _enter(self, kind: Kind, row: int, person: int, at: float, by: int) -> None:
        scope, channel, _, _ = self._rows[row]
        ledger = self._ledger(kind, channel if kind.startswith("channel") else scope)
        (ledger.add if by > 0 else ledger.remove)(at, person, row)

    def _author_row(self, row: int, by: int) -> None:
        """Count a post among its scope's, channel's and author's; who joined an author's first one welcomed them."""
        scope, _, author, at = self._rows[row]
        self._enter(Kind.POSTS, row, author, at, by)
        self._enter(Kind.CHANNEL_POSTS, row, author, at, by)
        rows = self._posts.setdefault((scope, author), [])
        began = rows[0] if rows else None
        if by > 0:
            insort(rows, row)
        else:
            del rows[bisect_left(rows, row)]
        begins = rows[0] if rows else None
        if began == begins:
            return
        for first, entered in ((began, -1), (begins, 1)):
            if first is not None:
                self._begins[first] = entered > 0
                for person, joined in self._joined(first).items():
                    self._enter(Kind.WELCOMES, first, person, joined, entered)

    def _ledger(self, kind: Kind, name: str) -> Ledger:
        ledger = self._ledgers.get((kind, name))
        if ledger is None:
            ledger = self._ledgers[kind, name] = Ledger(HALF_LIVES[kind])
        return ledger

    # What is asked

    def sums(
        self, kind: Kind, names: Sequence[str], now: float, people: int, lives: Sequence[float] | None = None
    ) -> Floats:
        """Count what everybody did before `now`, in scopes or channels: shape (half-lives, people).

        `lives` are the half-lives that are asked for, None for all of the kind.
        """
        ledgers, half_lives = self.ledgers(kind, names), HALF_LIVES[kind]
        if lives is None:
            return _total(ledgers, len(half_lives), now, people)
        return _total(ledgers, len(lives), now, people, [half_lives.index(life) for life in lives])

    def last(self, kind: Kind, names: Sequence[str], now: float, people: int) -> Floats:
        """Give when everybody last did something before `now`, minus infinity for never: shape (people,)."""
        last = np.full(people, NEVER)
        for ledger in self.ledgers(kind, names):
            last = np.maximum(last, ledger.last(now, people))
        return last

    def helped(self, author: int, scopes: Sequence[str], now: float, people: int) -> Floats:
        """Count who joined somebody's threads before `now`: shape (len(TIES), people)."""
        return _ties(self._helped, TIES, author, scopes, now, people)

    def helps(self, person: int, scopes: Sequence[str], now: float, people: int) -> Floats:
        """Count whose threads somebody joined before `now`: shape (len(TIES), people)."""
        return _ties(self._helps, TIES, person, scopes, now, people)

    def talks(self, person: int, scopes: Sequence[str], now: float, people: int) -> Floats:
        """Count answers between somebody and each other before `now`: shape (len(TALKS), people)."""
        return _ties(self._talks, TALKS, person, scopes, now, people)

    def met(self, scope: str) -> Mapping[int, Mapping[int, int]]:
        """Give for everybody in a scope with whom they exchanged how many answers, by number."""
        return self._met.get(scope, {})

    def degrees(self, scope: str, people: int) -> Floats:
        """Count with how many others everybody in a scope exchanged answers: shape (people,)."""
        degrees: Floats = grown(self._degrees.get(scope, _NO_DEGREES), people)[:people].astype(np.float64)
        return degrees

    def hours(self, scopes: Sequence[str], people: int) -> Floats:
        """Count everybody's messages in scopes by hour of the day, in UTC: shape (people, 24)."""
        hours = np.zeros((people, 24))
        for scope in scopes:
            hours += grown(self._hours.get(scope, _NO_HOURS), people)[:people]
        return hours

    def sum_of(self, kind: Kind, names: Sequence[str], now: float, person: int) -> Floats:
        """Count what somebody did before `now`, in scopes or channels: shape (half-lives of the kind,)."""
        total = np.zeros(len(HALF_LIVES[kind]))
        for ledger in self.ledgers(kind, names):
            total += ledger.sum_of(now, person)
        return total

    def last_of(self, kind: Kind, names: Sequence[str], now: float, person: int) -> float:
        """Give when somebody last did something before `now`, minus infinity for never."""
        return max((ledger.last_of(now, person) for ledger in self.ledgers(kind, names)), default=NEVER)

    def ledgers(self, kind: Kind, names: Sequence[str]) -> list[Ledger]:
        """Give the ledgers of a kind, of those scopes or channels in which there is anything."""
        return [self._ledgers[kind, name] for name in names if (kind, name) in self._ledgers]

    def bots(self, people: int) -> NDArray[np.bool_]:
        """Say who is a bot: shape (people,)."""
        bots = np.zeros(people, np.bool_)
        bots[list(self._bots)] = True
        return bots

    def answers(self, row: int) -> list[tuple[float, str, int]]:
        """Give the answers in a thread as (at, reply, person), in the order of time."""
        return self._answers[row]

    def first(self, row: int) -> tuple[float, int] | None:
        """Give when a thread was first answered by a person, and by whom."""
        person = int(self._firsts[row])
        return None if person < 0 else (float(self._first_ats[row]), person)

    def firsts(self, rows: NDArray[np.integer[Any]], now: float = math.inf) -> NDArray[np.int32]:
        """Say which person answered each thread first before `now`, -1 for nobody: shape (len(rows),)."""
        firsts: NDArray[np.int32] = np.where(self._first_ats[rows] < now, self._firsts[rows], -1)
        return firsts

    def waits(self, rows: NDArray[np.integer[Any]], now: float) -> Floats:
        """Say how many seconds after its birth each post was answered by a person, infinite for not before `now`."""
        return np.where(self._first_ats[rows] < now, self._waits[rows], math.inf)

    def silent(self, rows: NDArray[np.integer[Any]], now: float, age: float) -> NDArray[np.bool_] | Floats:
        """Say which posts stayed without a person's answer up to an age, in seconds, as of `now`: shape (len(rows),).

        Whether a post that somebody was asked about meanwhile would have been answered by itself is not known: it
        counts as much as of posts in general stay open up to that age, if they are when that one was asked about.
        """
        waits = self.waits(rows, now)
        asks = np.where(self._ask_ats[rows] < now, self._asks[rows], math.inf)
        unknown = (asks < age) & (asks < waits)
        silent: NDArray[np.bool_] = waits > age
        return np.where(unknown, still_open(asks, age), silent) if unknown.any() else silent

    def begins(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Say which threads are the first of their authors in their scopes: shape (len(rows),)."""
        begins: NDArray[np.bool_] = self._begins[rows]
        return begins

    def posts(self, scope: str, author: int) -> Sequence[int]:
        """Give the rows of somebody's posts in a scope, in the order of arrival."""
        return self._posts.get((scope, author), ())


def _tie(
    ties: Ties, half_lives: tuple[float, ...], key: tuple[str, int], at: float, other: int, row: int, by: int
) -> None:
    ledger = ties.get(key)
    if ledger is None:
        ledger = ties[key] = Ledger(half_lives)
    (ledger.add if by > 0 else ledger.remove)(at, other, row)


def _ties(
    ties: Ties, half_lives: tuple[float, ...], owner: int, scopes: Sequence[str], now: float, people: int
) -> Floats:
    ledgers = [ties[scope, owner] for scope in scopes if (scope, owner) in ties]
    return _total(ledgers, len(half_lives), now, people)


def _total(
    ledgers: Sequence[Ledger], size: int, now: float, people: int, lives: Sequence[int] | slice = slice(None)
) -> Floats:
    if not ledgers:
        return np.zeros((size, people))
    total = ledgers[0].sums(now, people, lives)
    for ledger in ledgers[1:]:
        total += ledger.sums(now, people, lives)
    return total
