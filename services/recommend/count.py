"""Count what recommend has passed on, once it is durable; nothing is decided by these figures."""

from collections.abc import Mapping, Sequence

from shared import metrics
from shared.events import Event, ModelPromoted


def count(emitted: Sequence[Event], _written: Mapping[str, bytes]) -> None:
    """Note when models were taken into use."""
    for event in emitted:
        if isinstance(event, ModelPromoted):
            metrics.PROMOTED.set(event.at.timestamp())
