"""Read what asking adds in a community, as operators see it."""

from typing import Any

from services.nudge.documents import EFFECTS, Running
from services.nudge.effect import effect, in_words
from services.nudge.measure import Outcome
from shared.reading import StateReader

DISPLACED = (
    "What a post that was left alone does not use of people's attention goes to others: where posts compete for the "
    "same few people, the effect is overstated, and displacement cannot be excluded."
)


async def read_effect(reader: StateReader, community: str) -> dict[str, Any]:
    """Give what asking adds to each outcome, with its 95 % interval, which holds however often one looks.

    Raises:
        Unavailable: the store is away.
    """
    known = await reader.get_many(community, EFFECTS, list(Outcome))
    outcomes = {name.value: _shown(running or Running()) for name, running in zip(Outcome, known, strict=True)}
    return {"outcomes": outcomes, "mind": DISPLACED}


def _shown(running: Running) -> dict[str, Any]:
    found = effect(running)
    return {
        "asked": running.asked.outcomes,
        "held": running.held.outcomes,
        "effect": None if found is None else round(found.estimate, 4),
        "low": None if found is None else round(found.low, 4),
        "high": None if found is None else round(found.high, 4),
        "words": in_words(found),
    }
