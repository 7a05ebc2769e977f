"""Whom the imports of a source have made champions, kept beside the data: a later one takes back what it replaces."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.ingest.champions import Appointed
from services.ingest.progress import write_whole

_APPOINTED: Final = TypeAdapter(Appointed)


@dataclass(frozen=True, slots=True)
class AppointedFile:
    """Where it is kept; a file that is damaged counts as none: then nothing is taken back."""

    path: Path

    def load(self) -> Appointed:
        try:
            return _APPOINTED.validate_json(self.path.read_bytes())
        except (OSError, ValidationError):
            return Appointed()

    def save(self, appointed: Appointed) -> None:
        write_whole(self.path, _APPOINTED.dump_json(appointed))
