"""How likely a post is to stay without a reply from another person: what that is read off.

All is as of just before the post, and only from scopes that everybody who reads its channel reads. Who is there,
and what became of the posts before: in the community, in the channel, of this author, of a near meaning.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.decay import DAY
from services.recommend.features import Question
from services.recommend.index import Index
from services.recommend.past import HALF_LIVES, HOUR, TALKS, TIES, Kind
from services.recommend.votes import nearest

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

# What became of posts is looked up an hour and a day after their birth.
HORIZONS = {"1h": HOUR, "24h": DAY}
_RECENT = 400
_HERE = 100
_OWN = 50
_NEAREST = 100
_KERNEL = 14.0
# Before anything is known, so many posts of a community stay silent for so long, as if so many had been seen.
PRIOR = {"1h": 0.55, "24h": 0.3}
_SHRINK = 8.0
_HALF_POSTS = {"recent": (20.0, 100.0), "channel": (10.0, 40.0), "author": (10.0,)}
_PRESENT = {"10min": HOUR / 6, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY, "7d": 7 * DAY}
_SEEN = (Kind.MESSAGES, Kind.JOINS, Kind.CHANNEL_MESSAGES, Kind.CHANNEL_JOINS)
_COUNTED = {Kind.CHANNEL_MESSAGES: (HOUR / 6, HOUR, 4 * HOUR, DAY, 7 * DAY), Kind.JOINS: (30 * DAY,)}


def _names() -> Iterator[str]:
    for horizon in HORIZONS:
        for what, halves in _HALF_POSTS.items():
            yield from (f"{what} silent {horizon}, {half:g}" for half in halves)
        yield f"near silent {horizon}"
        yield f"near silent lately {horizon}"
    yield from ("author posts", "author waits", "author's last post", "author messages", "author joins", "author back")
    for kind in _SEEN:
        yield from (f"{kind} by {span}" for span in _PRESENT)
        yield f"{kind} since"
    for kind, lives in _COUNTED.items():
        yield from (f"{kind} count {life:g}" for life in lives)
    yield from ("own channel messages 10min", "own channel messages 1h")
    yield from (f"talks {life:g}" for life in TALKS)
    yield from ("helpers", "helpers ever", "mentions", "mentioned here", "channel posts", "open 1h", "open 1d")
    yield from ("hour ahead", "four hours ahead", "twelve hours ahead", "day ahead")


FEATURES = tuple(_names())
PLACES = {name: place for place, name in enumerate(FEATURES)}


def silence_features(index: Index, question: Question, now: float, cosines: Floats | None = None) -> Floats:
    """Compute the features of a post of `now` (seconds since 1970): shape (len(FEATURES),).

    `cosines` of the post with every row spares computing them again.
    """
    found = np.array(list(_values(index, question, now, cosines)))
    assert len(found) == len(FEATURES)
    return found


def _values(index: Index, question: Question, now: float, cosines: Floats | None) -> Iterator[float]:
    scopes, threads, past = index.scopes_for(question.channel), index.threads, index.past
    seen = np.flatnonzero(threads.seen(scopes))
    ages = threads.ages(seen, now)
    here = np.fromiter(threads.in_channel.get(question.channel, ()), np.intp)
    here_ages = threads.ages(here, now)
    own = np.array([row for scope in scopes for row in past.posts(scope, question.author)], np.intp)
    own_ages = threads.ages(own, now)
    if cosines is None:
        cosines = threads.cosines(question.vector, threads.seen(scopes))
    for name, horizon in HORIZONS.items():
        base = PRIOR[name]
        known = _latest(seen, ages, horizon, _RECENT)
        silent, age = _silent(index, known, now, horizon)
        for half in _HALF_POSTS["recent"]:
            rate = _share(silent, _fading(len(silent), half), base)
            yield _logit(rate)
        for part, part_ages, most, what in (
            (here, here_ages, _HERE, "channel"), (own, own_ages, _OWN, "author"),
        ):  # fmt: skip
            silent, _ = _silent(index, _latest(part, part_ages, horizon, most), now, horizon)
            for half in _HALF_POSTS[what]:
                yield _logit(_share(silent, _fading(len(silent), half), rate))
        told = np.zeros(len(cosines), np.bool_)
        told[seen[ages > horizon]] = True
        rows = nearest(cosines, told, _NEAREST)
        silent, age = _silent(index, rows, now, horizon)
        weights = (
            np.exp(_KERNEL * (cosines[rows[: len(silent)]] - 1)) if len(silent) == len(rows) else np.ones(len(silent))
        )
        weights = weights / max(weights.sum(), 1e-12) * _effective(weights)
        yield _logit(_share(silent, weights, rate))
        lately = weights * np.exp2(-age / (180 * DAY))
        yield _logit(_share(silent, lately, rate))
    yield from _author(index, question, now, own, own_ages, scopes)
    yield from _presence(index, question, now, scopes)
    yield from _crowd(index, question, here, here_ages)
    yield from _ahead(index, scopes, now)


def _effective(weights: Floats) -> float:
    return float(weights.sum() ** 2 / max((weights**2).sum(), 1e-300)) if len(weights) else 0.0


def _latest(rows: Rows, ages: Floats, older: float, most: int) -> Rows:
    """Choose the youngest of the rows that are older than so many seconds, youngest first."""
    old = ages > older
    rows, ages = rows[old], ages[old]
    if len(rows) > most:
        chosen = np.argpartition(ages, most)[:most]
        rows, ages = rows[chosen], ages[chosen]
    return rows[np.lexsort((-rows, ages))]


def _silent(index: Index, rows: Rows, now: float, horizon: float) -> tuple[Floats, Floats]:
    """Say which posts nobody else had answered at an age, and how old they are; removed ones are left out."""
    ids, ats, past = index.threads.ids, index.threads.ats, index.past
    silent, ages = [], []
    for row in rows.tolist():
        if ids[row]:
            first = past.first(row)
            silent.append(1.0 if first is None or first[0] - ats[row] > horizon else 0.0)
            ages.append(now - ats[row])
    return np.array(silent), np.array(ages)


def _fading(size: int, half: float) -> Floats:
    weights: Floats = np.exp2(-np.arange(size) / half)
    return weights


def _share(silent: Floats, weights: Floats, base: float) -> float:
    return float((silent @ weights + base * _SHRINK) / (weights.sum() + _SHRINK))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _author(
    index: Index, question: Question, now: float, own: Rows, ages: Floats, scopes: Sequence[str]
) -> Iterator[float]:
    past, people, author = index.past, len(index.people), question.author
    yield math.log1p(len(own))
    last = int(own[np.argmin(ages)]) if len(own) else -1
    yield float(last >= 0 and past.first(last) is None)
    yield -math.log1p((ages.min() if len(own) else 3650 * DAY) / HOUR)
    messages = past.sums(Kind.MESSAGES, scopes, now, people)[:, author]
    joins = past.sums(Kind.JOINS, scopes, now, people)[:, author]
    yield math.log1p(messages[HALF_LIVES[Kind.MESSAGES].index(180 * DAY)])
    yield math.log1p(joins[HALF_LIVES[Kind.JOINS].index(180 * DAY)])
    seen = past.last(Kind.MESSAGES, scopes, now, people)[author]
    yield -math.log1p(min(now - seen, 3650 * DAY) / HOUR)


def _presence(index: Index, question: Question, now: float, scopes: Sequence[str]) -> Iterator[float]:
    past, people, author = index.past, len(index.people), question.author
    for kind in _SEEN:
        last = past.last(kind, (question.channel,) if kind.startswith("channel") else scopes, now, people)
        last[author] = -np.inf
        for length in _PRESENT.values():
            yield math.log1p(int((last >= now - length).sum()))
        yield -math.log1p(min(now - last.max(initial=-np.inf), 3650 * DAY) / 600)
    for kind, lives in _COUNTED.items():
        names = (question.channel,) if kind.startswith("channel") else scopes
        counts = past.sums(kind, names, now, people)
        own = counts[:, author].copy()
        counts[:, author] = 0
        totals = counts.sum(axis=1)
        for life in lives:
            yield math.log1p(totals[HALF_LIVES[kind].index(life)])
        if kind is Kind.CHANNEL_MESSAGES:
            mine = own
    yield math.log1p(mine[0])
    yield math.log1p(mine[1])
    for total in past.talks(author, scopes, now, people).sum(axis=1):
        yield math.log1p(total)
    helped = past.helped(author, scopes, now, people)
    yield math.log1p(float(np.minimum(helped[TIES.index(180 * DAY)], 1).sum()))
    yield math.log1p(int((helped[-1] > 0).sum()))
    numbers = index.people.numbers
    named = [numbers[m] for m in question.mentions if m in numbers and numbers[m] != author]
    yield float(bool(named))
    last = past.last(Kind.MESSAGES, scopes, now, people)
    yield max((1 / (1 + (now - last[person]) / DAY) for person in named), default=0.0)


def _crowd(index: Index, question: Question, here: Rows, ages: Floats) -> Iterator[float]:
    past, authors = index.past, index.threads.authors
    yield math.log1p(len(here))
    for span in (HOUR, DAY):
        rows = here[ages <= span].tolist()
        yield math.log1p(sum(past.first(row) is None and authors[row] != question.author for row in rows))


def _ahead(index: Index, scopes: Sequence[str], now: float) -> Iterator[float]:
    """Say how busy the hours to come are, by the same hours of the week before: over the average, in logarithms."""
    ats = np.concatenate([np.zeros(0), *(ledger.before(now)[0][-20_000:] for ledger in index.past.messages(scopes))])
    ats = ats[ats >= now - 56 * DAY]
    day, week = (ats - now) % DAY, (ats - now) % (7 * DAY)
    for hours in (1, 4, 12):
        expected = len(ats) * hours / 24
        yield math.log((float((day < hours * HOUR).sum()) + 10) / (expected + 10))
    yield math.log((float((week < DAY).sum()) + 10) / (len(ats) / 7 + 10))
