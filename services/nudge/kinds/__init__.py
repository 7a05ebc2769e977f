"""All kinds of nudges, each in a file of its own; adding one is described in the README."""

from datetime import timedelta
from typing import Final

from services.nudge.kinds.anatomy import Anatomy
from services.nudge.kinds.attend import ATTEND
from services.nudge.kinds.connect import CONNECT
from services.nudge.kinds.gather import GATHER
from services.nudge.kinds.introduce import INTRODUCE
from services.nudge.kinds.reply import REPLY
from services.nudge.kinds.routine import ROUTINE
from services.nudge.kinds.share import SHARE
from services.nudge.kinds.welcome import WELCOME
from services.nudge.settings import NudgeSettings
from shared.events import Kind, MatchesRanked

ALL: Final = (REPLY, WELCOME, CONNECT, INTRODUCE, SHARE, ROUTINE, GATHER, ATTEND)
KINDS: Final[dict[Kind, Anatomy]] = {anatomy.kind: anatomy for anatomy in ALL}


def kind_of_post(event: MatchesRanked) -> Kind:
    """Give the kind of nudge that a ranked post may bring."""
    return next(anatomy.kind for anatomy in ALL if anatomy.ranked is not None and anatomy.ranked(event))


def stands(kind: Kind, settings: NudgeSettings) -> timedelta:
    """Give how long an ask of a kind, or the proposal of one, stands before the next person's turn."""
    return KINDS[kind].stands(settings)


def patience_hours(kind: Kind, settings: NudgeSettings) -> float:
    """Give how many hours of a post's silence weigh as much as one ask; 0 where it is about no post."""
    told = KINDS[kind].patience_hours
    return told(settings) if told is not None else 0.0


def wait_hours(kind: Kind, settings: NudgeSettings) -> float:
    """Give how many hours a post waits of which nothing is known."""
    told = KINDS[kind].wait_hours
    return told(settings) if told is not None else 0.0
