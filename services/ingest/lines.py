"""Numbered lines of a file of any size, plain or gzip, in constant memory."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from shared.failures import Unprocessable

# An event has half a megabyte at most; a line that is longer cannot be one.
LINE_BYTES = 1024 * 1024
_GZIP = b"\x1f\x8b"


class Damaged(Unprocessable):
    """The file cannot be read to its end: a gzip that was cut off, or damaged."""


class Lines:
    """The lines of one file, as (number from 1, line); one over LINE_BYTES is cut there, and ends at its end.

    `first` is the first line, `number` that of the last one read; `read_bytes` of `total_bytes` have been read
    from the disk. `damaged` is for the reader to say why it ends early.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.damaged = ""
        self._raw = path.open("rb")
        try:
            self.total_bytes = path.stat().st_size
            packed = self._raw.read(2) == _GZIP
            self._raw.seek(0)
            self._text: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
            self.first = self._first()
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._text.close()
        self._raw.close()

    @property
    def read_bytes(self) -> int:
        return self._raw.tell()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Give the lines.

        Raises:
            Damaged: the rest cannot be read.
        """
        line = self.first
        while line:
            self.number += 1
            rest = line
            while len(rest) >= LINE_BYTES and not rest.endswith(b"\n"):
                rest = self._next()
            yield self.number, line
            line = self._next()

    def _first(self) -> bytes:
        try:
            return self._next().removeprefix(codecs.BOM_UTF8)
        except Damaged as error:
            self.damaged = str(error)
            return b""

    def _next(self) -> bytes:
        try:
            return self._text.readline(LINE_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Damaged(f"{self.path.name} is damaged: {error}") from error
