"""Leave some posts alone at random, at the moment when somebody would first have been asked, to measure asking.

Later draws would compare posts that differ by what asking did, earlier ones posts that nobody would be asked about.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.nudge.documents import NEWCOMERS, TRIALS, Newcomer, Opportunity, Trial
from services.nudge.naming import SOURCE, short_hash
from services.nudge.settings import NudgeSettings
from services.nudge.state import NudgeCommunity
from services.nudge.waiting import Curve
from shared.events import Event, Kind, OpportunityHeld

# What became of a post, and whether its author came back, is known so long after the decision.
MEASURED_AFTER = timedelta(hours=72)
RETURNS_WITHIN = (timedelta(days=7), timedelta(days=28))
# Sixteen to so many is what a float holds exactly.
_DIGITS = 13


def chance_draw(*parts: str) -> float:
    """Draw a number from 0 up to 1 by what it is drawn for: the same each time."""
    return int(short_hash(*parts)[:_DIGITS], 16) / float(16**_DIGITS)


def share_held(kind: Kind, settings: NudgeSettings) -> float:
    """Give the share of posts of a kind that are left alone."""
    return 0.0 if kind is Kind.WELCOME and not settings.holdout_welcome else settings.holdout_share


def enrol(state: NudgeCommunity, post: str, opportunity: Opportunity, clock: datetime) -> Event | None:
    """Follow from now on what becomes of a post that somebody is to be asked about; where it is held, say so.

    None: go on and ask. A post that was asked about before is in, one way or the other.
    """
    # What is no post has nobody who waits for an answer, and no course of its own to compare with.
    if opportunity.asked or opportunity.subject is not None or state.documents.get(TRIALS, post) is not None:
        return None
    share = share_held(opportunity.kind, state.settings)
    held = chance_draw(state.community, post, state.settings.holdout_salt) < share
    trial = Trial(opportunity.published, clock, held, share, _forecast(opportunity, clock))
    state.documents.put(TRIALS, post, trial)
    state.documents.set_timer("measure", post, clock + MEASURED_AFTER)
    if opportunity.kind is Kind.WELCOME and state.documents.get(NEWCOMERS, opportunity.author) is None:
        state.documents.put(NEWCOMERS, opportunity.author, Newcomer(post, clock, held, share))
        state.documents.set_timer("return", opportunity.author, clock + RETURNS_WITHIN[0])
    return _hold(state, post, opportunity, trial) if held else None


def _forecast(opportunity: Opportunity, clock: datetime) -> float:
    """Give how likely a post is to be answered within a day; 0 where nothing is known of it."""
    if not opportunity.still_open:
        return 0.0
    age = max(0.0, (clock - opportunity.published) / timedelta(hours=1))
    return round(1 - Curve.of(opportunity.still_open).stays_open(age, 24), 6)


def _hold(state: NudgeCommunity, post: str, opportunity: Opportunity, trial: Trial) -> Event:
    state.put_opportunity(post, replace(opportunity, held=trial.decided))
    return OpportunityHeld(
        id=f"opportunity/{state.nudge_id(post, '')}/held",
        source=SOURCE,
        at=trial.decided.astimezone(UTC),
        community=state.community,
        post=post,
        channel=opportunity.channel,
        kind=opportunity.kind,
        published=opportunity.published.astimezone(UTC),
        share=trial.share,
    )
