"""The shape of a backtest's summary, as `--json` writes it.

Only fields are added to it; `format` grows when one changes its meaning or goes. Shares lie between 0 and 1 and are
rounded to six digits; times are ISO 8601 in UTC. An `Estimate` has the 95 % interval of a bootstrap over posts, None
where there are fewer than ten.
"""

from typing import TypedDict

from kindling.evaluate.shapes import Estimate, SharedPlaces

FORMAT = 1


class Outcomes(TypedDict):
    """Each post is one of these; a post is answered where another person replied within seven days.

    Without an ask: `answered_unasked`, before one was due, and `missed`, never. Asked about: `answered_by_asked`,
    `answered_by_others`, and `silent_asked`, which nobody answered.
    """

    answered_unasked: int
    answered_by_asked: int
    answered_by_others: int
    silent_asked: int
    missed: int


class Precision(TypedDict):
    """How often who was asked really replied in the week after.

    `by_chance` is that share for anybody who could be asked then, `most_active` for the one of these who had answered
    most in the 90 days before, asked no more often than they may be; None where everybody could be asked.
    """

    asks: int
    right: Estimate
    by_chance: float | None
    most_active: float | None


class Caught(TypedDict):
    """Posts that nobody answered in time: how many of them would have been asked about by then, and when.

    `by_hours` has (hours, share of them asked about by then).
    """

    posts: int
    caught: int
    share: float | None
    median_hours: float | None
    by_hours: list[tuple[float, float]]


class Load(TypedDict):
    """How asks are shared among the `people` who could be asked at some time.

    `most_in_week` is the most that anybody has in any 7 x 24 h, `over_budget` how many asks went beyond their limit.
    `really` has the posts that the same people really answered.
    """

    people: int
    asked: int
    most: int
    most_in_week: int
    over_budget: int
    asks: SharedPlaces
    really: SharedPlaces


class Person(TypedDict):
    """Somebody who would have been asked, by number of asks; `name` only where names are wished."""

    place: int
    name: str | None
    role: str
    asks: int
    most_in_week: int
    weekly_limit: int
    right: int
    really_answered: int


class Period(TypedDict):
    """All that is said of some time. `silent_day` and `silent_week`: posts without an answer of another person then."""

    name: str
    since: str
    until: str
    posts: int
    silent_day: int
    silent_week: int
    asks: int
    asks_by_kind: dict[str, int]
    outcomes: Outcomes
    precision: dict[str, Precision]
    caught_in_a_day: Caught
    caught_at_all: Caught
    load: Load
    busiest: list[Person]


class Week(TypedDict):
    """A week from Monday, 0:00 UTC: its posts and what became of them, and the asks that were made in it.

    `silent_day` posts had no answer within 24 h, and `caught` of them were asked about by then. Of the `asks`, `right`
    were to somebody who really replied, `answered` about posts that somebody answered in the week after.
    """

    since: str
    posts: int
    silent_day: int
    caught: int
    asks: int
    right: int
    answered: int
    people: int
    most: int


class Summary(TypedDict):
    """One archive's backtest; `periods` are the whole and the last year, where it is longer than that."""

    format: int
    archive: str
    model: str
    eligible: str
    facts: dict[str, float]
    periods: list[Period]
    weeks: list[Week]
    notes: list[str]
