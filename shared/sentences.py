"""What is wrong with a field, in a sentence: without the names of classes, and pointing to what was sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from shared.limits import NO_TIME

# Where a library's words would speak of its own classes.
_INSTEAD = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "string_too_short": "must not be empty",
    "datetime_type": NO_TIME,
    "timezone_aware": NO_TIME,
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
}


def sentences(error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """Give each wrong field's location and what is wrong with it."""
    return [(found["loc"], sentence(found["type"], found["msg"])) for found in error.errors(include_url=False)]


def sentence(kind: str, message: str) -> str:
    """Word one of pydantic's errors."""
    return _INSTEAD.get(kind, message.removeprefix("Value error, "))


def within(location: Sequence[int | str], body: Any) -> tuple[int | str, ...]:
    """Cut a location to what is in the body, or is missing there: what follows names types and not fields."""
    found: list[int | str] = []
    for part in location:
        if isinstance(body, Mapping) and isinstance(part, str):
            found.append(part)
            if part not in body:
                break
            body = body[part]
        elif isinstance(body, list) and isinstance(part, int):
            found.append(part)
            body = body[part]
        else:
            break
    return tuple(found)
