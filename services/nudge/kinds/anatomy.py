"""What every kind of nudge says of itself: one frozen object, in one file of its own. Pure.

Budget, hours, rounds, delivery and the log are the same for all; a kind says only what is its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.nudge.documents import Candidate, Closing, Opportunity, Subject
from services.nudge.settings import NudgeSettings
from shared.events import Event, Kind, MatchesRanked

if TYPE_CHECKING:
    # What the state decides by is made of kinds.
    from services.nudge.state import NudgeCommunity


@dataclass(frozen=True, slots=True)
class Opening:
    """Something that people may be asked about from `ready` to `ends`, under a key; and began at `begun`.

    Of something that is open already nothing changes, or, where it `adds`, who could be asked too.
    """

    key: str
    subject: Subject
    begun: datetime
    ready: datetime
    ends: datetime
    candidates: tuple[Candidate, ...]
    channel: str = ""
    model: str = "rules"
    adds: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """Nobody is to be asked any more about what is under a key."""

    key: str
    closing: Closing


@dataclass(frozen=True, slots=True)
class Acting:
    """What was asked about a key has happened; by `member` where only who did it has acted, else by whoever was asked.

    `message` is what did it, if anything was written.
    """

    key: str
    member: str | None = None
    message: str | None = None


Opens = Callable[["NudgeCommunity", Any, datetime], Iterable[Opening]]
Ends = Callable[["NudgeCommunity", Any], Iterable[Ending]]
Acts = Callable[["NudgeCommunity", Any], Iterable[Acting]]


def nothing_else(_state: "NudgeCommunity", _opportunity: Opportunity) -> bool:
    """Say that a kind asks nothing of an opportunity but what all kinds do."""
    return True


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A kind of nudge.

    `worth` is what one response is worth, in answers to a post: 0 turns the kind off. `stands` is how long one ask
    stands before the next person is asked. `wanted` says whether an open opportunity still makes sense. `personal`: it
    is about who is asked, and can be handed over to nobody.

    What it is about: of a post, `ranked` says whether a ranking opens it; it waits for an answer by itself as long as
    `patience_hours` say, or `wait_hours` where nothing is known. Of anything else, `opens` gives openings by the event
    that brings them, and `planned` once a day.

    Its outcome: `acts` by the event that shows that somebody did it; a reply does it for posts (outcomes.py). `ends` by
    the event after which nobody is to be asked any more.
    """

    kind: Kind
    worth: Callable[[NudgeSettings], float]
    stands: Callable[[NudgeSettings], timedelta]
    wanted: Callable[["NudgeCommunity", Opportunity], bool] = nothing_else
    personal: bool = False
    ranked: Callable[[MatchesRanked], bool] | None = None
    patience_hours: Callable[[NudgeSettings], float] | None = None
    wait_hours: Callable[[NudgeSettings], float] | None = None
    opens: Mapping[type[Event], Opens] = field(default_factory=dict)
    planned: Callable[["NudgeCommunity", datetime], Iterable[Opening]] | None = None
    ends: Mapping[type[Event], Ends] = field(default_factory=dict)
    acts: Mapping[type[Event], Acts] = field(default_factory=dict)
