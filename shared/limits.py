"""What a text, an id and a time may be: the limits of everything that enters."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, StringConstraints

TEXT_BYTES = 64 * 1024
ID_BYTES = 256
AHEAD = timedelta(minutes=5)
# Beyond it no rule could add a week, or move to another zone.
LAST_YEAR = 9000

# Unicode's categories Cc (without line feed and tab) and Cs: surrogates without their other half.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def normalise(text: str) -> str:
    """Bring text to NFC without control characters (line feeds and tabs stay); else as it came."""
    text = text.replace("\r\n", "\n")
    text = _CONTROLS.sub("", text)
    # Last, because what a control character kept apart may compose: done twice, it must give the same.
    return unicodedata.normalize("NFC", text)


def _within_text(text: str) -> str:
    text = normalise(text)
    size = len(text.encode())
    if size > TEXT_BYTES:
        raise ValueError(f"text is {size} bytes long; at most {TEXT_BYTES} are taken: shorten it or link to it")
    return text


def _within_id(value: str) -> str:
    size = len(value.encode(errors="surrogatepass"))
    if size > ID_BYTES:
        raise ValueError(f"id is {size} bytes long; at most {ID_BYTES} are taken")
    # An id is part of keys, of log lines and of addresses: one that does not print hides what it names.
    if not value.isprintable() or value != value.strip():
        raise ValueError("id has control characters or spaces at its ends; take them out")
    return value


def _within_calendar(at: datetime) -> datetime:
    if at.year > LAST_YEAR:
        raise ValueError(f"lies after the year {LAST_YEAR}")
    return at


def ahead_of(at: datetime, now: datetime) -> bool:
    """Say whether `at` lies further ahead of `now` than clocks may differ."""
    return at - now > AHEAD


Text = Annotated[str, AfterValidator(_within_text)]
Id = Annotated[str, StringConstraints(min_length=1), AfterValidator(_within_id)]
Moment = Annotated[AwareDatetime, AfterValidator(_within_calendar)]
