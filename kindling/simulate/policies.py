"""Policies to compare: they differ in when and whom to ask, and share everything else with the product."""

import hashlib
from collections import Counter, deque
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from services.nudge.choose import Applicant
from services.nudge.documents import Opportunity
from services.nudge.policy import ByValue, Policy
from services.nudge.settings import NudgeSettings
from shared.events import CommunityEvent, PostPublished, ReplyPublished, Role

_LATELY = timedelta(days=30)


class PolicyName(StrEnum):
    NONE = "none"
    RANDOM = "random"
    ACTIVE = "active"
    RELEVANCE = "relevance"
    KINDLING = "kindling"
    ORACLE = "oracle"


TITLES = {
    PolicyName.NONE: "none",
    PolicyName.RANDOM: "random",
    PolicyName.ACTIVE: "most active",
    PolicyName.RELEVANCE: "relevance",
    PolicyName.KINDLING: "Kindling",
    PolicyName.ORACLE: "oracle",
}


class Watching(Policy):
    """A policy that is told what happens."""

    def see(self, event: CommunityEvent) -> None:
        """Take in one event of activity."""

    def in_turn(
        self,
        worth: Mapping[str, float],
        applicants: Mapping[str, Applicant],
        asked: Collection[Role],
        settings: NudgeSettings,
    ) -> Collection[str]:
        """Leave nobody out: the ladder is Kindling's own."""
        return applicants.keys()


class _AtOnce(Watching):
    """Ask as soon as a post is there."""

    def ready(self, post: str, opportunity: Opportunity, clock: datetime, settings: NudgeSettings) -> datetime:
        return clock


class Nobody(_AtOnce):
    """Ask nobody."""

    def worth(
        self, post: str, opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings
    ) -> float:
        return 0.0


class Random(_AtOnce):
    """Ask anybody who may be asked, drawn by `seed`."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def worth(
        self, post: str, opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings
    ) -> float:
        drawn = hashlib.sha256(f"{self._seed}/{post}/{applicant.candidate.member}".encode()).digest()
        return (1 + int.from_bytes(drawn[:4], "big")) / 2**32


class MostActive(_AtOnce):
    """Ask who wrote most in the last 30 days."""

    def __init__(self) -> None:
        self._written: deque[tuple[datetime, str]] = deque()
        self._counts: Counter[str] = Counter()

    def see(self, event: CommunityEvent) -> None:
        if isinstance(event, PostPublished | ReplyPublished):
            self._written.append((event.at, event.author))
            self._counts[event.author] += 1

    def worth(
        self, post: str, opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings
    ) -> float:
        while self._written and self._written[0][0] < clock - _LATELY:
            self._counts[self._written.popleft()[1]] -= 1
        return 1 + self._counts[applicant.candidate.member]


class Relevance(_AtOnce):
    """Ask whoever is the likeliest to answer such a post, whether it needs them or not."""

    def worth(
        self, post: str, opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings
    ) -> float:
        return applicant.candidate.score


class Kindling(ByValue, Watching):
    """The product as it is."""


def policy_of(name: PolicyName, seed: int) -> Watching:
    """Make a policy that knows what the product knows."""
    match name:
        case PolicyName.NONE:
            return Nobody()
        case PolicyName.RANDOM:
            return Random(seed)
        case PolicyName.ACTIVE:
            return MostActive()
        case PolicyName.RELEVANCE:
            return Relevance()
        case PolicyName.KINDLING:
            return Kindling()
        case PolicyName.ORACLE:
            raise ValueError("an oracle is made by the world that it knows")
