"""What decides when somebody is asked about a post, and who of those that may be asked: the value, or another rule.

Who may be asked (role, hours, budget, opt-out, never twice) is no part of it. Others than `ByValue` are for
simulations, which compare them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from services.nudge.choose import Applicant
from services.nudge.documents import Opportunity
from services.nudge.kinds import patience_hours, wait_hours
from services.nudge.ladder import in_turn
from services.nudge.settings import NudgeSettings
from services.nudge.waiting import Curve, best_age
from services.nudge.worth import worth_of
from shared.events import Role


class Policy(Protocol):
    def ready(self, post: str, opportunity: Opportunity, clock: datetime, settings: NudgeSettings) -> datetime:
        """Say from when on somebody is to be asked about a post whose opportunity opens at the clock."""
        ...

    def worth(
        self, post: str, opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings
    ) -> float:
        """Give what asking somebody is worth; of a round's ways to ask, that of the highest sum is taken, above 0."""
        ...

    def in_turn(
        self,
        worth: Mapping[str, float],
        applicants: Mapping[str, Applicant],
        asked: Collection[Role],
        settings: NudgeSettings,
    ) -> Collection[str]:
        """Give those of the applicants whom it is the turn to ask; `asked` are the roles of who was asked before."""
        ...


class ByValue:
    """Ask when waiting for an answer by itself is no longer worth it, whoever's answer adds most."""

    def ready(self, post: str, opportunity: Opportunity, clock: datetime, settings: NudgeSettings) -> datetime:
        published, kind = opportunity.published, opportunity.kind
        if not opportunity.still_open:
            return max(clock, published + timedelta(hours=wait_hours(kind, settings)))
        age = max(0.0, (clock - published) / timedelta(hours=1))
        curve = Curve.of(opportunity.still_open)
        best = best_age(curve, age, patience_hours(kind, settings), settings.opportunity_hours)
        return max(clock, published + timedelta(hours=best) if best > age else published)

    def worth(
        self, post: str, opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings
    ) -> float:
        return worth_of(opportunity, applicant, clock, settings)

    def in_turn(
        self,
        worth: Mapping[str, float],
        applicants: Mapping[str, Applicant],
        asked: Collection[Role],
        settings: NudgeSettings,
    ) -> Collection[str]:
        return in_turn(worth, applicants, asked, settings.ladder_lead) if settings.ladder else applicants.keys()


BY_VALUE = ByValue()
