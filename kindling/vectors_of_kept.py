"""Making vectors beside the running services, which may forget somebody meanwhile: what is made of them goes again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.recommend.documents import texts_of
from services.recommend.ports import Encoder, Keeper
from services.recommend.settings import RecommendSettings
from services.recommend.stored_vectors import StoredVectors

if TYPE_CHECKING:
    from kindling.training import Opened


class Noting:
    """An encoder that notes what it was given. Who gave the encoder closes it."""

    def __init__(self, encoder: Encoder) -> None:
        self.texts: set[str] = set()
        self._encoder = encoder

    @property
    def version(self) -> str:
        return self._encoder.version

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        # Before: who is stopped meanwhile may have kept them already.
        self.texts.update(texts)
        return await self._encoder.encode(texts)

    async def forget(self, texts: Sequence[str]) -> None:
        """Remove what the encoder itself keeps of these texts, if it does."""
        if isinstance(self._encoder, Keeper):
            await self._encoder.forget(texts)

    async def close(self) -> None: ...


@asynccontextmanager
async def vectors_of_kept(
    rules: RecommendSettings, opened: "Opened", encoder: Encoder
) -> AsyncIterator[tuple[StoredVectors, Encoder]]:
    """Give a community's vectors, and the encoder with which to make more of them.

    However it ends, what was made of texts that are not kept any more is deleted: in the store, and by the encoder.
    """
    noting = Noting(encoder)
    store = StoredVectors(opened.redis, opened.connections.prefix, noting, rules.vectors_kept)
    try:
        yield store, noting
    finally:
        gone = noting.texts.difference(await texts_now(opened))
        await store.discard(opened.community, sorted(gone))


async def texts_now(opened: "Opened") -> list[str]:
    """Read what of a community is embedded, as it is now."""
    documents = await opened.read_again()
    return [text for text in await asyncio.to_thread(texts_of, documents) if text.strip()]
