"""How likely a post is to stay without a reply from another person: what that is read off.

All is as of just before the post, and only from scopes that everybody who reads its channel reads. Who is there,
and what became of the posts before: in the community, in the channel, of this author, of a near meaning. People
alone count: what a bot does, posts or answers says nothing. Nor does what became of a post once somebody was asked.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.features import Question
from services.recommend.index import Index
from services.recommend.ledger import NEVER
from services.recommend.past import HALF_LIVES, TALKS, TIES, Kind, Past
from services.recommend.posted import Bools, Posted
from services.recommend.spans import DAY, HOUR
from services.recommend.typical import OPEN
from services.recommend.votes import nearest

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Last = Mapping[Kind, Floats]

# What became of posts is looked up an hour and a day after their birth.
HORIZONS = {"1h": HOUR, "24h": DAY}
_MOST = {"recent": 300, "channel": 100, "author": 50}
_NEAREST = 100
_KERNEL = 14.0
_MANY, _WIDE, _FEW = 300, 7.0, 10
_ANSWERERS_SEEN = (1, 7, 30)
_LEAST_SHARE = 0.02
_TERMS = 40
_LONG_AGO = 3650 * DAY
_MINUTES = 600.0
# Before anything is known, so many posts of a community stay silent for so long, as if so many had been seen.
PRIOR = {"1h": OPEN[1], "24h": OPEN[24]}
_SHRINK = 8.0
_HALF_POSTS = {"recent": (20.0, 100.0), "channel": (10.0, 40.0), "author": (10.0,)}
_PRESENT = {"10min": HOUR / 6, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY, "7d": 7 * DAY}
_OF_CHANNEL = (Kind.CHANNEL_MESSAGES, Kind.CHANNEL_JOINS)
_SEEN = (Kind.MESSAGES, Kind.JOINS, Kind.CHANNEL_MESSAGES, Kind.CHANNEL_JOINS)
_WEEKS_SEEN, _MOST_SEEN = 8, 20_000
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
    scopes, past, channel = index.scopes_for(question.channel), index.past, (question.channel,)
    bots = past.bots(len(index.people))
    last = {kind: past.last(kind, channel if kind in _OF_CHANNEL else scopes, now, len(bots)) for kind in _SEEN}
    for seen in last.values():
        seen[bots] = NEVER
    everywhere = Posted.before(past, Kind.POSTS, scopes, now, bots)
    here = Posted.before(past, Kind.CHANNEL_POSTS, channel, now, bots)
    author = everywhere.by(question.author)
    told = everywhere.older(DAY).mask(len(cosines))
    many = nearest(cosines, told, _MANY)
    near = {"1h": nearest(cosines, everywhere.older(HOUR).mask(len(cosines)), _NEAREST), "24h": many[:_NEAREST]}
    for name, horizon in HORIZONS.items():
        rate = PRIOR[name]
        for half, share in _faded(past, everywhere, now, horizon, "recent", rate):
            rate = share if half == max(_HALF_POSTS["recent"]) else rate
            yield _logit(share)
        for posts, what in ((here, "channel"), (author, "author")):
            yield from (_logit(share) for _, share in _faded(past, posts, now, horizon, what, rate))
        yield from _near(index, near[name], now, horizon, cosines, rate)
    yield from _nearer(index, many, now, cosines, rate)
    yield _beside(past, nearest(cosines, here.older(DAY).mask(len(cosines)), _NEAREST // 2), now, cosines, rate)
    yield _in_words(past, nearest(words, told, _NEAREST // 2), now, words, rate)
    yield from _answerers(past, many[:_NEAREST], question.author, now, cosines, last[Kind.MESSAGES])
    yield from _author(past, author, now)
    yield from _presence(index, question, now, scopes, last, bots)
    yield from _crowd(past, here, question.author, now)
    yield from _ahead(past, scopes, now, bots)


def _faded(
    past: Past, posts: Posted, now: float, horizon: float, what: str, base: float
) -> Iterator[tuple[float, float]]:
    """Give the share of the latest posts that were silent at an age, older ones fading, at each half-life in posts."""
    silent = past.silent(posts.older(horizon).rows[: _MOST[what]], now, horizon)
    for half in _HALF_POSTS[what]:
        yield half, _share(silent, np.exp2(-np.arange(len(silent)) / half), base)


def _near(index: Index, rows: Rows, now: float, horizon: float, cosines: Floats, base: float) -> Iterator[float]:
    """Give the share of the posts of a near meaning that were silent at an age; then the same with old ones fading."""
    silent = index.past.silent(rows, now, horizon)
    weights = _worth(np.exp(_KERNEL * (cosines[rows] - 1)))
    for faded in (weights, weights * np.exp2(-index.threads.ages(rows, now) / (180 * DAY))):
        yield _logit(_share(silent, faded, base))


def _nearer(index: Index, rows: Rows, now: float, cosines: Floats, base: float) -> Iterator[float]:
    """Give the share of silence in many near posts, and in the few nearest."""
    silent = index.past.silent(rows, now, DAY)
    fading = np.exp2(-index.threads.ages(rows, now) / (120 * DAY))
    yield _logit(_share(silent, _worth(np.exp(_WIDE * (cosines[rows] - 1))) * fading, base))
    yield _logit(_share(silent[:_FEW], fading[:_FEW], base))


def _beside(past: Past, rows: Rows, now: float, cosines: Floats, base: float) -> float:
    """Give the share of silence in near posts of the channel."""
    return _logit(_share(past.silent(rows, now, DAY), _worth(np.exp(_KERNEL * (cosines[rows] - 1))), base))


def _in_words(past: Past, rows: Rows, now: float, words: Floats, base: float) -> float:
    """Give the share of silence in posts with the same words."""
    return _logit(_share(past.silent(rows, now, DAY), _worth(words[rows]), base))


def _answerers(past: Past, rows: Rows, author: int, now: float, cosines: Floats, last: Floats) -> Iterator[float]:
    """Say whether those who answered near posts, the author apart, have been here of late."""
    people = past.firsts(rows, now)
    seen = np.where((people >= 0) & (people != author), last[people], NEVER)
    weights = np.exp(_KERNEL * (cosines[rows] - 1))
    for days in _ANSWERERS_SEEN:
        yield math.log(_LEAST_SHARE + float(weights[seen >= now - days * DAY].sum()) / max(float(weights.sum()), 1e-12))


def _worth(weights: Floats) -> Floats:
    """Scale weights so that they add up to as many posts of like weight as would say as much."""
    worth: Floats = weights * (weights.sum() / max(float((weights**2).sum()), 1e-300))
    return worth


def _share(silent: Bools | Floats, weights: Floats, base: float) -> float:
    return float((silent @ weights + base * _SHRINK) / (weights.sum() + _SHRINK))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _author(past: Past, own: Posted, now: float) -> Iterator[float]:
    waiting = past.waits(own.rows[: _MOST["author"]], now) == math.inf
    yield math.log1p(len(own.rows))
    yield float(waiting[:1].any())
    yield -math.log1p(min(float(own.ages[0]) if len(own.ages) else math.inf, _LONG_AGO) / HOUR)
    for span in (HOUR, DAY):
        lately = len(own.younger(span).rows)
        yield math.log1p(lately)
        yield math.log1p(np.count_nonzero(waiting[:lately]))


def _presence(
    index: Index, question: Question, now: float, scopes: Sequence[str], last: Last, bots: Bools
) -> Iterator[float]:
    past, people, author, channel = index.past, len(bots), question.author, (question.channel,)
    counts = {
        kind: past.sums(kind, channel if kind in _OF_CHANNEL else scopes, now, people, lives)
        for kind, lives in _COUNTED.items()
    }
    for count in counts.values():
        count[:, bots] = 0
    yield math.log1p(index.people.written_within(author, scopes, now - 180 * DAY, math.nextafter(now, 0.0)))
    yield math.log1p(past.sum_of(Kind.JOINS, scopes, now, author)[HALF_LIVES[Kind.JOINS].index(180 * DAY)])
    yield -math.log1p(min(now - float(last[Kind.MESSAGES][author]), _LONG_AGO) / HOUR)
    numbers = index.people.numbers
    named = [numbers[m] for m in question.mentions if m in numbers and numbers[m] != author]
    # A walk knows the names of people who are yet to come.
    named = [person for person in named if last[Kind.MESSAGES][person] > NEVER]
    yield float(bool(named))
    yield max((1 / (1 + (now - float(last[Kind.MESSAGES][person])) / DAY) for person in named), default=0.0)
    for seen in last.values():
        seen[author] = NEVER
        for length in _PRESENT.values():
            yield math.log1p(np.count_nonzero(seen >= now - length))
        yield -math.log1p(min(now - float(seen.max()), _LONG_AGO) / _MINUTES)
    for count in counts.values():
        others = count.sum(axis=1) - count[:, author]
        yield from (math.log1p(max(0.0, total)) for total in others.tolist())
    yield from map(math.log1p, counts[Kind.CHANNEL_MESSAGES][:2, author].tolist())
    talks, helped = past.talks(author, scopes, now, people), past.helped(author, scopes, now, people)
    talks[:, bots] = helped[:, bots] = 0
    yield from map(math.log1p, talks.sum(axis=1).tolist())
    yield math.log1p(float(np.minimum(helped[TIES.index(180 * DAY)], 1).sum()))
    yield math.log1p(np.count_nonzero(helped[-1] > 0))


def _crowd(past: Past, here: Posted, author: int, now: float) -> Iterator[float]:
    """Count the posts of the channel, and those of others lately that wait for an answer."""
    yield math.log1p(len(here.rows))
    for span in (HOUR, DAY):
        lately = here.younger(span)
        waiting = past.waits(lately.rows, now) == math.inf
        yield math.log1p(np.count_nonzero(waiting & (lately.authors != author)))


def _ahead(past: Past, scopes: Sequence[str], now: float, bots: Bools) -> Iterator[float]:
    """Say how busy the hours to come are, by the same hours of the weeks before: over the average, in logarithms."""
    written = list(_written(past, scopes, now, bots))
    messages = sum(map(len, written))
    for hours in (1, 4, 12):
        seen = sum(_follow(ats, now, DAY, hours * HOUR) for ats in written)
        yield math.log((seen + 10) / (messages * hours / 24 + 10))
    seen = sum(_follow(ats, now, 7 * DAY, DAY) for ats in written)
    yield math.log((seen + 10) / (messages / 7 + 10))


def _written(past: Past, scopes: Sequence[str], now: float, bots: Bools) -> Iterator[Floats]:
    """Give when people wrote in the last weeks, scope by scope: the latest times, in order."""
    for ledger in past.ledgers(Kind.MESSAGES, scopes):
        ats, authors, _ = ledger.before(now)
        start = int(np.searchsorted(ats, now - _WEEKS_SEEN * 7 * DAY, "left"))
        ats = ats[start:][~bots[authors[start:]]] if bots.any() else ats[start:]
        yield ats[-_MOST_SEEN:]


def _follow(ats: Floats, now: float, period: float, length: float) -> int:
    """Count the times that lie within `length` after a whole number of periods before now, all in seconds."""
    starts = now - period * np.arange(1, round(_WEEKS_SEEN * 7 * DAY / period) + 1)
    return int((np.searchsorted(ats, starts + length, "left") - np.searchsorted(ats, starts, "left")).sum())
