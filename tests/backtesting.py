"""A backtest of an invented archive, with vectors that need no model; and posts made by hand."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindling.backtest.results import HOUR, Ask, Backtest, Post
from kindling.backtest.run import Run
from services.ingest.mapping import ArchiveMap
from services.nudge.settings import NudgeSettings
from services.recommend.settings import RecommendSettings
from tests.recommending import HashedVectors

# A Monday, 0:00 UTC.
MONDAY = 1_767_571_200.0


class Hashed:
    """Encodes as the tests' vectors do."""

    version = HashedVectors.version
    dimension = HashedVectors.dimension

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        return await HashedVectors().vectors("", texts)

    async def close(self) -> None:
        """Nothing is open."""


def backtested(path: Path, known: ArchiveMap | None = None, messages: int | None = None, **settings: Any) -> Backtest:
    run = Run(
        path, RecommendSettings(), NudgeSettings(**settings), Hashed(), lambda _what, _done, _total: None,
        known or ArchiveMap(), messages,
    )  # fmt: skip
    return asyncio.run(run.backtest())


def a_post(
    name: str, hours: float, *, answers: Sequence[tuple[float, str]] = (), asks: Sequence[tuple[float, str]] = (),
    **fields: Any,
) -> Post:  # fmt: skip
    """Make a post at so many hours after the Monday, with answers and asks so many hours after it."""
    at = MONDAY + hours * HOUR
    made = tuple(
        Ask(f"{name}/{who}", name, who, at + after * HOUR, "champion", "reply", 5, frozenset({"ann", "bob", "cat"}))
        for after, who in asks
    )
    return Post(
        name, at, "asker", answers=tuple((at + after * HOUR, who) for after, who in answers), asks=made, **fields
    )


def made_of(*posts: Post, archive: str = "made-up") -> Backtest:
    return Backtest(archive, "test-1", "Three people could be asked.", {"messages": 12}, posts)
