"""Measure what became of posts that were asked about, and of those that were left alone, and of who wrote them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from services.nudge.documents import (
    EFFECTS,
    NEWCOMERS,
    TRIALS,
    WEEK_POSTS,
    WEEKS,
    Newcomer,
    Running,
    Totals,
    Trial,
    Week,
)
from services.nudge.effect import with_outcome
from services.nudge.hold import MEASURED_AFTER, RETURNS_WITHIN
from services.nudge.state import NudgeCommunity
from shared.events import Event

_DAY = timedelta(hours=24)


class Outcome(StrEnum):
    """What asking may change; each is from 0 to 1."""

    # By another person, within 24 h of when somebody was asked, or would have been.
    ANSWERED = "answered_within_a_day"
    # The same within 24 h of the post.
    ANSWERED_FROM_POST = "answered_within_a_day_of_the_post"
    # The share of `MEASURED_AFTER` up to the first reply.
    SILENT = "share_of_three_days_in_silence"
    # A newcomer wrote something elsewhere than below their first post.
    AGAIN_WEEK = "wrote_again_within_7_days"
    AGAIN_MONTH = "wrote_again_within_28_days"
    # The share of a post's first day up to the first reply: of whole weeks.
    SILENT_DAY = "share_of_the_first_day_in_silence"
    # Of those who were brought together: whether they exchanged anything, and whether that lasted. Counted apart.
    MET = "met_when_asked"
    LASTED = "kept_in_touch_for_28_days"


# What is compared with posts that were left alone.
TRIED = tuple(outcome for outcome in Outcome if outcome not in (Outcome.SILENT_DAY, Outcome.MET, Outcome.LASTED))
# What is compared between weeks with asking and without.
SWITCHED = (Outcome.ANSWERED_FROM_POST, Outcome.SILENT_DAY)
_RETURNS = (Outcome.AGAIN_WEEK, Outcome.AGAIN_MONTH)


def replied(state: NudgeCommunity, post: str, at: datetime) -> None:
    """Note that another person's reply to a post came."""
    trial = state.documents.get(TRIALS, post)
    if trial is not None and (trial.replied is None or at < trial.replied):
        state.documents.put(TRIALS, post, replace(trial, replied=at))
    known = state.documents.get(WEEK_POSTS, post)
    if known is not None and (known.replied is None or at < known.replied):
        state.documents.put(WEEK_POSTS, post, replace(known, replied=at))


def unanswered(state: NudgeCommunity, post: str) -> None:
    """Note that all that answered a post was removed."""
    if (trial := state.documents.get(TRIALS, post)) is not None:
        state.documents.put(TRIALS, post, replace(trial, replied=None))
    if (known := state.documents.get(WEEK_POSTS, post)) is not None:
        state.documents.put(WEEK_POSTS, post, replace(known, replied=None))


def wrote(state: NudgeCommunity, author: str, post: str, at: datetime) -> None:
    """Note that a newcomer came back: they wrote a post, or below another one than their first."""
    newcomer = state.documents.get(NEWCOMERS, author)
    if newcomer is None or post == newcomer.post or at <= newcomer.decided:
        return
    if newcomer.returned is None or at < newcomer.returned:
        state.documents.put(NEWCOMERS, author, replace(newcomer, returned=at))


def measure_answer(state: NudgeCommunity, post: str) -> list[Event]:
    """Count what became of a post, and follow it no more."""
    trial = state.documents.get(TRIALS, post)
    if trial is None:
        return []
    state.documents.drop(TRIALS, post)
    waited = MEASURED_AFTER if trial.replied is None else max(trial.replied - trial.decided, timedelta())
    from_post = None if trial.replied is None else trial.replied - trial.published
    _count(state, trial, Outcome.ANSWERED, float(waited <= _DAY), trial.forecast)
    _count(state, trial, Outcome.ANSWERED_FROM_POST, float(from_post is not None and from_post <= _DAY))
    _count(state, trial, Outcome.SILENT, min(1.0, waited / MEASURED_AFTER))
    return []


def measure_return(state: NudgeCommunity, member: str) -> list[Event]:
    """Count whether a newcomer has come back, after each of the times within which it matters."""
    newcomer = state.documents.get(NEWCOMERS, member)
    if newcomer is None:
        return []
    within = RETURNS_WITHIN[newcomer.measured]
    back = newcomer.returned is not None and newcomer.returned <= newcomer.decided + within
    _count(state, newcomer, _RETURNS[newcomer.measured], float(back))
    counted = newcomer.measured + 1
    if counted == len(RETURNS_WITHIN):
        state.documents.drop(NEWCOMERS, member)
    else:
        state.documents.put(NEWCOMERS, member, replace(newcomer, measured=counted))
        state.documents.set_timer("return", member, newcomer.decided + RETURNS_WITHIN[counted])
    return []


def forget(state: NudgeCommunity, member: str) -> None:
    """Follow a forgotten member no more; their first post stays in the trial without them."""
    state.documents.drop(NEWCOMERS, member)
    state.documents.cancel_timer("return", member)


def _count(state: NudgeCommunity, of: Trial | Newcomer, outcome: Outcome, value: float, forecast: float = 0.0) -> None:
    """Add an outcome to its week, and to the effect of asking where it was drawn whether to ask."""
    name = week_of(of.decided)
    week = state.documents.get(WEEKS, name) or Week()
    state.documents.put(WEEKS, name, _with(week, of, outcome, value))
    if of.share > 0:
        was = state.documents.get(EFFECTS, outcome) or Running()
        now = with_outcome(was, value, held=of.held, share=of.share, forecast=forecast)
        state.documents.put(EFFECTS, outcome, now)


def count_apart(state: NudgeCommunity, at: datetime, outcome: Outcome, value: float) -> None:
    """Add an outcome to the week of a time, of what is in no trial."""
    name = week_of(at)
    week = state.documents.get(WEEKS, name) or Week()
    state.documents.put(WEEKS, name, replace(week, apart=added(week.apart, outcome, value)))


def week_of(at: datetime) -> str:
    """Name the ISO week that a time lies in, in UTC."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


def _with(week: Week, of: Trial | Newcomer, outcome: Outcome, value: float) -> Week:
    if of.share == 0:
        return replace(week, apart=added(week.apart, outcome, value))
    if of.held:
        return replace(week, held=added(week.held, outcome, value))
    return replace(week, asked=added(week.asked, outcome, value))


def added(totals: Totals, outcome: Outcome, value: float) -> Totals:
    """Give the totals with one more outcome."""
    known, total = totals.outcomes.get(outcome, (0, 0.0))
    # Sorted: what is stored is the same, byte for byte, whichever outcome was known first.
    return Totals(dict(sorted({**totals.outcomes, outcome.value: (known + 1, total + value)}.items())))
