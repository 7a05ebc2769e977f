"""What it is worth to ask somebody about a post, in answers: what it may bring, less what it costs. Pure.

What it brings is the chance that they answer when asked (chance.py), as far as nobody else would within a day; less
the longer the author has waited, who may be gone or have found it elsewhere; and more for somebody's first post: a
newcomer who is answered writes again more often (Joyce & Kraut 2006, "Predicting continued participation in
newsgroups": 56 of 100 instead of 44). What it costs is their attention: each ask of a week more than the one before.
"""

from datetime import datetime, timedelta

from services.nudge.budget import weekly_limit, within_week
from services.nudge.chance import reply_chance
from services.nudge.choose import Applicant
from services.nudge.documents import Opportunity
from services.nudge.settings import NudgeSettings
from services.nudge.waiting import Curve
from shared.events import Kind


def worth_of(opportunity: Opportunity, applicant: Applicant, clock: datetime, settings: NudgeSettings) -> float:
    """Give what asking an applicant at the clock is worth."""
    chance = reply_chance(applicant.candidate.score, applicant.ratio)
    return need(opportunity, clock, settings) * chance - price(applicant, clock, settings)


def need(opportunity: Opportunity, clock: datetime, settings: NudgeSettings) -> float:
    """Give what an answer to a post is worth: how likely it is without one for a day more, times what it is worth now.

    That is the kind's weight at first, and halves with every `worth_half_life_hours` that the author has waited.
    """
    age = max(0.0, (clock - opportunity.published) / timedelta(hours=1))
    weight = settings.welcome_worth if opportunity.kind is Kind.WELCOME else 1.0
    return weight * 2 ** (-age / settings.worth_half_life_hours) * Curve.of(opportunity.still_open).stays_open(age, 24)


def price(applicant: Applicant, clock: datetime, settings: NudgeSettings) -> float:
    """Give what one more ask costs somebody: the last one of their week `attention_price`, earlier ones less."""
    assert applicant.member is not None
    asks, limit = len(within_week(applicant.asks, clock)), weekly_limit(applicant.member, settings)
    return settings.attention_price * (asks + 1) / limit if limit else settings.attention_price
