"""What an invented community is like: rates and spreads, read off an archive (`fit.py`) or one of two that are here."""

from dataclasses import asdict, dataclass
from typing import Any

HOURS = (1, 4, 12, 24, 72, 168)


@dataclass(frozen=True, slots=True)
class Parameters:
    """`still_open` has the share of posts without an answer at each of HOURS, over all, where nobody is asked.

    `newcomers` is the share of posts that are somebody's first, and `newcomers_open` of these are without an answer
    after a day. `told_apart` is how often of two posts the one that stays silent for a day can be told in advance: it
    sets the spread that can be seen; `hidden` adds one that cannot, as a standard deviation of the log hazard.
    `helpers` answer, the nth of them as n to the power of minus `concentration`.
    """

    posts_per_day: float
    newcomers: float
    still_open: tuple[float, ...]
    newcomers_open: float
    told_apart: float
    concentration: float
    hidden: float = 0.4
    helpers: int = 40
    champions: int = 8
    leaders: int = 2
    history_days: int = 60

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
