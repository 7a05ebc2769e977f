"""Choose champions where an archive names none: who answered most lately.

The rule: in 90 days (of UTC), who replied most often in threads that others started, at most 5 % of the people
who wrote in those days and at least one; ties by id. Bots, and members whose roles are known, are not chosen.

At the end of an import those whom an earlier import of the same source chose, and this one does not, are champions no
more. All this is said as of the file's last message: roles that somebody was given later stand, older ones are
replaced; whose must not be belongs into the mapping.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final

WINDOW_DAYS = 90
STEP_DAYS = 30
SHARE = 0.05
# A reply in a thread older than the latest so many is nobody's answer: memory stays bounded.
MOST_THREADS = 200_000


class ChampionRule(StrEnum):
    """When an import names champions."""

    LATEST = "latest"  # once, at the end, by the last 90 days of the file
    WALK = "walk"  # every 30 days, by the 90 days before: what a replay of history may know
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on a member is a champion, or is one no more."""

    at: datetime
    member: str
    champion: bool


@dataclass(frozen=True, slots=True)
class Appointed:
    """Whom the imports of a source made champions, by files up to `until`; `named`: whose roles a mapping ever gave."""

    champions: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    until: datetime | None = None


NOBODY: Final = Appointed()


def champions(answers: Mapping[str, int], active: int) -> list[str]:
    """Choose from how often each member answered, out of `active` people; sorted by id."""
    most = max(1, int(active * SHARE))
    ranked = sorted((-count, member) for member, count in answers.items() if count > 0)
    return sorted(member for _, member in ranked[:most])


@dataclass
class Champions:
    """Watches an archive go by, and says who becomes a champion and who no longer is."""

    rule: ChampionRule
    known: frozenset[str] = frozenset()
    earlier: Appointed = NOBODY
    _starters: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _answers: dict[int, Counter[str]] = field(default_factory=dict)
    _active: dict[int, set[str]] = field(default_factory=dict)
    _current: frozenset[str] = frozenset()
    _border: int | None = None
    _latest: datetime | None = None

    def before(self, at: datetime) -> Iterator[Change]:
        """Give the changes at the borders that a message at `at` crosses; call it before `saw`."""
        if self._latest is not None and at <= self._latest:
            return
        self._latest = at
        day = _day(at)
        if self.rule is ChampionRule.WALK:
            self._border = self._border or day + STEP_DAYS
            while self._border <= day:
                midnight = datetime.combine(date.fromordinal(self._border), time(), UTC)
                yield from self._change(midnight, self._border)
                self._border += STEP_DAYS
        self._forget(day + 1 - WINDOW_DAYS)

    def saw(self, message: str, thread: str | None, author: str, at: datetime) -> None:
        """Note what a person wrote; `thread` is None where it starts one."""
        day = _day(at)
        self._active.setdefault(day, set()).add(author)
        if thread is None:
            self._starters[message] = author
            if len(self._starters) > MOST_THREADS:
                self._starters.popitem(last=False)
        elif self._starters.get(thread, author) != author and author not in self.known:
            self._answers.setdefault(day, Counter())[author] += 1

    def after(self) -> Iterator[Change]:
        """Give the changes at the end of the file; one that ends before an earlier import's changes nothing."""
        if self.rule is ChampionRule.LATEST and self._latest is not None and not self._outdated(self._latest):
            self._current = self.earlier.champions - self.known
            yield from self._change(self._latest, _day(self._latest) + 1, again=True)

    def appointed(self) -> Appointed:
        """Give what the next import of the source has to know; call it after `after`."""
        named = self.earlier.named | self.known
        if self.rule is ChampionRule.NONE or self._latest is None or self._outdated(self._latest):
            return replace(self.earlier, named=named)
        return Appointed(self._current, named, self._latest)

    def _outdated(self, latest: datetime) -> bool:
        return self.earlier.until is not None and latest < self.earlier.until

    def _change(self, at: datetime, end: int, *, again: bool = False) -> Iterator[Change]:
        """Choose by the 90 days before the day `end`; `again` names also those who are champions already."""
        days = range(end - WINDOW_DAYS, end)
        answers: Counter[str] = Counter()
        for day in days:
            answers.update(self._answers.get(day, ()))
        active = {member for day in days for member in self._active.get(day, ())}
        now = frozenset(champions(answers, len(active)))
        changed = sorted(now | self._current if again else now ^ self._current)
        self._current = now
        for member in changed:
            yield Change(at, member, member in now)

    def _forget(self, first: int) -> None:
        for day in [d for d in self._active if d < first]:
            del self._active[day]
            self._answers.pop(day, None)


def _day(at: datetime) -> int:
    return at.astimezone(UTC).toordinal()
