"""How asks are shared among people, and who would have had most of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kindling.backtest.results import WEEK, Ask, Post
from kindling.backtest.rivals import first_answers
from kindling.backtest.shapes import Load, Person
from kindling.evaluate.comparing import rounded
from kindling.evaluate.concentration import Shared, shared
from kindling.evaluate.shapes import SharedPlaces

MOST_SHOWN = 10


def load_of(posts: Sequence[Post]) -> Load:
    """Say how the asks about some posts are shared."""
    asks = [ask for post in posts for ask in post.asks]
    by_person = _by_person(asks)
    answerers = [who for post in posts for who in first_answers(post)]
    people = set(by_person).union(*(ask.eligible for ask in asks))
    if not any(ask.eligible for ask in asks):
        people.update(answerers)
    return {
        "people": len(people),
        "asked": len(by_person),
        "most": max(map(len, by_person.values()), default=0),
        "most_in_week": max(map(most_in_week, by_person.values()), default=0),
        "over_budget": sum(map(over_budget, by_person.values())),
        "asks": _places(shared([ask.member for ask in asks], len(people))),
        "really": _places(shared([who for who in answerers if who in people], len(people))),
    }


def busiest(posts: Sequence[Post], *, names: bool) -> list[Person]:
    """Give those with the most asks; who they are only where names are wished."""
    asks = [ask for post in posts for ask in post.asks]
    right = Counter(ask.member for post in posts for ask in post.asks if post.answered_by(ask))
    answered = Counter(who for post in posts for who in first_answers(post))
    ordered = sorted(_by_person(asks).items(), key=lambda found: (-len(found[1]), found[0]))
    return [
        {
            "place": place,
            "name": member if names else None,
            "role": found[-1].role,
            "asks": len(found),
            "most_in_week": most_in_week(found),
            "weekly_limit": found[-1].limit,
            "right": right[member],
            "really_answered": answered[member],
        }
        for place, (member, found) in enumerate(ordered[:MOST_SHOWN], start=1)
    ]


def most_in_week(asks: Sequence[Ask]) -> int:
    """Give the most of one person's asks in any 7 x 24 h; `asks` by time."""
    return max(_in_week(asks), default=0)


def over_budget(asks: Sequence[Ask]) -> int:
    """Count the asks of one person that were more than their limit, each with those of the 7 x 24 h before it."""
    return sum(number > ask.limit for ask, number in zip(asks, _in_week(asks), strict=True))


def _in_week(asks: Sequence[Ask]) -> list[int]:
    """Give for each ask how many there were in the 7 x 24 h up to it, itself among them."""
    numbers, first = [], 0
    for place, ask in enumerate(asks):
        while asks[first].at <= ask.at - WEEK:
            first += 1
        numbers.append(place - first + 1)
    return numbers


def _by_person(asks: Iterable[Ask]) -> Mapping[str, Sequence[Ask]]:
    found: dict[str, list[Ask]] = {}
    for ask in sorted(asks, key=lambda ask: (ask.at, ask.nudge)):
        found.setdefault(ask.member, []).append(ask)
    return found


def _places(found: Shared) -> SharedPlaces:
    return {
        "gini": rounded(found.gini),
        "top_ten": rounded(found.ten),
        "chosen": found.chosen,
        "curve": [(number, rounded(share)) for number, share in found.curve],
    }
