"""Leave whole weeks without asking, drawn at random, to see what asking adds to all posts of a community together.

A post that is left alone frees attention for others, so what a holdout of posts says of one post may be taken from
another. Of a whole week nothing can be taken: in it nobody is asked about anything, but who was named by a person, and
newcomers' first posts unless the operator says so.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.nudge.documents import EFFECTS, WEEK_POSTS, WEEKS, Opportunity, Running, Totals, Week, WeekPost
from services.nudge.effect import with_outcome
from services.nudge.hold import chance_draw
from services.nudge.manners import manners_of, mode_of
from services.nudge.measure import Outcome, added, week_of
from services.nudge.naming import SOURCE
from services.nudge.round import leave_alone, next_round
from services.nudge.state import NudgeCommunity
from shared.events import Event, Kind, Mode, WeekDrawn

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
# What became of a week's posts is expected of so many weeks before it, as far as they were drawn too.
WEEKS_EXPECTED_OF: Final = 4
# Timers that are due at the same time fire by name: this one first, so that nobody is asked before it is drawn.
BEGIN_WEEK: Final = "a_week"
# The whole community, as the subject of a timer.
_ALL: Final = "all"


def monday_after(at: datetime) -> datetime:
    """Give the beginning of the next ISO week, in UTC."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=7 - day.weekday())


def plan_weeks(state: NudgeCommunity, clock: datetime) -> None:
    """Have weeks drawn from the next Monday on, where operators want that: the week that runs is none of them."""
    if state.settings.switchback_share > 0:
        state.documents.set_timer(BEGIN_WEEK, _ALL, monday_after(clock))


def begin_week(state: NudgeCommunity, clock: datetime) -> list[Event]:
    """Count the week that is over, and draw whether anybody is asked in the one that begins."""
    share = state.settings.switchback_share
    if state.is_closed() or mode_of(manners_of(state.documents), Kind.REPLY) is Mode.DRY_RUN:
        # Nobody is asked either way.
        plan_weeks(state, clock)
        return []
    _count_week(state, week_of(clock - _WEEK), clock)
    if share == 0:
        return []
    name = week_of(clock)
    asking = chance_draw(state.community, "week", name, state.settings.holdout_salt) >= share
    state.documents.put(WEEKS, name, replace(_week(state, name), asking=asking, share=share))
    plan_weeks(state, clock)
    return [
        WeekDrawn(
            id=f"week/{name}/drawn", source=SOURCE, at=clock.astimezone(UTC), community=state.community, week=name,
            asking=asking, share=share,
        )
    ]  # fmt: skip


def let_wait(
    state: NudgeCommunity, posts: Mapping[str, datetime | None], clock: datetime
) -> dict[str, datetime | None]:
    """Give the posts that somebody may be asked about this week; the others wait for the next, if they can."""
    over = _over(state, clock)
    if over is None:
        return dict(posts)
    free, left = dict[str, datetime | None](), dict[str, datetime | None]()
    for post, named in posts.items():
        opportunity = state.opportunity(post)
        assert opportunity is not None
        if not _is_switched(state, opportunity):
            free[post] = named
            continue
        left[post] = named
        # Whom it was handed to is asked in whatever week.
        if (at := min(over, named or over)) < opportunity.ends:
            state.documents.set_timer("decide", post, at)
    leave_alone(state, left, week_of(clock), clock)
    return free


def waits_until(state: NudgeCommunity, opportunity: Opportunity, clock: datetime) -> datetime | None:
    """Give when somebody may be asked about it, as nobody is this week; None where they may be now."""
    return _over(state, clock) if _is_switched(state, opportunity) else None


def _over(state: NudgeCommunity, clock: datetime) -> datetime | None:
    """Give when a week without asking is over; None in any other one."""
    if state.settings.switchback_share == 0 or _week(state, week_of(clock)).asking is not False:
        return None
    return next_round(state, monday_after(clock))


def follow(state: NudgeCommunity, post: str, clock: datetime) -> None:
    """Follow for a day what becomes of a new post of a week that was drawn, if that day lies in the week."""
    opportunity, known = state.opportunity(post), state.documents.get(WEEK_POSTS, post)
    if opportunity is None or known is not None or not _is_switched(state, opportunity):
        return
    published, over = opportunity.published, opportunity.published + _DAY
    name = week_of(published)
    if _week(state, name).asking is None or over >= monday_after(published) or over <= clock:
        return
    answered = state.post(post)
    replied = published if answered is not None and answered.answered else None
    state.documents.put(WEEK_POSTS, post, WeekPost(published, replied))
    state.documents.set_timer("day", post, over)


def measure_day(state: NudgeCommunity, post: str) -> list[Event]:
    """Count whether a post was answered within its day, and how much of it was silent."""
    known = state.documents.get(WEEK_POSTS, post)
    if known is None:
        return []
    state.documents.drop(WEEK_POSTS, post)
    written = state.post(post)
    if written is not None and written.removed:
        return []  # That nobody answered it says nothing.
    waited = _DAY if known.replied is None else min(max(known.replied - known.published, timedelta()), _DAY)
    name = week_of(known.published)
    week = _week(state, name)
    within = known.replied is not None and known.replied - known.published <= _DAY
    whole = added(week.whole, Outcome.ANSWERED_FROM_POST, float(within))
    whole = added(whole, Outcome.SILENT_DAY, waited / _DAY)
    state.documents.put(WEEKS, name, replace(week, whole=whole))
    return []


def _is_switched(state: NudgeCommunity, opportunity: Opportunity) -> bool:
    """Say whether nobody is asked about it in a week without asking."""
    welcomed = opportunity.kind is Kind.WELCOME and not state.settings.holdout_welcome
    return not (opportunity.sensitive or welcomed)


def _count_week(state: NudgeCommunity, name: str, clock: datetime) -> None:
    """Take a week that is over as one outcome: the share of its posts, whatever their number.

    One in which operators turned this on or off, or chose another share, counts for nothing.
    """
    week = _week(state, name)
    if week.asking is None or week.share != state.settings.switchback_share:
        return
    before = [_week(state, week_of(clock - (ago + 2) * _WEEK)) for ago in range(WEEKS_EXPECTED_OF)]
    for outcome, (known, total) in week.whole.outcomes.items():
        expected = _mean([one.whole for one in before], outcome)
        if expected is None:
            continue  # The first one says only what is to be expected of the next.
        was = state.documents.get(EFFECTS, week_key(outcome)) or Running()
        now = with_outcome(was, total / known, held=not week.asking, share=week.share, forecast=expected)
        state.documents.put(EFFECTS, week_key(outcome), now)


def week_key(outcome: str) -> str:
    """Name the effect on whole weeks, beside that on single posts."""
    return f"week/{outcome}"


def _mean(weeks: list[Totals], outcome: str) -> float | None:
    found = [totals.outcomes[outcome] for totals in weeks if outcome in totals.outcomes]
    known = sum(count for count, _ in found)
    return sum(total for _, total in found) / known if known else None


def _week(state: NudgeCommunity, name: str) -> Week:
    return state.documents.get(WEEKS, name) or Week()
