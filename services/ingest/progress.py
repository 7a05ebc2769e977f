"""How far an import is, kept beside the data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError


@dataclass(frozen=True, slots=True)
class Progress:
    """All up to `line` is published, and its rejected lines are the first `aside_bytes` of the file aside."""

    line: int = 0
    rejected: int = 0
    aside_bytes: int = 0


_PROGRESS: Final = TypeAdapter(Progress)


@dataclass(frozen=True, slots=True)
class ProgressFile:
    """Where an unfinished import's progress is; one that is damaged counts as none, and costs a repetition."""

    path: Path

    def load(self) -> Progress:
        try:
            return _PROGRESS.validate_json(self.path.read_bytes())
        except (OSError, ValidationError):
            return Progress()

    def save(self, progress: Progress) -> None:
        write_whole(self.path, _PROGRESS.dump_json(progress))

    def finished(self) -> None:
        self.path.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it finds the old content or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)
