"""What the invented community talks about, and where."""

from dataclasses import dataclass
from typing import Final

from kindling.demo.phrase import Topic
from kindling.demo.talk_code import ENVIRONMENTS, ERRORS, LOOPS, TESTING, VERSIONS
from kindling.demo.talk_data import CHARTS, DATES, MODELS, REGRESSION, TABLES, TESTS
from kindling.demo.talk_teaching import FEEDBACK, INTRODUCTIONS, MENTORING, NOTEBOOKS, PLANNING, SESSIONS
from shared.events import Privacy


@dataclass(frozen=True, slots=True)
class Place:
    """A channel of the invented community; its id is its name."""

    name: str
    privacy: Privacy = Privacy.PUBLIC


WELCOME: Final = "welcome"
COURSE_TEAM: Final = "course-team"
MENTORS: Final = "mentors"

PLACES: Final = (
    Place(WELCOME),
    Place("python-basics"),
    Place("data-wrangling"),
    Place("statistics"),
    Place("charts"),
    Place("first-models"),
    Place("tools-and-setup"),
    Place("teaching"),
    Place(COURSE_TEAM, Privacy.PRIVATE),
    Place(MENTORS, Privacy.PRIVATE),
)

# What anybody may ask about at any time: all but introductions, and what is talked of behind closed doors.
OPEN_TOPICS: Final = (
    LOOPS, ERRORS, TESTING, ENVIRONMENTS, VERSIONS, TABLES, DATES, TESTS, REGRESSION, CHARTS, MODELS, NOTEBOOKS,
    FEEDBACK, SESSIONS,
)  # fmt: skip
CLOSED_TOPICS: Final = (PLANNING, MENTORING)
TOPICS: Final[tuple[Topic, ...]] = (*OPEN_TOPICS, *CLOSED_TOPICS, INTRODUCTIONS)
