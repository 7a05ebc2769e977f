"""Digests: who gets all that they are asked at once is asked at the hour of their digest, and else not. Pure.

Nothing is gathered before: what is open then, and where their answer adds most, is asked then, at most so many things,
each of them an ask. So nothing waits for somebody who will see it days later, and all is looked at when it is sent.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.nudge.absence import days_of, zone_of
from services.nudge.budget import role_of, usable_limit, within_week
from services.nudge.documents import Member
from services.nudge.hours import Days, begins, day_after, hours_of, is_open, next_open
from services.nudge.pace import slowed_to
from services.nudge.settings import NudgeSettings
from shared.events import Digest, Role

_DAY: Final = timedelta(days=1)
# A digest of the community's may wait so long for a member's own hours.
_EARLIER: Final = timedelta(days=9)
_MOST_DAYS: Final = 400


def digest_of(member: Member, settings: NudgeSettings) -> Digest | None:
    """Give when a member gets their digest: their own wish, or for leaders the usual; None where asked one by one."""
    if member.digest is not None:
        return member.digest if member.digest.weekdays else None
    return settings.default_digest() if role_of(member) is Role.LEADER else None


def sent_since(
    member: Member, clock: datetime, settings: NudgeSettings, holidays: Sequence[Days] = ()
) -> datetime | None:
    """Give when the digest that is being sent at the clock began to be; None where none is.

    It is sent as long as a round lasts, so that the round that its time falls into is a part of it.
    """
    length = timedelta(minutes=settings.round_minutes)
    began = (at for at in _sendings(member, clock - length, settings, holidays) if at > clock - length)
    first = next(began, None)
    return first if first is not None and first <= clock else None


def next_sending(
    member: Member, asks: Sequence[datetime], at: datetime, settings: NudgeSettings, holidays: Sequence[Days] = ()
) -> datetime | None:
    """Give the first time from `at` on when a digest with room for one more thing is sent; None where none is."""
    length = timedelta(minutes=settings.round_minutes)
    for sent in _sendings(member, at - length, settings, holidays):
        if sent > at - length and not is_full(asks, sent, settings):
            return max(sent, at)
    return None


def is_full(asks: Sequence[datetime], since: datetime, settings: NudgeSettings) -> bool:
    """Say whether a digest that is sent since a time holds as much as it may."""
    return sum(at >= since for at in asks) >= settings.digest_most


def room_of(
    member: Member, asks: Sequence[datetime], let_go: Sequence[datetime], clock: datetime, settings: NudgeSettings
) -> int:
    """Give how many things somebody who may be asked now may be asked at once: more than one only in a digest."""
    digest = digest_of(member, settings)
    if digest is None or slowed_to(member, let_go, clock, settings) is not None:
        return 1
    length = timedelta(minutes=settings.round_minutes)
    so_far = sum(at > clock - length for at in asks)
    # Without what is kept for the urgent: of several things it is not said which come first.
    left = usable_limit(member, settings, urgent=False) - len(within_week(asks, clock))
    return max(1, min(settings.digest_most - so_far, left))


def _sendings(member: Member, after: datetime, settings: NudgeSettings, holidays: Sequence[Days]) -> Iterator[datetime]:
    """Give when digests are sent, in order, from a few days before a time on. One on a day off is left out.

    Who chose the hour gets it then; the community's comes within a member's hours.
    """
    digest = digest_of(member, settings)
    if digest is None:
        return
    zone, off = zone_of(member), (*days_of(member.absences), *holidays)
    first = after.astimezone(zone).date() - (_DAY if member.digest is not None else _EARLIER)
    day = first
    while day - first < timedelta(days=_MOST_DAYS):
        free = day_after(day, off)
        if free != day:
            # However long an absence is, it ends.
            first, day = first + (free - day), free
            continue
        if day.weekday() in digest.weekdays:
            at = begins(day, zone, digest.at)
            sent = at if member.digest is not None else _within_hours(at, member, settings, off)
            # In a zone that skips the day there is none.
            if sent is not None and at.astimezone(zone).date() == day:
                yield sent
        day += _DAY


def _within_hours(at: datetime, member: Member, settings: NudgeSettings, off: Sequence[Days]) -> datetime | None:
    """Give the first time from `at` on from which a member's hours last for as long as a digest is sent."""
    zone, hours, length = zone_of(member), hours_of(member, settings), timedelta(minutes=settings.round_minutes)
    sent = next_open(at, zone, hours, off)
    if sent is None or is_open(sent + length, zone, hours):
        return sent
    return next_open(sent + length, zone, hours, off)
