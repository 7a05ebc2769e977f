"""Which open threads a member would join next: features of all of them at once, and what they are weighed by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.index import Index
from services.recommend.ledger import NEVER
from services.recommend.open_threads import OpenThreads
from services.recommend.past import Kind
from services.recommend.rounding import DECIMALS
from services.recommend.signals import signals
from services.recommend.spans import DAY, HOUR, MINUTE

Floats = NDArray[np.float64]

_UNITS = {"1min": MINUTE, "10min": 10 * MINUTE, "1h": HOUR, "1d": DAY}
_OWN_THREADS = 30
_KERNEL = 14.0
_LIVES = ("10min", "1h", "4h", "1d", "7d", "30d", "180d", "ever")
_TIES = ("30d", "180d", "ever")
_TALKS = ("10min", "1h", "1d", "7d", "30d")

FEATURES = (
    *(f"active {unit}" for unit in _UNITS),
    *(f"started {unit}" for unit in _UNITS),
    "messages",
    "people",
    "unanswered",
    "beginner",
    "mentioned",
    "last channel",
    *(f"channel messages {life}" for life in _LIVES),
    *(f"helps author {life}" for life in _TIES),
    *(f"helped by author {life}" for life in _TIES),
    *(f"talks with author {life}" for life in _TALKS),
    *(f"talks with last {life}" for life in _TALKS),
    "near best",
    "near all",
    "match",
    "interest",
)
PLACES = {name: place for place, name in enumerate(FEATURES)}

# Before anything is learnt: what goes on now, where somebody is, with whom and about what they know.
_PRIOR = {
    "active 1h": 0.6, "active 1min": 0.3, "started 1d": 0.3, "channel messages 30d": 0.5, "last channel": 0.3,
    "mentioned": 0.4, "match": 0.3, "near best": 0.3, "talks with author 30d": 0.1, "talks with last 30d": 0.1,
    "interest": 0.3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suits:
    """`weights` of shape (features,): a thread's score is the weighted sum of its signals."""

    version: str
    weights: Floats

    def scores(self, values: Floats) -> Floats:
        """Score threads by their features, of shape (features, threads), rounded: (threads,)."""
        return np.round(signals(values).astype(np.float64) @ self.weights, DECIMALS)

    def as_dict(self) -> dict[str, Any]:
        return {"version": self.version, "weights": dict(zip(FEATURES, self.weights.tolist(), strict=True))}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Suits":
        """Read what `as_dict` gave; ValueError where it weighs other features than there are."""
        if set(values["weights"]) != set(FEATURES):
            raise ValueError("the model weighs other features than this version has: train it anew")
        return cls(values["version"], np.array([values["weights"][name] for name in FEATURES], np.float64))


def hand_set() -> Suits:
    """Make the model of a community that there is nothing to learn from yet."""
    return Suits("hand-set", np.array([_PRIOR.get(name, 0.0) for name in FEATURES]))


def thread_features(
    index: Index,
    member: int,
    scopes: Sequence[str],
    threads: OpenThreads,
    mentioned: Sequence[bool],
    matches: Sequence[float],
    now: float,
) -> Floats:
    """Compute the features of open threads for a member as of `now`: shape (features, threads).

    Only what was written in `scopes` shapes them, to which the threads belong. `matches` says for each thread how
    likely the member was to answer it when it began, 0 where nothing was said.
    """
    people, past, facts = len(index.people), index.past, threads.facts
    rows, authors = facts["row"], facts["author"]
    values: list[Floats] = [
        1 / (1 + (now - facts[what]) / unit) for what in ("last", "began") for unit in _UNITS.values()
    ]
    values.extend(facts[what].astype(np.float64) for what in ("messages", "people"))
    values.append((past.firsts(rows) < 0).astype(np.float64))
    values.append(past.begins(rows).astype(np.float64))
    values.append(np.array(mentioned, np.float64))
    values.extend(_in_channels(index, member, facts["channel"], now))
    values.extend(past.helps(member, scopes, now, people)[:, authors])
    values.extend(past.helped(member, scopes, now, people)[:, authors])
    talks = past.talks(member, scopes, now, people)
    values.extend(talks[:, authors])
    values.extend(talks[:, facts["last_by"]])
    values.extend(_nearness(index, member, scopes, rows, now))
    values.append(np.array(matches, np.float64))
    values.append(index.interests.near_threads(member, index.threads, rows))
    return np.array(values)


def _in_channels(index: Index, member: int, channels: NDArray[np.int32], now: float) -> Iterator[Floats]:
    """Say for each thread whether its channel is where a member wrote last, and how much they write there."""
    past = index.past
    numbers, places = np.unique(channels, return_inverse=True)
    names = [(index.threads.channel_names[number],) for number in numbers.tolist()]
    last = np.array([past.last_of(Kind.CHANNEL_MESSAGES, name, now, member) for name in names])
    yield ((last == last.max(initial=NEVER)) & (last > NEVER)).astype(np.float64)[places]
    sums = np.array([past.sum_of(Kind.CHANNEL_MESSAGES, name, now, member) for name in names])
    yield from sums.reshape(len(names), len(_LIVES))[places].T


def _nearness(
    index: Index, member: int, scopes: Sequence[str], rows: NDArray[np.int32], now: float
) -> tuple[Floats, Floats]:
    """Say how near threads are to those that a member took part in last: by the nearest, and by all of them."""
    threads = index.threads
    own = threads.taken_by(member, now - 365 * DAY, _OWN_THREADS, threads.seen(scopes))
    if not own:
        nothing = np.zeros(len(rows))
        return nothing, nothing
    votes = np.exp(_KERNEL * threads.cosines_between(rows, own))
    return votes.max(axis=0), votes.sum(axis=0)
