"""The attention budget: how often a member may be asked in a week, over all kinds together."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.nudge.documents import Member
from services.nudge.settings import NudgeSettings
from shared.events import Role

WEEK = timedelta(hours=7 * 24)


def role_of(member: Member) -> Role:
    """Give the role that a member is asked in; who is both leader and champion has a leader's time."""
    for role in (Role.LEADER, Role.CHAMPION):
        if role in member.roles:
            return role
    return Role.MEMBER


def weekly_limit(member: Member, settings: NudgeSettings) -> int:
    """Give the asks that a member may have in 7 x 24 h."""
    own = member.weekly_asks
    limit = min(settings.weekly_asks_cap, settings.default_asks(role_of(member)) if own is None else own)
    for _ in member.less:
        limit = halved(limit)
    return limit


def reserved(limit: int, settings: NudgeSettings) -> int:
    """Give how many of a week's asks are kept for what is urgent: never all of them."""
    return max(0, min(limit - 1, math.floor(settings.reserve_share * limit + 0.5)))


def usable_limit(member: Member, settings: NudgeSettings, *, urgent: bool) -> int:
    """Give up to how many asks in 7 x 24 h one more may come: all of the limit, or without what is kept."""
    limit = weekly_limit(member, settings)
    return limit if urgent else limit - reserved(limit, settings)


def halved(limit: int) -> int:
    """Give the limit after `less`: half, at least 1, and never more than before."""
    return min(limit, max(1, limit // 2))


def within_week(times: Sequence[datetime], clock: datetime) -> tuple[datetime, ...]:
    """Give the asks of the last 7 x 24 h, oldest first."""
    return tuple(sorted(t for t in times if t > clock - WEEK))


def free_at(times: Sequence[datetime], limit: int, clock: datetime) -> datetime | None:
    """Give the first time from `clock` on when one more ask is within the limit; None where it never is."""
    if limit <= 0:
        return None
    asked = within_week(times, clock)
    return clock if len(asked) < limit else asked[len(asked) - limit] + WEEK
