"""How likely a post is to stay without a reply from another person: what that is read off.

All is as of just before the post, and only from scopes that everybody who reads its channel reads. Who is there,
and what became of the posts before: in the community, in the channel, of this author, of a near meaning.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommend.features import Question
from services.recommend.index import Index
from services.recommend.past import HALF_LIVES, TALKS, TIES, Kind
from services.recommend.spans import DAY, HOUR
from services.recommend.votes import nearest

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

# What became of posts is looked up an hour and a day after their birth.
HORIZONS = {"1h": HOUR, "24h": DAY}
_MOST = {"recent": 300, "channel": 100, "author": 50}
_NEAREST = 100
_KERNEL = 14.0
_MANY, _WIDE, _FEW = 300, 7.0, 10
_ANSWERERS_SEEN = (1, 7, 30)
_LEAST_SHARE = 0.02
_TERMS = 40
_REMOVED = -1.0
_LONG_AGO = 3650 * DAY
_MINUTES = 600.0
# Before anything is known, so many posts of a community stay silent for so long, as if so many had been seen.
PRIOR = {"1h": 0.55, "24h": 0.3}
_SHRINK = 8.0
_HALF_POSTS = {"recent": (20.0, 100.0), "channel": (10.0, 40.0), "author": (10.0,)}
_PRESENT = {"10min": HOUR / 6, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY, "7d": 7 * DAY}
_OF_CHANNEL = (Kind.CHANNEL_MESSAGES, Kind.CHANNEL_JOINS)
_SEEN = (Kind.MESSAGES, Kind.JOINS, Kind.CHANNEL_MESSAGES, Kind.CHANNEL_JOINS)
_COUNTED = {Kind.CHANNEL_MESSAGES: (HOUR / 6, HOUR, 4 * HOUR, DAY, 7 * DAY), Kind.JOINS: (30 * DAY,)}


def _names() -> Iterator[str]:
    for horizon in HORIZONS:
        for what, halves in _HALF_POSTS.items():
            yield from (f"{what} silent {horizon}, {half:g}" for half in halves)
        yield f"near silent {horizon}"
        yield f"near silent lately {horizon}"
    yield from ("near silent, many", "near silent, few", "near silent here", "near silent in words")
    yield from (f"near answerers {days}d" for days in _ANSWERERS_SEEN)
    yield from ("author posts", "author waits", "author's last post", "author posts 1h", "author open 1h")
    yield from ("author posts 1d", "author open 1d", "author messages", "author joins", "author back")
    yield from ("mentions", "mentioned here")
    for kind in _SEEN:
        yield from (f"{kind} by {span}" for span in _PRESENT)
        yield f"{kind} since"
    for kind, lives in _COUNTED.items():
        yield from (f"{kind} count {life:g}" for life in lives)
    yield from ("own channel messages 10min", "own channel messages 1h")
    yield from (f"talks {life:g}" for life in TALKS)
    yield from ("helpers", "helpers ever", "channel posts", "open 1h", "open 1d")
    yield from ("hour ahead", "four hours ahead", "twelve hours ahead", "day ahead")


FEATURES = tuple(_names())
PLACES = {name: place for place, name in enumerate(FEATURES)}


def silence_features(
    index: Index, question: Question, now: float, cosines: Floats | None = None, words: Floats | None = None
) -> Floats:
    """Compute the features of a post of `now` (seconds since 1970): shape (len(FEATURES),).

    `cosines` of the post with every row that its readers see, and BM25 scores of its `words`, spare computing
    them again; both of shape (rows,).
    """
    scopes, threads = index.scopes_for(question.channel), index.threads
    if cosines is None:
        cosines = threads.cosines(question.vector, threads.seen(scopes))
    if words is None:
        words = threads.word_scores(question.words, _TERMS, scopes)
    found = np.array(list(_values(index, question, now, cosines, words)))
    assert len(found) == len(FEATURES)
    return found


def _values(index: Index, question: Question, now: float, cosines: Floats, words: Floats) -> Iterator[float]:
    scopes, threads = index.scopes_for(question.channel), index.threads
    seen = threads.seen(scopes)
    everywhere = _Posts.of(index, np.flatnonzero(seen), now)
    here = _Posts.of(index, np.sort(np.fromiter(threads.in_channel.get(question.channel, ()), np.intp)), now)
    own = [row for scope in scopes for row in index.past.posts(scope, question.author)]
    author = _Posts.of(index, np.array(own, np.intp), now)
    delays = _Delays(index, now)
    for name, horizon in HORIZONS.items():
        rate = PRIOR[name]
        for half, share in _faded(everywhere, delays, horizon, "recent", rate):
            rate = share if half == max(_HALF_POSTS["recent"]) else rate
            yield _logit(share)
        for posts, what in ((here, "channel"), (author, "author")):
            yield from (_logit(share) for _, share in _faded(posts, delays, horizon, what, rate))
        yield from _near(everywhere, delays, horizon, cosines, rate)
    yield from _nearer(index, question, everywhere, here, delays, (cosines, words), rate, now)
    yield from _author(index, question, now, author, delays)
    yield from _presence(index, question, now, scopes)
    yield from _crowd(index, question, here, delays)
    yield from _ahead(index, scopes, now)


@dataclass(frozen=True, slots=True)
class _Posts:
    """Rows of posts from before now, and their ages in seconds."""

    rows: Rows
    ages: Floats

    @classmethod
    def of(cls, index: Index, rows: Rows, now: float) -> "_Posts":
        ages = index.threads.ages(rows, now)
        before = ages > 0
        return cls(rows[before], ages[before])

    def older(self, age: float, size: int) -> NDArray[np.bool_]:
        """Which of so many rows are of those that are older than so many seconds."""
        older = np.zeros(size, np.bool_)
        older[self.rows[self.ages > age]] = True
        return older

    def ages_of(self, rows: Rows) -> Floats:
        """Look up ages; rows are in ascending order here."""
        ages: Floats = self.ages[np.searchsorted(self.rows, rows)]
        return ages

    def latest(self, older: float, most: int) -> Rows:
        """Choose the youngest of those that are older than so many seconds, youngest first."""
        old = self.ages > older
        rows, ages = self.rows[old], self.ages[old]
        if len(rows) > most:
            young = ages <= np.partition(ages, most - 1)[most - 1]
            rows, ages = rows[young], ages[young]
        return rows[np.lexsort((-rows, ages))][:most]


class _Delays:
    """How many seconds after their birth posts were answered, infinite for not yet; looked up once each."""

    def __init__(self, index: Index, now: float) -> None:
        self._index, self._now = index, now
        self._known = np.full(len(index.threads.ids), np.nan)

    def of(self, rows: Rows) -> tuple[Rows, Floats]:
        """Leave out rows whose posts were removed; give the others, and the delay of each."""
        missing = rows[np.isnan(self._known[rows])]
        if len(missing):
            self._known[missing] = [self._delay(row) for row in missing.tolist()]
        delays = self._known[rows]
        there = delays >= 0
        return rows[there], delays[there]

    def _delay(self, row: int) -> float:
        if not self._index.threads.ids[row]:
            return _REMOVED
        first = self._index.past.first(row)
        # A reply whose clock was behind counts as one at once.
        return np.inf if first is None or first[0] >= self._now else max(0.0, first[0] - self._index.threads.ats[row])


def _faded(posts: _Posts, delays: _Delays, horizon: float, what: str, base: float) -> Iterator[tuple[float, float]]:
    """Give the share of the latest posts that were silent at an age, older ones fading, at each half-life in posts."""
    _, answered = delays.of(posts.latest(horizon, _MOST[what]))
    silent = answered > horizon
    for half in _HALF_POSTS[what]:
        yield half, _share(silent, np.exp2(-np.arange(len(silent)) / half), base)


def _near(posts: _Posts, delays: _Delays, horizon: float, cosines: Floats, base: float) -> Iterator[float]:
    """Give the share of the posts of a near meaning that were silent at an age; then the same with old ones fading."""
    rows, answered = delays.of(nearest(cosines, posts.older(horizon, len(cosines)), _NEAREST))
    weights = _worth(np.exp(_KERNEL * (cosines[rows] - 1)))
    ages = posts.ages_of(rows)
    for faded in (weights, weights * np.exp2(-ages / (180 * DAY))):
        yield _logit(_share(answered > horizon, faded, base))


def _nearer(
    index: Index,
    question: Question,
    everywhere: _Posts,
    here: _Posts,
    delays: _Delays,
    similar: tuple[Floats, Floats],
    base: float,
    now: float,
) -> Iterator[float]:
    """Give the share of silence in many near posts and in few, in this channel, and in those with the same words.

    Then whether those who answered the near ones have been here of late.
    """
    cosines, words = similar
    told = everywhere.older(DAY, len(cosines))
    rows, answered = delays.of(nearest(cosines, told, _MANY))
    fading = np.exp2(-everywhere.ages_of(rows) / (120 * DAY))
    yield _logit(_share(answered > DAY, _worth(np.exp(_WIDE * (cosines[rows] - 1))) * fading, base))
    yield _logit(_share(answered[:_FEW] > DAY, fading[:_FEW], base))
    beside, silent = delays.of(nearest(cosines, here.older(DAY, len(cosines)), _NEAREST // 2))
    yield _logit(_share(silent > DAY, _worth(np.exp(_KERNEL * (cosines[beside] - 1))), base))
    alike, silent = delays.of(nearest(words, told, _NEAREST // 2))
    yield _logit(_share(silent > DAY, _worth(words[alike]), base))
    firsts = (index.past.first(row) for row in rows[:_NEAREST].tolist())
    known = [first[1] if first and first[0] < now and first[1] != question.author else -1 for first in firsts]
    people = np.array(known, np.intp)
    last = index.past.last(Kind.MESSAGES, index.scopes_for(question.channel), now, len(index.people))
    seen = np.where(people >= 0, last[people], -np.inf)
    weights = np.exp(_KERNEL * (cosines[rows[:_NEAREST]] - 1))
    for days in _ANSWERERS_SEEN:
        yield math.log(_LEAST_SHARE + float(weights[seen >= now - days * DAY].sum()) / max(float(weights.sum()), 1e-12))


def _worth(weights: Floats) -> Floats:
    """Scale weights so that they add up to as many posts of like weight as would say as much."""
    worth: Floats = weights * (weights.sum() / max(float((weights**2).sum()), 1e-300))
    return worth


def _share(silent: NDArray[np.bool_], weights: Floats, base: float) -> float:
    return float((silent @ weights + base * _SHRINK) / (weights.sum() + _SHRINK))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _author(index: Index, question: Question, now: float, own: _Posts, delays: _Delays) -> Iterator[float]:
    yield math.log1p(len(own.rows))
    last, answered = delays.of(own.latest(0.0, _MOST["author"]))
    yield float(len(last) > 0 and answered[0] == np.inf)
    yield -math.log1p(min(float(own.ages.min(initial=np.inf)), _LONG_AGO) / HOUR)
    ages = index.threads.ages(last, now)
    for span in (HOUR, DAY):
        yield math.log1p(int((own.ages <= span).sum()))
        yield math.log1p(int(((ages <= span) & (answered == np.inf)).sum()))


def _presence(index: Index, question: Question, now: float, scopes: Sequence[str]) -> Iterator[float]:
    past, people, author, channel = index.past, len(index.people), question.author, (question.channel,)
    last = {kind: past.last(kind, channel if kind in _OF_CHANNEL else scopes, now, people) for kind in _SEEN}
    counts = {kind: past.sums(kind, channel if kind in _OF_CHANNEL else scopes, now, people) for kind in _COUNTED}
    yield math.log1p(index.people.written_within(author, scopes, now - 180 * DAY, math.nextafter(now, 0.0)))
    yield math.log1p(counts[Kind.JOINS][HALF_LIVES[Kind.JOINS].index(180 * DAY), author])
    yield -math.log1p(min(now - float(last[Kind.MESSAGES][author]), _LONG_AGO) / HOUR)
    numbers = index.people.numbers
    named = [numbers[m] for m in question.mentions if m in numbers and numbers[m] != author]
    # A walk knows the names of people who are yet to come.
    named = [person for person in named if last[Kind.MESSAGES][person] > -np.inf]
    yield float(bool(named))
    yield max((1 / (1 + (now - float(last[Kind.MESSAGES][person])) / DAY) for person in named), default=0.0)
    for seen in last.values():
        seen[author] = -np.inf
        for length in _PRESENT.values():
            yield math.log1p(int((seen >= now - length).sum()))
        yield -math.log1p(min(now - float(seen.max()), _LONG_AGO) / _MINUTES)
    mine = counts[Kind.CHANNEL_MESSAGES][:2, author].tolist()
    for kind, lives in _COUNTED.items():
        totals = counts[kind].sum(axis=1) - counts[kind][:, author]
        yield from (math.log1p(max(0.0, totals[HALF_LIVES[kind].index(life)])) for life in lives)
    yield from map(math.log1p, mine)
    yield from map(math.log1p, past.talks(author, scopes, now, people).sum(axis=1).tolist())
    helped = past.helped(author, scopes, now, people)
    yield math.log1p(float(np.minimum(helped[TIES.index(180 * DAY)], 1).sum()))
    yield math.log1p(int((helped[-1] > 0).sum()))


def _crowd(index: Index, question: Question, here: _Posts, delays: _Delays) -> Iterator[float]:
    """Count the posts of the channel, and those of others lately that wait for an answer."""
    authors = index.threads.authors
    yield math.log1p(len(here.rows))
    for span in (HOUR, DAY):
        rows, answered = delays.of(here.rows[here.ages <= span])
        yield math.log1p(sum(authors[row] != question.author for row in rows[answered == np.inf].tolist()))


def _ahead(index: Index, scopes: Sequence[str], now: float) -> Iterator[float]:
    """Say how busy the hours to come are, by the same hours of the week before: over the average, in logarithms."""
    ats = np.concatenate([np.zeros(0), *(ledger.before(now)[0][-20_000:] for ledger in index.past.messages(scopes))])
    ats = ats[ats >= now - 56 * DAY]
    day, week = (ats - now) % DAY, (ats - now) % (7 * DAY)
    for hours in (1, 4, 12):
        expected = len(ats) * hours / 24
        yield math.log((float((day < hours * HOUR).sum()) + 10) / (expected + 10))
    yield math.log((float((week < DAY).sum()) + 10) / (len(ats) / 7 + 10))
