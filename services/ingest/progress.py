"""How far an import is, kept beside the data."""

import json
from dataclasses import asdict, dataclass
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
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(asdict(progress)), encoding="utf-8")
        new.replace(self.path)

    def finished(self) -> None:
        self.path.unlink(missing_ok=True)
