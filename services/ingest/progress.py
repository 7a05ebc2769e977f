"""How far an import is, kept beside the data, and the lines that it could not take, kept aside."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.ingest.archive import Rejected


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


@dataclass
class Aside:
    """The lines that were refused, each `{"line_number", "reason", "line"}`; made when there is a first one.

    Begins after `size` bytes: what an interrupted import wrote beyond its progress is written again.
    """

    path: Path
    size: int = 0

    def keep(self, rejected: Sequence[Rejected]) -> None:
        if not rejected:
            return
        mode = "r+b" if self.size and self.path.exists() else "wb"
        with self.path.open(mode) as file:
            file.truncate(self.size if mode == "r+b" else 0)
            file.seek(0, os.SEEK_END)
            for item in rejected:
                line = item.line.decode(errors="replace").rstrip("\r\n")
                entry = {"line_number": item.line_number, "reason": item.reason, "line": line}
                file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            self.size = file.tell()
