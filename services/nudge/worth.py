"""What it is worth to ask somebody about a post, in answers: what it may bring, less what it costs. Pure.

What it brings is the chance that they answer when asked (chance.py), as far as nobody else would within the post's
first day; less once that is over, when its author may be gone or have found it elsewhere; and more for somebody's first
post: a newcomer who is answered writes again more often (Joyce & Kraut 2006, "Predicting continued participation in
newsgroups": 56 of 100 instead of 44). What it costs is their attention: each ask of a week more than the one before.
"""

from datetime import datetime, timedelta

from services.nudge.budget import role_of, weekly_limit, within_week
from services.nudge.chance import reply_chance
from services.nudge.choose import Applicant
from services.nudge.documents import Opportunity
from services.nudge.kinds import KINDS
from services.nudge.settings import NudgeSettings
from services.nudge.waiting import Curve
from shared.events import Kind, Role

# Who is asked replies hours later; both in hours.
_REPLIES_AFTER, _DAY = 4.0, 24.0


def worth_of(opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings) -> float:
    """Give what asking an applicant at the clock is worth."""
    chance = reply_chance(applicant.candidate.score, applicant.ratio)
    brought = need(opportunity, clock, settings) * chance * standing(opportunity, applicant, settings)
    return brought - price(applicant, clock, settings)


def standing(opportunity: Opportunity, applicant: Applicant, settings: NudgeSettings) -> float:
    """Give by how much more an answer of theirs counts: a leader's fully to a newcomer, else as it is their topic."""
    if applicant.member is None or role_of(applicant.member) is not Role.LEADER:
        return 1.0
    heard = 1.0 if opportunity.kind is Kind.WELCOME else applicant.candidate.score
    return 1.0 + (settings.leader_weight - 1.0) * min(1.0, max(0.0, heard))


def need(opportunity: Opportunity, clock: datetime, settings: NudgeSettings) -> float:
    """Give what an answer to a post is worth: how likely it has none for its first day, times the kind's weight.

    An answer that will come later than that is worth half after every `late_half_life_hours`, and is needed as far as
    nobody comes before it. What is no post comes about by nobody else, and is worth its kind's weight until it ends.
    """
    weight = KINDS[opportunity.kind].worth(settings)
    if opportunity.subject is not None:
        return weight
    age = max(0.0, (clock - opportunity.published) / timedelta(hours=1))
    late = max(0.0, age + _REPLIES_AFTER - _DAY)
    open_still = Curve.of(opportunity.still_open).stays_open(age, max(_DAY - age, _REPLIES_AFTER))
    return weight * 2 ** (-late / settings.late_half_life_hours) * open_still


def is_urgent(opportunity: Opportunity, clock: datetime, settings: NudgeSettings) -> bool:
    """Say whether asking about it may use what is kept of people's weeks: a first post, one that is grave or needs it.

    What is no post waits for nobody's answer, and is never urgent.
    """
    if opportunity.subject is not None:
        return False
    first = opportunity.kind is Kind.WELCOME
    return first or opportunity.sensitive or need(opportunity, clock, settings) >= settings.urgent_worth


def price(applicant: Applicant, clock: datetime, settings: NudgeSettings) -> float:
    """Give what one more ask costs somebody: the last one of their week `attention_price`, earlier ones less.

    What they carry unasked counts as asks, where operators want it: no more than a whole week of them.
    """
    assert applicant.member is not None
    asks, limit = len(within_week(applicant.asks, clock)), weekly_limit(applicant.member, settings)
    carried = min(float(limit), settings.carried_weight * applicant.carried)
    return settings.attention_price * (asks + carried + 1) / limit if limit else settings.attention_price
