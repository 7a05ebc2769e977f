"""The lines that an import could not take, kept aside in a file of their own, and nothing else overwritten for it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from pydantic_core import to_json

from services.ingest.archive import Rejected
from shared.failures import UnsafeSettings

# What such a file begins with: the mark by which one of an earlier import is known.
MARK: Final = b'{"line_number"'


class Unwritable(UnsafeSettings):
    """The file cannot be made or written where it should be."""


@dataclass
class Aside:
    """The lines that were refused, each `{"line_number", "reason", "line"}`; open while the block lasts.

    Begins after `size` bytes: what an interrupted import wrote beyond its progress is written again, and what an
    earlier import left goes when there is a line to keep, or at the end. Nothing stays where no line was wrong.

    Raises:
        UnsafeSettings: when opened, before anything is lost: the file is not one of an import, or cannot be written.
    """

    path: Path
    size: int = 0
    _file: IO[bytes] = field(init=False, repr=False)

    def __enter__(self) -> Self:
        try:
            self._file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        except OSError as error:
            raise Unwritable(
                f"wrong lines cannot be kept in {self.path}: {error.strerror or 'it is no file'}"
            ) from error
        if not self.path.is_file() or self._file.read(len(MARK)) not in (b"", MARK):
            self._file.close()
            raise UnsafeSettings(
                f"wrong lines are not kept in {self.path}: it is something else, which would be lost. "
                "Name another file with --rejected"
            )
        # Bytes that have gone since cannot be continued.
        self.size = self.size if self._file.seek(0, os.SEEK_END) >= self.size else 0
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        empty = self._file.seek(0, os.SEEK_END) == 0
        self._file.close()
        if empty:
            self.path.unlink(missing_ok=True)

    def keep(self, rejected: Sequence[Rejected]) -> None:
        if not rejected:
            return
        self.finished()
        for item in rejected:
            line = item.line.decode(errors="replace").rstrip("\r\n")
            entry = {"line_number": item.line_number, "reason": item.reason, "line": line}
            self._file.write(to_json(entry) + b"\n")
        self._file.flush()
        self.size = self._file.tell()

    def finished(self) -> None:
        """Cut off what is not of this import."""
        self._file.truncate(self.size)
        self._file.seek(self.size)
