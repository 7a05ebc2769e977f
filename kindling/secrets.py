"""Secrets of an installation on one machine: made once, kept in its data directory, for its owner's eyes only."""

import json
import os
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from kindling.settings import Settings

FILE = "secrets.json"


class Secrets(BaseModel):
    """`service_key` opens the services' doors to each other, `link_secret` signs the links to inboxes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service_key: str
    link_secret: str


def load_or_make(folder: Path) -> Secrets:
    """Read the secrets of a data directory; make them where there are none."""
    file = folder / FILE
    try:
        return Secrets.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        made = Secrets(service_key=secrets.token_urlsafe(32), link_secret=secrets.token_urlsafe(32))
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(made.model_dump(), out)
    return made


def with_secrets(settings: Settings) -> Settings:
    """Give settings in which every service has its secrets: those that are set, or the data directory's."""
    made = load_or_make(settings.folder)
    key = settings.service_key or SecretStr(made.service_key)
    link = settings.nudge.link_secret
    return settings.model_copy(
        update={
            "service_key": key,
            "ingest": settings.ingest.model_copy(update={"service_key": settings.ingest.service_key or key}),
            "nudge": settings.nudge.model_copy(
                update={
                    "service_key": settings.nudge.service_key if settings.nudge.service_key.get_secret_value() else key,
                    "link_secret": link if link.get_secret_value() else SecretStr(made.link_secret),
                }
            ),
        }
    )
