"""An invented community of any size, for measuring: posts and replies of a few thousand words' vocabulary."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
from numpy.typing import NDArray

from services.recommend.vectors import quantise
from shared.events import ChannelOpened, CommunityClosed, CommunityOpened, Event, PostPublished, Privacy, ReplyPublished

START = datetime(2025, 1, 6, 9, tzinfo=UTC)
DIMENSION = 384


class InventedVectors:
    """Stands in for the model where it is not what is measured: a unit vector by seed of the text."""

    version = "invented"
    dimension = DIMENSION

    async def vectors(self, community: str, texts: list[str]) -> NDArray[np.int16]:
        rows = [np.random.default_rng(abs(hash(text)) % 2**32).standard_normal(DIMENSION) for text in texts]
        return quantise(np.array(rows).reshape(len(texts), DIMENSION))

    async def discard(self, community: str, texts: list[str]) -> None:
        """Nothing is kept."""


class NoModels:
    """Nothing has been trained."""

    async def get(self, community: str, artefact: str) -> bytes | None:
        return None


def community(name: str, posts: int, members: int, seed: int = 1) -> Iterator[Event]:
    """Give a public channel, and posts with three replies each, a quarter of an hour apart."""
    draw = Random(seed)  # noqa: S311 - invents text
    words = [f"w{n}" for n in range(4000)]
    weights = [1 / (n + 10) for n in range(4000)]
    yield ChannelOpened(id="c", source="bench", at=START, community=name, channel="general", privacy=Privacy.PUBLIC)
    for number in range(posts):
        at = START + timedelta(minutes=15 * number)
        text = " ".join(draw.choices(words, weights, k=80))
        yield PostPublished(
            id=f"p{number}", source="bench", at=at, community=name, message=f"p{number}", channel="general",
            author=f"m{draw.randrange(members)}", text=text,
        )  # fmt: skip
        for reply in range(3):
            yield ReplyPublished(
                id=f"r{number}-{reply}", source="bench", at=at + timedelta(minutes=reply + 1), community=name,
                message=f"r{number}-{reply}", post=f"p{number}", channel="general",
                author=f"m{int(draw.paretovariate(0.6)) % members}", text="an answer",
            )  # fmt: skip


def ranked_at_the_end(name: str, posts: int, ranked: int, members: int) -> Iterator[Event]:
    """Give a community that is closed until its last posts come: what happens before is followed, not ranked."""
    come = 0
    for event in community(name, posts + ranked, members):
        if isinstance(event, PostPublished):
            come += 1
            if come in (1, posts + 1):
                kind = CommunityClosed if come == 1 else CommunityOpened
                yield kind(id=f"{kind.__name__}", source="bench", at=event.at, community=name)
        yield event
