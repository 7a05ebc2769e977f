"""The oracle: Kindling's own rule, told the truth of the built-in community instead of what can be known of it."""

from datetime import datetime, timedelta

from kindling.simulate.community.community import Community
from kindling.simulate.community.parameters import HOURS
from kindling.simulate.policies import Watching
from services.nudge.choose import Applicant
from services.nudge.documents import Opportunity
from services.nudge.kinds import patience_hours
from services.nudge.settings import NudgeSettings
from services.nudge.waiting import Curve, best_age
from services.nudge.worth import price


class Oracle(Watching):
    """Knows each post's chance of an answer by itself, and each person's of replying if asked now: not the dice."""

    def __init__(self, community: Community) -> None:
        self._community = community

    def ready(self, post: str, opportunity: Opportunity, clock: datetime, settings: NudgeSettings) -> datetime:
        truth = self._community.posts[post]
        curve = Curve.of((float(hours), self._community.open_at(truth, hours)) for hours in HOURS)
        age = max(0.0, (clock - truth.at) / timedelta(hours=1))
        best = best_age(curve, age, patience_hours(opportunity.kind, settings), 24.0)
        return max(clock, truth.at + timedelta(hours=best))

    def worth(
        self, post: str, opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings
    ) -> float:
        world = self._community
        found = world.ask_worth(world.posts[post], world.helpers[applicant.candidate.member], clock)
        return found - price(applicant, clock, settings) if found else 0.0
