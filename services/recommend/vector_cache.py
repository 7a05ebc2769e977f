"""Vectors kept in a file outside the store, shared by replays and evaluations.

Embedding is by far the dearest step, and a text's vector never changes within an encoder's version.
"""

import asyncio
import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.recommend.ports import Encoder
from shared import metrics

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    version TEXT NOT NULL, text BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (version, text)
) WITHOUT ROWID
"""
_BUSY_SECONDS = 60.0


class FileVectorCache:
    """A SQLite file: (encoder version, SHA-256 of the text) -> vector, little-endian int16.

    Texts themselves are not in it. Several threads and processes may use one file at once. Every call runs in
    a worker thread. Raises sqlite3.Error for a file that cannot be written or is no such database.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")  # a lost cache entry is only made again
            self._database.execute("PRAGMA secure_delete = ON")  # what is forgotten leaves the file too
            self._database.execute(_SCHEMA)
        except sqlite3.Error:
            self._database.close()
            raise

    async def get(self, version: str, texts: Iterable[str]) -> dict[str, NDArray[np.int16]]:
        """The known ones among `texts`, each with its vector of shape (dimension,)."""
        return await asyncio.to_thread(self._get, version, list(texts))

    async def put(self, version: str, vectors: Mapping[str, NDArray[np.int16]]) -> None:
        """Keep the vector of each text, all or none; one that is already there stays."""
        await asyncio.to_thread(self._put, version, dict(vectors))

    async def forget(self, texts: Iterable[str]) -> None:
        """Remove the vectors of these texts, of every version."""
        await asyncio.to_thread(self._forget, list(texts))

    async def close(self) -> None:
        """Close the file; calling it twice is fine."""
        await asyncio.to_thread(self._close)

    def _get(self, version: str, texts: list[str]) -> dict[str, NDArray[np.int16]]:
        found = {}
        with self._lock:
            for text in texts:
                row = self._database.execute(
                    "SELECT vector FROM vectors WHERE version = ? AND text = ?", (version, _key(text))
                ).fetchone()
                if row is not None:
                    found[text] = np.frombuffer(row[0], dtype="<i2").astype(np.int16)
        return found

    def _put(self, version: str, vectors: dict[str, NDArray[np.int16]]) -> None:
        rows = [(version, _key(text), vector.astype("<i2").tobytes()) for text, vector in vectors.items()]
        self._write("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)

    def _forget(self, texts: list[str]) -> None:
        with self._lock:
            versions = [row[0] for row in self._database.execute("SELECT DISTINCT version FROM vectors")]
        keys = [(version, _key(text)) for version in versions for text in texts]
        self._write("DELETE FROM vectors WHERE version = ? AND text = ?", keys)

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._lock:
            # IMMEDIATE waits for other writers at the start, where waiting is possible, not half way through.
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(statement, rows)
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _close(self) -> None:
        with self._lock:
            self._database.close()


class CachedEncoder:
    """An encoder that asks a file first and encodes only what is new; `hits` and `misses` count texts.

    It owns both: closing it closes the encoder and the file. A text that occurs twice in one call is encoded
    once, and its repeats count as hits.
    """

    # Kept as they come, so that an archive that is interrupted goes on from there.
    BATCH = 256

    def __init__(self, encoder: Encoder, cache: FileVectorCache) -> None:
        self.hits = 0
        self.misses = 0
        self._encoder = encoder
        self._cache = cache

    @property
    def version(self) -> str:
        return self._encoder.version

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        """Shape (len(texts), dimension), in the order given."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.int16)
        for start in range(0, len(texts), self.BATCH):
            batch = texts[start : start + self.BATCH]
            known = await self._vectors(batch)
            for row, text in enumerate(batch, start):
                vectors[row] = known[text]
        return vectors

    async def _vectors(self, texts: Sequence[str]) -> dict[str, NDArray[np.int16]]:
        distinct = list(dict.fromkeys(texts))
        known = await self._cache.get(self.version, distinct)
        new = [text for text in distinct if text not in known]
        if new:
            made = dict(zip(new, await self._encoder.encode(new), strict=True))
            await self._cache.put(self.version, made)
            known |= made
        self.misses += len(new)
        metrics.VECTOR_HITS.labels("file").inc(len(texts) - len(new))
        self.hits += len(texts) - len(new)
        return known

    async def forget(self, texts: Sequence[str]) -> None:
        """Remove the vectors of these texts from the file, of every version."""
        await self._cache.forget(texts)

    async def close(self) -> None:
        await self._encoder.close()
        await self._cache.close()


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
