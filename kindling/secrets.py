"""Secrets of an installation on one machine: made once, kept in its data directory, for its owner's eyes only."""

import json
import os
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from kindling.settings import Settings
from shared.failures import UnsafeSettings

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
    return _filled(settings, settings.service_key or SecretStr(made.service_key), made.link_secret)


def with_given_key(settings: Settings, key: SecretStr) -> Settings:
    """Give settings in which every service has this key; a service that runs apart makes no secrets of its own."""
    return _filled(settings, key, "")


def is_at_home(settings: Settings) -> bool:
    """Say whether the services run in one process with this data directory, which then has their secrets."""
    return settings.store is None or (settings.folder / FILE).is_file()


def with_key_at_work(settings: Settings) -> Settings:
    """Give settings with the key that opens the doors of the services at work.

    Raises:
        UnsafeSettings: they run elsewhere, and it is not here.
    """
    if is_at_home(settings):
        return with_secrets(settings)
    if settings.service_key is None:
        raise UnsafeSettings("KINDLING_SERVICE_KEY is not set here: the doors of the services open to their own alone")
    return with_given_key(settings, settings.service_key)


def of_nudge_at_work(settings: Settings) -> Settings:
    """Give settings with the secrets of the nudge that is at work, with which links are signed.

    Raises:
        UnsafeSettings: it runs elsewhere, and its link secret is not here: a link would open nothing.
    """
    if is_at_home(settings):
        return with_secrets(settings)
    if not settings.nudge.link_secret.get_secret_value():
        raise UnsafeSettings(
            "KINDLING_NUDGE__LINK_SECRET is not set here: nudge opens only links that are signed with the secret "
            "that it has itself. Give this command the same one, or call it where that is set"
        )
    return settings


def _filled(settings: Settings, key: SecretStr, link_secret: str) -> Settings:
    given = settings.nudge.link_secret
    return settings.model_copy(
        update={
            "service_key": key,
            "ingest": settings.ingest.model_copy(update={"service_key": settings.ingest.service_key or key}),
            "nudge": settings.nudge.model_copy(
                update={
                    "service_key": settings.nudge.service_key if settings.nudge.service_key.get_secret_value() else key,
                    "link_secret": given if given.get_secret_value() else SecretStr(link_secret),
                }
            ),
        }
    )
