"""Live what all kinds that are about no post have in common: open what an event brings, end it, see that it was done.

What is each kind's own is in `kinds`; once open, it is decided, asked, answered and withdrawn as posts are.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.nudge import ties
from services.nudge.act import act
from services.nudge.documents import GATHERINGS, ROUTINES, STANDING, Closing, Opportunity
from services.nudge.gatherings import follow_gathering
from services.nudge.kinds import ALL
from services.nudge.kinds.anatomy import Acting, Anatomy, Opening
from services.nudge.open_opportunity import start
from services.nudge.reconsider import why_close
from services.nudge.round import next_round
from services.nudge.routines import follow_routines
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import close
from shared.events import (
    Event,
    GatheringChanged,
    GatheringScheduled,
    RolesChanged,
    SettingsChanged,
)

_DAY: Final = timedelta(days=1)
_ABOUT: Final = frozenset({RolesChanged, SettingsChanged, GatheringScheduled, GatheringChanged})
TOLD: Final = _ABOUT.union(*({*kind.opens, *kind.ends, *kind.acts} for kind in ALL))


def follow_kinds(state: NudgeCommunity, event: Event, clock: datetime) -> list[Event]:
    """Take in what an event means to the kinds; first that something was done, as that may end it too."""
    if isinstance(event, GatheringScheduled | GatheringChanged):
        follow_gathering(state, event, clock)
    elif isinstance(event, SettingsChanged):
        follow_routines(state, event)
    events: list[Event] = []
    for kind in ALL:
        if (acts := kind.acts.get(type(event))) is not None:
            events += [out for acting in acts(state, event) for out in _act(state, kind, acting, event, clock)]
        if (ends := kind.ends.get(type(event))) is not None:
            events += [
                out
                for ending in ends(state, event)
                if _began_before(state, ending.key, event)
                for out in close(state, ending.key, ending.closing, clock)
            ]
        if (opens := kind.opens.get(type(event))) is not None and kind.worth(state.settings) > 0:
            for opening in opens(state, event, clock):
                _open(state, kind, opening, clock)
    if type(event) in _ABOUT:
        _plan(state, clock)
    return events


def _began_before(state: NudgeCommunity, key: str, event: Event) -> bool:
    """Say whether something is known of which an event may be the end: not one that was over when it began."""
    opportunity = state.opportunity(key)
    return opportunity is not None and opportunity.published <= event.at


def plan_day(state: NudgeCommunity, clock: datetime) -> list[Event]:
    """Open what a new day brings."""
    for kind in ALL:
        if kind.planned is not None and kind.worth(state.settings) > 0:
            for opening in kind.planned(state, clock):
                _open(state, kind, opening, clock)
    _plan(state, clock)
    return []


def _plan(state: NudgeCommunity, clock: datetime) -> None:
    """Look again at the next day's beginning, in UTC, if anything could be planned."""
    documents = state.documents
    if state.settings.gather_days or any(documents.keys(ROUTINES)) or any(documents.keys(GATHERINGS)):
        today = clock.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        documents.set_timer("plan", "", today + _DAY)


def _open(state: NudgeCommunity, kind: Anatomy, opening: Opening, clock: datetime) -> None:
    """Open something, once; of what is open already, take over who else could be asked."""
    known = state.opportunity(opening.key)
    if known is not None:
        _add(state, opening, known, clock)
    if known is not None or state.is_closed() or opening.ends <= clock:
        return
    opportunity = Opportunity(
        kind=kind.kind,
        channel=opening.channel,
        author="",
        published=opening.begun,
        ready=opening.ready,
        ends=opening.ends,
        model=opening.model,
        candidates=opening.candidates,
        subject=opening.subject,
    )
    start(state, opening.key, opportunity)
    if (closing := why_close(state, opportunity)) is not None:
        close(state, opening.key, closing, clock)


def _add(state: NudgeCommunity, opening: Opening, known: Opportunity, clock: datetime) -> None:
    if known.closed is not None or not opening.adds:
        return
    told = {one.member: one for one in (*known.candidates, *opening.candidates)}
    ordered = sorted(told.values(), key=lambda one: (-one.score, one.member))
    ranked = tuple(replace(one, rank=rank) for rank, one in enumerate(ordered, start=1))
    if ranked != known.candidates:
        state.put_opportunity(opening.key, replace(known, candidates=ranked))
        if not state.stands(known):
            state.documents.set_timer("decide", opening.key, next_round(state, max(known.ready, clock)))


def _act(state: NudgeCommunity, kind: Anatomy, acting: Acting, event: Event, clock: datetime) -> list[Event]:
    """Join what happened to the nudge that asked for it, and close its opportunity."""
    opportunity = state.opportunity(acting.key)
    if opportunity is None or opportunity.subject is None:
        return []
    if acting.message is not None:
        ties.exchanged(state, acting.key, acting.message, event.at)
    events: list[Event] = []
    for nudge, was in state.nudges_of(opportunity):
        # At the same instant it was not because of the nudge; read again, the same log must say so, too.
        standing = was.state in STANDING and event.at > was.issued
        if not was.member or not standing or acting.member not in (None, was.member):
            continue
        events.append(act(state, nudge, was, acting.message, event.at, clock))
        ties.asked(state, kind.kind, was.issued, met=True)
        if kind.kind in ties.BRINGING_TOGETHER and acting.message is not None:
            ties.begin(state, acting.key, acting.message, event.at, clock)
    # People who have met by themselves need nobody any more.
    met = acting.member is None and opportunity.published < event.at
    return events + (close(state, acting.key, Closing.OVER, clock) if events or met else [])
