"""How far nudges go by themselves, and who has to hear of it before they are asked: as opened, and as set since."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.nudge.budget import role_of
from services.nudge.documents import MANNERS, THE_COMMUNITY, Manners, Member, SetTo
from services.nudge.settings import NudgeSettings
from shared.events import CommunityOpened, Kind, Mode, Role, SettingsChanged
from shared.stamps import overrides, stamp_of
from shared.state import Documents

MODE: Final = "nudge.mode"
ASKS_CONSENT: Final = "nudge.asks_consent"
# Of each setting what it may be; another value is as if nobody had said anything.
_VALUES: Final = {
    MODE: frozenset(Mode),
    **{f"{MODE}.{kind.value}": frozenset(Mode) for kind in Kind},
    ASKS_CONSENT: frozenset({"true", "false"}),
}


def mode_setting(kind: Kind | None) -> str:
    """Name the setting of how far nudges of a kind go, or those of all kinds."""
    return MODE if kind is None else f"{MODE}.{kind.value}"


def manners_of(documents: Documents) -> Manners:
    return documents.get(MANNERS, THE_COMMUNITY) or Manners()


def mode_of(manners: Manners, kind: Kind) -> Mode:
    """Give how far nudges of a kind go: of what was set for it and for all kinds the later holds."""
    said = [manners.set_to[name] for name in (MODE, mode_setting(kind)) if name in manners.set_to]
    return Mode(max(said, key=lambda one: one.stamp).value) if said else manners.mode


def asks_consent(manners: Manners) -> bool:
    """Say whether nobody is asked who has not heard of it first."""
    said = manners.set_to.get(ASKS_CONSENT)
    return manners.asks_consent if said is None else said.value == "true"


def follow_opening(documents: Documents, event: CommunityOpened) -> bool:
    """Take in how a community was opened; say whether that changed anything."""
    was = manners_of(documents)
    if not overrides(stamp_of(event), was.opened):
        return False
    now = replace(was, opened=stamp_of(event), mode=event.mode, asks_consent=event.asks_consent)
    documents.put(MANNERS, THE_COMMUNITY, now)
    return (now.mode, now.asks_consent) != (was.mode, was.asks_consent)


def follow_settings(documents: Documents, event: SettingsChanged) -> bool:
    """Take in what was set of these; say whether that is news."""
    was, stamp = manners_of(documents), stamp_of(event)
    values = {name: str(value).lower() for name, value in event.settings.items() if name in _VALUES}
    news = {
        name: SetTo(value, stamp)
        for name, value in values.items()
        if value in _VALUES[name] and overrides(stamp, known.stamp if (known := was.set_to.get(name)) else None)
    }
    if news:
        documents.put(MANNERS, THE_COMMUNITY, replace(was, set_to=dict(sorted({**was.set_to, **news}.items()))))
    return bool(news)


def has_agreed(manners: Manners, kind: Kind, member: Member | None) -> bool:
    """Say whether somebody may be asked by what they said: who was appointed may, unless they said no."""
    if member is None or member.consent is not None:
        return member is None or bool(member.consent)
    return not _matters(manners, kind) or role_of(member) is not Role.MEMBER


def introduced_at(
    manners: Manners, kind: Kind, member: Member | None, clock: datetime, settings: NudgeSettings
) -> datetime | None:
    """Give from when on somebody who has said nothing yet may be asked; None where that is no matter."""
    if member is None or member.consent is not None or not _matters(manners, kind):
        return None
    return (member.contacted or clock) + timedelta(hours=settings.contact_hours)


def _matters(manners: Manners, kind: Kind) -> bool:
    # In a dry run nobody hears of anything: it shows who would be asked once they have agreed.
    return asks_consent(manners) and mode_of(manners, kind) is not Mode.DRY_RUN
