"""Whom somebody might introduce to each other: people they know who have not met, and would have a reason to. Pure."""

import math
from itertools import combinations

import numpy as np

from services.recommend.documents import Introduction
from services.recommend.index import Index
from services.recommend.learn_peers import expected
from services.recommend.matched import MatchesOf
from services.recommend.meeting import Crowd, Meeting, pair_signals
from services.recommend.peers import active_people, what_they_share
from services.recommend.rounding import DECIMALS
from services.recommend.settings import RecommendSettings
from services.recommend.softmax import shares
from services.recommend.unwanted import is_apart

# Of those whom somebody knows, with whom they exchanged most.
_KNOWN = 40
# Nobody is in more of the pairs than this.
_MOST_PAIRS = 2


def introductions(
    index: Index, settings: RecommendSettings, meeting: Meeting, member: str, seen: Crowd, matches: MatchesOf
) -> tuple[Introduction, ...]:
    """Choose pairs of people whom a member knows, best first, by how likely each would be to meet the other.

    Only what the crowd's scopes hold counts, which the member and both must be able to read: what is public.
    """
    people, me = index.people, index.people.number(member)
    known = _known(index, settings, seen, me)
    chances = {one: _chances(index, meeting, seen, one, known, matches) for one in known}
    pairs = []
    for one, other in combinations(known, 2):
        if other in chances[one] and one in chances[other]:
            score = round(math.sqrt(chances[one][other] * chances[other][one]), DECIMALS)
            first, second = sorted((people.ids[one], people.ids[other]))
            pairs.append((-score, first, second))
    return _choose(index, settings, seen, me, sorted(pairs))


def _known(index: Index, settings: RecommendSettings, seen: Crowd, me: int) -> list[int]:
    """Give the active people with whom somebody exchanged most answers: numbers."""
    active = active_people(index, settings, seen)
    known = [number for number in seen.graph.neighbours(me) if active[number] and not is_apart(index, me, number)]
    return sorted(known, key=lambda number: (-seen.graph.answers(me, number), index.people.ids[number]))[:_KNOWN]


def _chances(
    index: Index, meeting: Meeting, seen: Crowd, one: int, known: list[int], matches: MatchesOf
) -> dict[int, float]:
    """Say how likely it is that somebody meets each of those known whom they have not met, rather than another."""
    met = seen.graph.neighbours(one)
    others = [number for number in known if number != one and number not in met and not is_apart(index, one, number)]
    if not others:
        return {}
    found = pair_signals(
        index, seen, one, np.array(others, np.intp), expected(index, seen.scopes, one, matches, seen.now)
    )
    return dict(zip(others, shares(meeting.scores(found)).tolist(), strict=True))


def _choose(
    index: Index, settings: RecommendSettings, seen: Crowd, me: int, pairs: list[tuple[float, str, str]]
) -> tuple[Introduction, ...]:
    chosen: list[Introduction] = []
    taken: dict[str, int] = {}
    for score, one, other in pairs:
        if len(chosen) == settings.introductions:
            break
        if max(taken.get(one, 0), taken.get(other, 0)) == _MOST_PAIRS:
            continue
        first, second = index.people.numbers[one], index.people.numbers[other]
        evidence = what_they_share(index, settings, first, [second], seen, me)[second]
        if evidence:
            chosen.append(Introduction(one, other, -score, evidence))
            taken[one], taken[other] = taken.get(one, 0) + 1, taken.get(other, 0) + 1
    return tuple(chosen)
