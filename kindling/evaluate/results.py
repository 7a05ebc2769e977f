"""What an evaluation found, case by case: everything that is reported is computed from these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# So many places of each ranking are kept; what comes later counts as not found.
KEPT = 100


class Task(StrEnum):
    """What is evaluated."""

    RESPONDERS = "responders"
    POSTS = "posts"
    PEERS = "peers"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Case:
    """One list that was ranked: for a post (responders) or a member (posts, peers), by each method.

    `at` is in seconds since 1970. `relevant` are the ids that turned out right, who was first in front; for the
    task `responders` some may never have been rankable, and still count as missed. `ranked` has for each method
    the first 100 ids at most, best first. `cluster` is what the bootstrap draws: the thread, or the member.
    `groups` name the subsets that are reported apart, such as "first-time authors".
    """

    id: str
    at: float
    cluster: str
    relevant: tuple[str, ...]
    ranked: Mapping[str, tuple[str, ...]]
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ranked:
    """All cases of a ranking task. `ours` names Kindling's method; those that are no baselines are ablations.

    `facts` are figures that go with the task, by name: how many people could be ranked at the median, the share of
    first responders that the first stage let through, milliseconds a post.
    """

    task: Task
    ours: str
    baselines: tuple[str, ...]
    cases: tuple[Case, ...]
    notes: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forecast:
    """How likely a post was said to stay without a reply for 24 h after its birth, still open at `age` (hours).

    `probabilities` has one for each method; `silent` is what happened.
    """

    id: str
    at: float
    cluster: str
    age: float
    probabilities: Mapping[str, float]
    silent: bool


@dataclass(frozen=True, slots=True)
class Silence:
    """All forecasts of the silence task."""

    ours: str
    baselines: tuple[str, ...]
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one archive's evaluation found. `facts` are counts of the archive: messages, posts, people, days."""

    archive: str
    model: str
    facts: Mapping[str, float]
    ranked: tuple[Ranked, ...] = ()
    silence: Silence | None = None
