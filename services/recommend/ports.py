"""What the rules of this service need from outside; adapters fit these shapes without importing them."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Turns texts into quantised unit vectors (see `vectors.py`).

    A text's vector depends on the text and on `version` alone: not on the texts beside it, their order,
    or the number of threads.
    """

    @property
    def version(self) -> str:
        """Names model, variant and build; vectors of two versions must never meet in one index."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        """One row a text, in the order given: shape (len(texts), dimension); never blocks the event loop."""
        ...

    async def close(self) -> None:
        """Release threads and files; calling it twice is fine."""
        ...


@runtime_checkable
class Keeper(Protocol):
    """What an encoder is, beside, that keeps vectors of its own."""

    async def forget(self, texts: Sequence[str]) -> None:
        """Remove what is kept of these texts, of every version."""
        ...


class VectorStore(Protocol):
    """Keeps vectors per community; what it does not have it makes."""

    @property
    def version(self) -> str:
        """The encoder's version."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    async def vectors(self, community: str, texts: Sequence[str]) -> NDArray[np.int16]:
        """One row a text, in the order given: shape (len(texts), dimension); raises Unavailable."""
        ...

    async def discard(self, community: str, texts: Sequence[str]) -> None:
        """Delete what is kept of these texts; raises Unavailable."""
        ...


class ModelStore(Protocol):
    """Keeps the artefacts of communities' models."""

    async def get(self, community: str, artefact: str) -> bytes | None:
        """Give an artefact, None where it is not kept (any more); raises Unavailable."""
        ...
