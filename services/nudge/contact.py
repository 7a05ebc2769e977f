"""The first contact: who is about to be asked for the first time hears first what this is, who runs it and why."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from services.nudge.choose import PASSING, Applicant, Bar
from services.nudge.documents import MEMBERS
from services.nudge.manners import introduced_at, manners_of
from services.nudge.naming import SOURCE
from services.nudge.state import NudgeCommunity
from shared.events import Event, Kind, MemberContacted

_WAITING = PASSING | {Bar.CONSENT}


def contact(
    state: NudgeCommunity, kind: Kind, barred: Iterable[tuple[Applicant, tuple[Bar, ...]]], clock: datetime
) -> list[Event]:
    """Tell those of it who would be asked, had they heard of it."""
    events: list[Event] = []
    for applicant, reasons in barred:
        name = applicant.candidate.member
        member = state.member(name)
        if not reasons or not _WAITING.issuperset(reasons) or member is None or member.contacted is not None:
            continue
        if introduced_at(manners_of(state.documents), kind, member, clock, state.settings) is None:
            continue
        state.documents.put(MEMBERS, name, replace(member, contacted=clock))
        events.append(
            MemberContacted(
                id=f"contact/{state.nudge_id('', name)}/{clock.astimezone(UTC).isoformat()}",
                source=SOURCE,
                at=clock.astimezone(UTC),
                community=state.community,
                member=name,
            )
        )
    return events
