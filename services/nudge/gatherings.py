"""Follow gatherings until they are over: of two facts about the same thing the later one holds."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.nudge.documents import GATHERINGS, Gathering
from services.nudge.follow import told
from services.nudge.state import NudgeCommunity
from shared.events import Event, GatheringChanged, GatheringScheduled
from shared.stamps import stamp_of

# News of a gathering may come late, and before those that it was scheduled.
_KEPT_AFTER = timedelta(days=1)


def follow_gathering(state: NudgeCommunity, event: GatheringScheduled | GatheringChanged, clock: datetime) -> None:
    """Take in what is said of a gathering that is not over."""
    names = ("title", "starts", "ends", "channel", "host") if isinstance(event, GatheringScheduled) else _CHANGES
    facts = {name: value for name in names if (value := getattr(event, name)) is not None}
    if facts.get("cancelled") is False:
        del facts["cancelled"]
    if "host" in facts and state.is_forgotten(facts["host"], event.at):
        del facts["host"]
    now = told(state.documents.get(GATHERINGS, event.gathering) or Gathering(), stamp_of(event), facts)
    until = max(now.starts or event.at, event.at) + _KEPT_AFTER
    if until <= clock and state.documents.get(GATHERINGS, event.gathering) is None:
        return
    state.documents.put(GATHERINGS, event.gathering, now)
    state.documents.set_timer("gathering", event.gathering, until)


def end_gathering(state: NudgeCommunity, gathering: str) -> list[Event]:
    """Keep nothing of a gathering that is over."""
    state.documents.drop(GATHERINGS, gathering)
    return []


def forget(state: NudgeCommunity, member: str) -> None:
    """Take a forgotten member from what they host."""
    for name, known in sorted(state.documents.table(GATHERINGS).items()):
        if known.host == member:
            state.documents.put(GATHERINGS, name, replace(known, host=None))


_CHANGES = ("title", "starts", "ends", "cancelled")
