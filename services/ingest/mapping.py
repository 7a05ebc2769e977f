"""What an operator knows of a community and its archive does not say: a TOML or JSON file beside it.

[members.m0001]
roles = ["leader"]
zone = "Europe/Berlin"
name = "Ada"
bot = false          # where nothing is said: ids of "bot" and digits alone, as bot001, are bots

[channels.general]
privacy = "public"
name = "General"
members = ["m0001"]

What is not said of a member or channel stays as it was. Take out who asked to be forgotten: naming them makes them
known again.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.events import Privacy, Role
from shared.failures import UnsafeSettings
from shared.limits import Id, Text, Zone
from shared.sentences import sentences

_BOT: Final = re.compile(r"bot[0-9]+")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MappedMember(_Part):
    roles: tuple[Role, ...] | None = Field(None, description="All roles; the member is then left out of any rule.")
    zone: Zone | None = None
    name: Text = ""
    bot: bool | None = Field(None, description="Default: an id of bot and digits, as bot001, is one.")


class MappedChannel(_Part):
    privacy: Privacy | None = Field(None, description="Not said: private where nothing else is known.")
    name: Text = ""
    members: tuple[Id, ...] = Field((), description="Who may read it besides those who wrote in it.")

    @property
    def privacy_or_private(self) -> Privacy:
        return self.privacy or Privacy.PRIVATE


class ArchiveMap(_Part):
    """Members and channels by their ids in the archive."""

    members: Mapping[Id, MappedMember] = Field(default_factory=dict)
    channels: Mapping[Id, MappedChannel] = Field(default_factory=dict)


def is_bot(member: str, about: MappedMember) -> bool:
    """Say whether a member is a bot: as the mapping says, or by the id."""
    return _BOT.fullmatch(member) is not None if about.bot is None else about.bot


def read_map(path: Path) -> ArchiveMap:
    """Read a mapping file; `.toml` is TOML, all else JSON.

    Raises:
        UnsafeSettings: it cannot be read; the message says where it is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        return ArchiveMap.model_validate(found)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, where))}: {what}" for where, what in sentences(error))
        raise UnsafeSettings(f"the mapping file {path} is wrong: {wrong}") from error
    except (OSError, ValueError) as error:
        raise UnsafeSettings(f"the mapping file {path} cannot be read: {error}") from error
