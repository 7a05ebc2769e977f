"""What recommend keeps beside its state, in memory: vectors and models, for backtests and simulations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.recommend.ports import Encoder


class Vectors:
    """A vector store that all runs of one command share: a text is encoded once. `of` are the vectors by text."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.of: dict[str, NDArray[np.int16]] = {}

    @property
    def version(self) -> str:
        return self._encoder.version

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    async def vectors(self, _community: str, texts: Sequence[str]) -> NDArray[np.int16]:
        """One row a text, in the order given: shape (len(texts), dimension)."""
        new = list(dict.fromkeys(text for text in texts if text not in self.of))
        if new:
            self.of |= zip(new, await self._encoder.encode(new), strict=True)
        return np.stack([self.of[text] for text in texts])

    async def discard(self, _community: str, texts: Sequence[str]) -> None:
        """Keep them: training still learns from what the index has had, and another run has the same texts."""


class Artefacts(dict[str, bytes]):
    """The artefacts of models by their ids."""

    async def get(self, _community: str, artefact: str) -> bytes | None:  # type: ignore[override]
        return super().get(artefact)
