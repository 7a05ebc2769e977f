"""Whom members meet: at a checkpoint every month, with whom each exchanges a first answer in the month after it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommend.choices import Choices, judged_weights, learn_weights
from services.recommend.index import Index
from services.recommend.matched import MatchesOf
from services.recommend.meeting import Crowd, Floats, Meeting, crowd, hand_set, pair_signals
from services.recommend.profile import PUBLIC
from services.recommend.spans import DAY
from services.recommend.walk import History

EVERY = 30 * DAY
# Who wrote within so many days before a checkpoint may meet somebody, and who did within so many may be met.
ACTIVE = 30 * DAY
CANDIDATES_ACTIVE = 180 * DAY
MOST_CHOICES = 3000
# Of somebody who asks all the time, the last posts say enough.
_MOST_ASKED = 50

# For each member with whom they first exchanged an answer when, in the order of time.
FirstExchanges = Mapping[str, Sequence[tuple[float, str]]]


@dataclass(frozen=True, slots=True)
class Meet:
    """A member at a checkpoint: who might be met (`others`), with their signals, and who was met, first ones first.

    `crowd` is everybody as of the checkpoint.
    """

    member: str
    number: int
    crowd: Crowd
    others: NDArray[np.intp]
    signals: NDArray[np.float32]
    met: tuple[str, ...]


def first_exchanges(history: History, bots: Collection[str]) -> FirstExchanges:
    """Look up in a history who met whom when."""
    first: dict[frozenset[str], float] = {}
    for reply in history.replies.values():
        post = history.posts.get(reply.post)
        if post is None or not reply.answers or reply.at < post.at or {post.author, reply.author} & set(bots):
            continue
        pair, at = frozenset((post.author, reply.author)), reply.at.timestamp()
        first[pair] = min(first.get(pair, at), at)
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for pair, at in first.items():
        one, other = sorted(pair)
        found[one].append((at, other))
        found[other].append((at, one))
    return {name: sorted(met) for name, met in found.items()}


def meets(
    index: Index, first: FirstExchanges, matches: MatchesOf, now: float, most: int | None = None
) -> Iterator[Meet]:
    """Give every member who was active before a checkpoint and met somebody after it, whom one could foresee.

    By what is public; who was met must have written before. Of more than `most`, evenly spread over their ids.
    """
    numbers, last = index.people.numbers, index.people.last((PUBLIC,))
    may_be_met = index.people.present & (last >= now - CANDIDATES_ACTIVE)
    coming = {
        name: tuple(other for at, other in first[name] if now <= at < now + EVERY)
        for name in sorted(first)
        if name in numbers and last[numbers[name]] >= now - ACTIVE
    }
    members = [name for name, met in coming.items() if met]
    seen = crowd(index, (PUBLIC,), now)
    for name in members[:: max(1, len(members) // most) if most else 1]:
        number = numbers[name]
        free = may_be_met.copy()
        free[[number, *seen.graph.neighbours(number)]] = False
        others = np.flatnonzero(free)
        if not any(free[numbers[other]] for other in coming[name] if other in numbers):
            continue
        found = pair_signals(index, seen, number, others, expected(index, (PUBLIC,), number, matches, now))
        yield Meet(name, number, seen, others, found, coming[name])


def expected(index: Index, scopes: Sequence[str], member: int, matches: MatchesOf, now: float) -> Floats:
    """Add up how likely each was to answer what a member asked in the last month, in scopes: shape (people,)."""
    total = np.zeros(len(index.people))
    for scope in scopes:
        lately = [row for row in index.past.posts(scope, member) if index.threads.ats[row] >= now - ACTIVE]
        for row in lately[-_MOST_ASKED:]:
            for number, chance in matches(index.threads.ids[row]).items():
                total[number] += chance
    return total


class PeerLessons:
    """What may be learnt of meetings, the latest ones."""

    def __init__(self) -> None:
        self._choices = Choices(MOST_CHOICES)

    def add(self, index: Index, now: float, meet: Meet) -> None:
        """Take in a member at the checkpoint of `now`, which is known once its month is over."""
        place = {number: nth for nth, number in enumerate(meet.others.tolist())}
        numbers = (index.people.numbers.get(who, -1) for who in meet.met)
        self._choices.add(now + EVERY, meet.signals, [place[number] for number in numbers if number in place])

    def learn(self, now: float, before: Meeting) -> Meeting:
        """Learn from the checkpoints whose month is over by `now`, beginning at an earlier model."""
        weights = learn_weights(self._choices.known(now), hand_set().weights, before.weights)
        return Meeting(f"at {now:.0f}", weights)

    def judged(self, now: float, version: str) -> tuple[Meeting, dict[str, object]]:
        """Learn from all that is known by `now`, and say how well that does on what it has not seen."""
        weights, said = judged_weights(self._choices.known(now), hand_set().weights)
        return Meeting(version, weights), said
