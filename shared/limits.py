"""What a text, an id, a time, a zone and a secret may be: the limits of everything that enters."""

import math
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

TEXT_BYTES = 64 * 1024
ID_BYTES = 256
INTEREST_CHARACTERS = 200
MOST_INTERESTS = 20
AHEAD = timedelta(minutes=5)
MOST_ABSENCES = 20
MOST_DELEGATES = 3
LONGEST_GAP_HOURS = 14 * 24
# Beyond it no rule could add a week, or move to another zone.
FIRST_YEAR, LAST_YEAR = 1900, 9000
SECRET_CHARACTERS = 32

# Unicode's categories Cc (without line feed and tab) and Cs: surrogates without their other half.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n|\r|\x85")
_SPACES = re.compile(r"[\x0b\x0c]")
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_HALVES = re.compile(r"[\ud800-\udfff]")
# Times that other systems read, too: ISO 8601 has many more (weeks, days of the year, no separators).
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
NO_TIME = "must be a time with offset in RFC 3339, as 2026-01-31T12:00:00Z"


def normalise(text: str) -> str:
    """Bring text to NFC without control characters (line feeds and tabs stay); else as it came.

    What ends a line becomes a line feed, vertical tabs and form feeds become spaces: words stay apart.
    """
    text = _LINE_ENDS.sub("\n", text)
    text = _SPACES.sub(" ", text)
    text = _CONTROLS.sub("", text)
    # Last, because what a control character kept apart may compose: done twice, it must give the same.
    return unicodedata.normalize("NFC", text)


def whole_characters(value: Any) -> Any:
    """Put a control character for each half of a surrogate pair, in all text of a JSON value.

    A half is no text, and cannot be written. As a control character it is taken out of a text and refused in an
    id, each at its place, as any other.
    """
    if isinstance(value, str):
        return _HALVES.sub("\x00", value)
    if isinstance(value, list):
        return [whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {whole_characters(name): whole_characters(item) for name, item in value.items()}
    return value


def _within_text(text: str) -> str:
    text = normalise(text)
    size = len(text.encode())
    if size > TEXT_BYTES:
        raise ValueError(f"text is {size} bytes long; at most {TEXT_BYTES} are taken: shorten it or link to it")
    return text


def _within_interest(text: str) -> str:
    text = " ".join(normalise(text).split())
    if not 1 <= len(text) <= INTEREST_CHARACTERS:
        raise ValueError(f"an interest has 1 to {INTEREST_CHARACTERS} characters: name a topic in a few words")
    return text


def _within_id(value: str) -> str:
    size = len(value.encode(errors="surrogatepass"))
    if size > ID_BYTES:
        raise ValueError(f"id is {size} bytes long; at most {ID_BYTES} are taken")
    # An id is part of keys, of log lines and of addresses: one that does not print hides what it names.
    if not value.isprintable() or value != value.strip():
        raise ValueError("id has control characters or spaces at its ends; take them out")
    return value


def read_time(text: str) -> datetime:
    """Read a time in RFC 3339.

    Raises:
        ValueError: it is not one, in a sentence.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError(NO_TIME)
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(f"{NO_TIME}: {error}") from None


def _rfc3339(at: Any, info: ValidationInfo) -> Any:
    """Read a time from JSON; in Python it is one already."""
    return read_time(at) if info.mode == "json" and isinstance(at, str) else at


def _within_calendar(at: datetime) -> datetime:
    if at.year > LAST_YEAR:
        raise ValueError(f"lies after the year {LAST_YEAR}")
    return at


def _within_years(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def ahead_of(at: datetime, now: datetime) -> bool:
    """Say whether `at` lies further ahead of `now` than clocks may differ."""
    return at - now > AHEAD


@cache
def zone_names() -> frozenset[str]:
    """Give the names of all time zones: those of the tzdata package alone, so that every machine has the same."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def _known_zone(zone: str) -> str:
    if zone not in zone_names():
        raise ValueError(f"{zone!r} is no time zone; write it as Europe/Berlin")
    return zone


@cache
def _countries() -> frozenset[str]:
    lines = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line.partition("\t")[0] for line in lines if not line.startswith("#"))


def is_country(text: str) -> bool:
    """Say whether a text names a country by its two letters, or a part of one: DE, US-CA."""
    return _REGION.fullmatch(text) is not None and text[:2] in _countries()


def _known_region(region: str) -> str:
    if region and not is_country(region):
        raise ValueError("is no country; write it by its two letters, as DE, or a part of one as US-CA")
    return region


def _local(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("is a time of day wherever the member is: write it without an offset, as 09:00")
    return at


def _setting(value: Any, of_union: ValidatorFunctionWrapHandler) -> Any:
    try:
        value = of_union(value)
    except ValidationError:
        raise ValueError("must be text, a number, true or false") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return _within_text(value) if isinstance(value, str) else value


def _long_enough(secret: SecretStr) -> SecretStr:
    if 0 < len(secret) < SECRET_CHARACTERS:
        raise ValueError(f"has {len(secret)} characters: set {SECRET_CHARACTERS} random ones or more")
    return secret


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and url.isprintable()
    except ValueError:
        right = False
    if not right or " " in url or parts.query or parts.fragment:
        raise ValueError("must be an address that begins with http:// or https://, as https://community.example.org")
    return url


Text = Annotated[str, AfterValidator(_within_text)]
Interest = Annotated[str, AfterValidator(_within_interest)]
Id = Annotated[
    str,
    StringConstraints(min_length=1),
    AfterValidator(_within_id),
    # Of characters; bytes are counted, so that one with accents may be refused sooner.
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": ID_BYTES}),
]
# A tag as browsers and platforms write it: de, en-GB.
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
# A country by its two letters, or a part of one, as ISO 3166 writes them: DE, US-CA; empty is none.
Region = Annotated[str, AfterValidator(_known_region)]
Zone = Annotated[Id, AfterValidator(_known_zone)]
Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_within_calendar)]
LocalTime = Annotated[time, AfterValidator(_local)]
Day = Annotated[date, AfterValidator(_within_years)]
Setting = Annotated[str | int | float | bool, WrapValidator(_setting)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]
Address = Annotated[str, AfterValidator(_address)]
