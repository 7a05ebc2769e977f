"""What members do not want: matches with somebody, and posts on a topic. Derived from what they said.

A match is declined for both: whoever said so, neither is matched with the other, and neither can tell why.
A topic is what is near in meaning to a post; once the post is gone, so is the topic.
"""

from collections.abc import Iterable


class Wishes:
    """Members and posts by their ids."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()
        self._apart: dict[str, set[str]] = {}
        self._declining: dict[str, set[str]] = {}

    def set_person(self, member: str, other: str, declined: bool) -> None:
        """Take in whether a member declines to be matched with another."""
        if declined:
            self._said.add((member, other))
        else:
            self._said.discard((member, other))
        apart = (member, other) in self._said or (other, member) in self._said
        for one, another in ((member, other), (other, member)):
            _set(self._apart, one, another, apart)

    def set_topic(self, member: str, post: str, declined: bool) -> None:
        """Take in whether a member declines the topic of a post."""
        _set(self._declining, post, member, declined)

    def apart_from(self, member: str) -> frozenset[str]:
        """Name those with whom somebody is not matched."""
        return frozenset(self._apart.get(member, ()))

    def apart(self, one: str, other: str) -> bool:
        return other in self._apart.get(one, ())

    @property
    def topics(self) -> Iterable[str]:
        """Name the posts whose topics anybody declines."""
        return sorted(self._declining)

    def declining(self, post: str) -> frozenset[str]:
        """Name who declines the topic of a post."""
        return frozenset(self._declining.get(post, ()))


def _set(sets: dict[str, set[str]], key: str, value: str, there: bool) -> None:
    if there:
        sets.setdefault(key, set()).add(value)
    elif key in sets:
        sets[key].discard(value)
        if not sets[key]:
            del sets[key]
