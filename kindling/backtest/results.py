"""What a backtest found, post by post and ask by ask: everything that is reported is computed from these."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

HOUR = 3_600.0
DAY = 24 * HOUR
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Ask:
    """One ask that would have been made, at `at` (seconds since 1970).

    `limit` is how often the person may be asked in 7 x 24 h; `eligible` are all who could have been asked then about
    somebody's post, as far as roles go: empty where everybody could.
    """

    nudge: str
    post: str
    member: str
    at: float
    role: str
    kind: str
    limit: int
    eligible: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Post:
    """A post by a person, and what really became of it; times in seconds since 1970.

    `answers` are other people's replies as (at, member), by time. `mentions` are people whom it names.
    """

    id: str
    at: float
    author: str
    newcomer: bool = False
    mentions: bool = False
    answers: tuple[tuple[float, str], ...] = ()
    asks: tuple[Ask, ...] = ()

    @property
    def wait(self) -> float:
        """The seconds until another person replied, infinite for never."""
        return max(0.0, self.answers[0][0] - self.at) if self.answers else math.inf

    @property
    def silent_day(self) -> bool:
        return self.wait > DAY

    @property
    def silent_week(self) -> bool:
        return self.wait > WEEK

    def asked_after(self) -> float:
        """Give the seconds until somebody would have been asked, infinite for never."""
        return self.asks[0].at - self.at if self.asks else math.inf

    def answered_by(self, ask: Ask) -> bool:
        """Say whether the asked person really replied in the week after the ask."""
        return any(who == ask.member and ask.at <= at <= ask.at + WEEK for at, who in self.answers)

    def answered_after(self, ask: Ask) -> bool:
        """Say whether any other person really replied in the week after the ask."""
        return any(ask.at <= at <= ask.at + WEEK for at, _ in self.answers)


@dataclass(frozen=True, slots=True)
class Backtest:
    """What one archive's backtest found. `posts` are those that are judged, by time: the last week's are left out.

    `eligible` says who could be asked; `facts` are counts of the archive.
    """

    archive: str
    model: str
    eligible: str
    facts: Mapping[str, float]
    posts: tuple[Post, ...]
    notes: tuple[str, ...] = ()
