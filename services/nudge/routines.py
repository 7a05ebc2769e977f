"""Follow a community's routines, which are settings of it: `routine/tips` is "tue 10 | general | Top Tip Tuesday".

A weekday, an hour in UTC, a channel's id and a title; an empty text ends the routine.
"""

import re
from typing import Final

from services.nudge.documents import ROUTINES, Routine
from services.nudge.state import NudgeCommunity
from shared.events import SettingsChanged
from shared.failures import Invalid, Problem
from shared.stamps import stamp_of

PREFIX: Final = "routine/"
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM: Final = re.compile(rf"({'|'.join(_DAYS)}) ([01]?[0-9]|2[0-3]) \| (.{{1,256}}) \| (.{{1,200}})")


def follow_routines(state: NudgeCommunity, event: SettingsChanged) -> None:
    """Take in what is said of routines, the later of two things said of one; ended, it stays to hold against repeats.

    Raises:
        Invalid: a text is none that describes a routine; nothing was taken in.
    """
    told = {name.removeprefix(PREFIX): value for name, value in event.settings.items() if name.startswith(PREFIX)}
    found = {name: _read(name, value, event) for name, value in sorted(told.items())}
    for name, routine in found.items():
        known = state.documents.get(ROUTINES, name)
        if known is None or routine.stamp > known.stamp:
            state.documents.put(ROUTINES, name, routine)


def _read(name: str, value: object, event: SettingsChanged) -> Routine:
    if value == "":
        return Routine("", 0, 0, "", stamp_of(event))
    match = _FORM.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        says = 'must be as "tue 10 | CHANNEL | TITLE": weekday, hour in UTC, the channel\'s id, a title'
        raise Invalid([Problem(f"/data/settings/{PREFIX}{name}", says)])
    day, hour, channel, title = match.groups()
    return Routine(title, _DAYS.index(day), int(hour), channel, stamp_of(event))
