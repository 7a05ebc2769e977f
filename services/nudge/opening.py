"""A first line that is suggested with a nudge: by the templates, or by whatever else an operator plugs in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from services.nudge.read_inbox import ShownNudge
from services.nudge.words import Words


@dataclass(frozen=True, slots=True)
class Opening:
    """A line to begin with, which is only suggested; and what wrote it."""

    text: str
    by: Literal["template", "model"]


Opener = Callable[[ShownNudge, Words], Awaitable[Opening]]


async def by_template(nudge: ShownNudge, _words: Words) -> Opening:
    """Suggest what the templates say."""
    return Opening(nudge.opening, "template")
