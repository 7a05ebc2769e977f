"""The figures that plans rest on: measured by `python -m bench.capacity`, which writes the file beside this one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

FILE: Final = Path(__file__).with_name("figures.json")


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of one core, and bytes. `measured` is the day, `machine` says on what.

    A kept post counts with `replies_a_post` replies to it, and in the log with all that is said of it in all topics.
    """

    command: str
    measured: str
    machine: str
    post_ms: float
    post_ms_a_kept_post: float
    post_ms_a_member: float
    reply_ms: float
    nudge_ms_a_post: float
    embed_ms: float
    memory_a_post: float
    memory_a_member: float
    redis_a_post: float
    redis_a_member: float
    redis_a_young_post: float
    log_a_post: float
    replies_a_post: int


_FIGURES: Final = TypeAdapter(Figures)


def measured() -> Figures:
    """Read the figures that come with this version."""
    return _FIGURES.validate_json(FILE.read_bytes())
