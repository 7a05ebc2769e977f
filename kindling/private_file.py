"""Files that nobody but their owner may read, whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file with mode 0600; it has its name only once all of it is on the disk, in the place of what had it.

    What was there loses its name and keeps its mode: who has it open reads what it was.

    Raises:
        OSError: its folder may not be written, or is full; what was there is as it was.
    """
    # Made with mode 0600, whatever the umask.
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(number, "wb") as raw:
            yield raw
            raw.flush()
            os.fsync(raw.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def is_device(path: Path) -> bool:
    """Say whether a path leads to what is no file on a disk: a terminal, a pipe, or wherever standard output goes."""
    # Redirected into a file, /dev/stdout is that file, and the shell's to make.
    stream = path.absolute() in (Path("/dev/stdout"), Path("/dev/stderr"))
    stream = stream or path.parent.resolve().is_relative_to("/proc")
    return path.exists() and (stream or not path.is_file())
