"""A world's answer to hello, as the activity and the settings that it stands for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from kindling.simulate.protocol import Opening, WorldError
from services.nudge.settings import NudgeSettings
from services.recommend.settings import RecommendSettings
from shared.events import (
    ChannelOpened,
    CommunityEvent,
    CommunityOpened,
    MemberJoined,
    Mode,
    PreferencesChanged,
    RolesChanged,
)
from shared.sentences import sentences

SOURCE = "kindling/simulate"
_PREFIX = "kindling_"
# Lists that members look at take most of recommend's time and decide nothing about nudges: hardly any is made.
_FEW_LISTS: Final = {"posts_offered": 1, "posts_every_minutes": 1440, "peers_every_days": 3650}

Section = TypeVar("Section", bound=BaseModel)


def facts(opening: Opening) -> Iterator[CommunityEvent]:
    """Give who and what is there, as of the start."""

    def named(*parts: str) -> dict[str, Any]:
        return {"id": "/".join(parts), "source": SOURCE, "at": opening.start, "community": opening.community}

    # Whoever is invented has agreed, and nobody is there to approve.
    yield CommunityOpened(**named("opened"), name=opening.community, mode=Mode.AUTOPILOT, asks_consent=False)
    for who in opening.members:
        name = who.name or who.member
        yield MemberJoined(**named(who.member, "joined"), member=who.member, name=name, zone=who.zone, bot=who.bot)
        if who.roles:
            yield RolesChanged(**named(who.member, "roles"), member=who.member, roles=who.roles)
        if who.hours is not None or who.weekly_asks is not None:
            yield PreferencesChanged(
                **named(who.member, "wishes"), member=who.member, hours=who.hours, weekly_asks=who.weekly_asks
            )
    for place in opening.channels:
        yield ChannelOpened(
            **named(place.channel, "opened"), channel=place.channel, name=place.name or place.channel,
            privacy=place.privacy, members=place.members,
        )  # fmt: skip


class Rules:
    """The settings of a simulation: those of this installation, and over them what the world says."""

    def __init__(self, recommend: RecommendSettings, nudge: NudgeSettings, said: Mapping[str, JsonValue]) -> None:
        given: dict[str, dict[str, Any]] = {"recommend": {**_FEW_LISTS}, "nudge": {}}
        for name, value in _flat(said):
            section, field = _place(name)
            given[section][field] = value
        self.recommend = _with(recommend, given["recommend"], "recommend")
        # Worlds know of posts; one that knows more says so.
        self.nudge = _with(nudge.posts_only(), given["nudge"], "nudge")


def _flat(said: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """Give all settings with their whole names, however they are written: nested, dotted or as in the environment."""
    for name, value in said.items():
        plain = name.lower().removeprefix(_PREFIX).replace("__", ".")
        if isinstance(value, dict):
            yield from ((f"{plain}.{inner}", one) for inner, one in value.items())
        else:
            yield plain, value


def _place(name: str) -> tuple[str, str]:
    section, _, field = name.partition(".")
    if not field:
        section, field = "nudge", name
    known: dict[str, type[BaseModel]] = {"recommend": RecommendSettings, "nudge": NudgeSettings}
    if section not in known or field not in known[section].model_fields:
        raise WorldError(
            f"the world's settings name {name!r}, which is no setting of recommend or nudge; `kindling settings` lists "
            "them (write `nudge.ask_members` for KINDLING_NUDGE__ASK_MEMBERS)"
        )
    return section, field


def _with(settings: Section, given: Mapping[str, Any], section: str) -> Section:
    try:
        return type(settings).model_validate({**settings.model_dump(), **given})
    except ValidationError as error:
        wrong = "; ".join(f"{section}.{'.'.join(map(str, where))} {what}" for where, what in sentences(error))
        raise WorldError(f"the world's settings are wrong: {wrong}") from None
