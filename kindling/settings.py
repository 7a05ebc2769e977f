"""All settings in one place: from the environment (KINDLING_…) over files of secrets, one TOML file, the defaults."""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from services.ingest.settings import IngestSettings
from services.nudge.settings import NudgeSettings
from services.recommend.settings import RecommendSettings
from shared.failures import UnsafeSettings
from shared.settings import CommonSettings, Port

PREFIX = "KINDLING_"
NESTED = "__"
FILE_VARIABLE = "KINDLING_CONFIG"
SECRETS_VARIABLE = "KINDLING_SECRETS"
DEFAULT_FILE = Path("kindling.toml")
# Read by the tests alone.
OTHER_VARIABLES = (FILE_VARIABLE, SECRETS_VARIABLE, "KINDLING_TEST_")


class Doors(CommonSettings):
    """Where the services listen."""

    host: str = Field("127.0.0.1", description="Address on which the doors listen; 0.0.0.0 opens them to the world.")
    port: Port = Field(8080, description="Port of all doors where the services run in one process (`kindling up`).")
    ingest_port: Port = Field(8081, description="Port of `kindling run ingest`.")
    recommend_port: Port = Field(8082, description="Port of `kindling run recommend`.")
    nudge_port: Port = Field(8083, description="Port of `kindling run nudge`.")


class Settings(BaseSettings, Doors):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    ingest: IngestSettings = Field(default_factory=IngestSettings, description="The front door.")
    recommend: RecommendSettings = Field(default_factory=RecommendSettings, description="The matchmaker.")
    nudge: NudgeSettings = Field(default_factory=NudgeSettings, description="The host.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment over the file, and what a command was given over both."""
        file = settings_file()
        toml = [TomlConfigSettingsSource(settings_cls, file)] if file else []
        return init_settings, env_settings, _SecretFiles(settings_cls), *toml


class _SecretFiles(EnvSettingsSource):
    """Files that are each named as a setting would be in the environment, with its value as their content."""

    def _load_env_vars(self) -> dict[str, str]:
        return {name.lower(): value for name, value in secret_files().items()}


def secret_files() -> dict[str, str]:
    """Read the files KINDLING_… of the folder that KINDLING_SECRETS names, by their names; without a last line's end.

    Raises:
        UnsafeSettings: the folder is not there.
        OSError: one may not be read.
    """
    named = os.environ.get(SECRETS_VARIABLE)
    if named is None:
        return {}
    if not Path(named).is_dir():
        raise UnsafeSettings(f"{SECRETS_VARIABLE} names {named}, which is no folder")
    files = sorted(Path(named).glob(f"{PREFIX}*"))
    return {file.name: file.read_text(encoding="utf-8").rstrip("\r\n") for file in files}


def settings_file() -> Path | None:
    """Find the TOML file: the one that KINDLING_CONFIG names, or kindling.toml where there is one."""
    named = os.environ.get(FILE_VARIABLE)
    if named is not None:
        if not Path(named).is_file():
            raise UnsafeSettings(f"{FILE_VARIABLE} names {named}, which is not there")
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def load(**given: Any) -> Settings:
    """Load all settings; what is `given` (not None) comes first.

    Raises:
        UnsafeSettings: one is unknown or unsafe; the sentence names it as it would be written in the environment.
    """
    _refuse_unknown(Settings.model_fields, [*os.environ, *secret_files()])
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise UnsafeSettings("; ".join(_sentence(e["loc"], e["msg"], e["type"]) for e in error.errors())) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnsafeSettings(f"{settings_file()} is not TOML: {error}") from None


def _sentence(location: tuple[int | str, ...], message: str, kind: str) -> str:
    said = message.removeprefix("Value error, ")
    if not location:
        return said  # a rule about several, which names them
    name = PREFIX + NESTED.join(str(part) for part in location).upper()
    if kind == "extra_forbidden":
        return f"{'.'.join(map(str, location))} in {settings_file()} is no setting; `kindling settings` lists them all"
    return f"{name}: {said}"


def _refuse_unknown(fields: dict[str, FieldInfo], names: list[str]) -> None:
    known = {PREFIX + name.upper() for name in _names(fields)}
    for name in sorted(names):
        upper = name.upper()
        if upper.startswith(PREFIX) and not upper.startswith(OTHER_VARIABLES):
            whole = any(upper == k or upper.startswith(k + NESTED) or k.startswith(upper + NESTED) for k in known)
            if not whole:
                raise UnsafeSettings(f"{name} is no setting of Kindling; `kindling settings` lists them all")


def _names(fields: dict[str, FieldInfo]) -> list[str]:
    names = []
    for name, field in fields.items():
        nested = getattr(field.annotation, "model_fields", None)
        names += [f"{name}{NESTED}{inner}" for inner in _names(nested)] if nested else [name]
    return names


def described() -> list[tuple[str, str, str]]:
    """Give name, default and meaning of every setting, as they are written in the environment."""
    return list(_described(PREFIX, Settings.model_fields))


def _described(prefix: str, fields: dict[str, FieldInfo]) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for name, field in fields.items():
        nested = getattr(field.annotation, "model_fields", None)
        if nested:
            rows += _described(f"{prefix}{name.upper()}{NESTED}", nested)
        else:
            default = field.get_default(call_default_factory=True)
            rows.append((f"{prefix}{name.upper()}", "" if default is None else str(default), field.description or ""))
    return rows
