"""The word lists of sensitive posts: one TOML file a language, and an operator's own over them."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.nudge.sensitive import Concern, Judge, Terms, Words
from shared.failures import UnsafeSettings
from shared.sentences import sentences

HERE: Final = Path(__file__).parent


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    certain: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    removed: tuple[str, ...] = Field((), description="terms of the other lists that are left out, as they stand there")


class _List(BaseModel):
    """One file: what it adds, and what it takes out of those before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    everyday: tuple[str, ...] = ()
    everyday_removed: tuple[str, ...] = ()
    distress: _Terms = _Terms()
    harassment: _Terms = _Terms()
    health: _Terms = _Terms()
    legal: _Terms = _Terms()


@cache
def judge_of(own: Path | None = None) -> Judge:
    """Make the lists ready to look for, once."""
    return Judge(words_of(own))


def words_of(own: Path | None = None) -> Words:
    """Read the lists that come with Kindling, and over them an operator's own.

    Raises:
        UnsafeSettings: the own list is not there, is no TOML, or says what no list can say.
    """
    lists = [_read(file) for file in sorted(HERE.glob("*.toml"))]
    if own is not None:
        lists.append(_read(own.expanduser()))
    removed = {term for one in lists for term in one.everyday_removed}
    everyday = tuple(term for one in lists for term in one.everyday if term not in removed)
    return Words(everyday, {concern: _terms([getattr(one, concern.value) for one in lists]) for concern in Concern})


def _terms(lists: list[_Terms]) -> Terms:
    removed = {term for one in lists for term in one.removed}
    found: Mapping[str, Any] = {
        name: tuple(dict.fromkeys(term for one in lists for term in getattr(one, name) if term not in removed))
        for name in ("certain", "strong", "weak")
    }
    return Terms(**found)


def _read(file: Path) -> _List:
    try:
        return _List.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UnsafeSettings(f"the word list {file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnsafeSettings(f"the word list {file} is not TOML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, where))} {what}" for where, what in sentences(error))
        raise UnsafeSettings(f"the word list {file}: {wrong}") from None
