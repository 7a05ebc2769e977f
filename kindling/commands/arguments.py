"""What is typed is checked as what it will be part of: a wrong id is a sentence before anything is done."""

from collections.abc import Callable
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from shared.sentences import sentences


def valid(kind: Any) -> Callable[[str], str]:
    """Make a callback that refuses what is not of a kind of text (`Id`, `Text`), and gives it as it is kept."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def check(value: str) -> str:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            raise typer.BadParameter("; ".join(what for _, what in sentences(error))) from None

    return check


def valid_or_none(kind: Any) -> Callable[[str | None], str | None]:
    """Make the same for what may be left out."""
    check = valid(kind)
    return lambda value: None if value is None else check(value)
