"""The file of one community: JSON Lines under gzip, written and read line by line, with its checksum at the end.

    {head} | ["key", service, rest, kind] | ["field", name, value] | ["item", value] | ["record", topic, body]
           | ["letter", body] | … | ["end", lines, sha256]

A `field` or `item` belongs to the last `key`, whose name is `rest` after the community's hash tag. What is no UTF-8 is
`{"b64": …}`. The checksum is of all lines before the last, as they are in the file.
"""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from kindling.private_file import private_file
from shared.failures import Unprocessable
from shared.service import ServiceName
from shared.store import Position, Watermark

# Goes up with whatever a reader of the format before would take for something else.
FORMAT: Final = 1
_MARK: Final = "kindling-community"
_LONGEST_LINE: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of itself: `version` of Kindling wrote it, at `saved`, from a log of `generation`.

    `positions` are the community's, by service that has heard of it; `places` its partition's at that time or before.
    """

    community: str
    version: str
    saved: datetime
    generation: str
    partitions: int
    closed: bool
    positions: Mapping[ServiceName, Position]
    places: Mapping[ServiceName, Watermark]
    kind: str = _MARK
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Key:
    """One of Redis's keys begins: `rest` is its name after the community's hash tag, `kind` hash or list."""

    service: str
    rest: str
    kind: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the hash that began last."""

    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """The next of the list that began last."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a topic that its reader had still to handle."""

    topic: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter that nobody has decided about."""

    body: bytes


Entry = Key | Field | Item | Record | Letter
_HEADS: Final = TypeAdapter(Head)
_KINDS: Final[dict[str, type[Any]]] = {"key": Key, "field": Field, "item": Item, "record": Record, "letter": Letter}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


@dataclass
class Writer:
    """Writes a file's lines; made by `writing`."""

    _out: Any
    _sum: Any = field(default_factory=hashlib.sha256)
    lines: int = 0

    def head(self, head: Head) -> None:
        self._line(_HEADS.dump_python(head, mode="json"))

    def entry(self, entry: Entry) -> None:
        values = (getattr(entry, name) for name in entry.__dataclass_fields__)
        self._line([_NAMES[type(entry)], *(_shown(x) if isinstance(x, bytes) else x for x in values)])

    def end(self) -> None:
        last = json.dumps(["end", self.lines, self._sum.hexdigest()])
        self._out.write(last.encode() + b"\n")

    def _line(self, said: Any) -> None:
        line = json.dumps(said, ensure_ascii=False).encode() + b"\n"
        self._sum.update(line)
        self._out.write(line)
        self.lines += 1


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write a file that nobody else may read; it has its name only once all of it is on the disk.

    Raises:
        Unprocessable: there is a file of that name.
    """
    if path.exists():
        raise Unprocessable(f"{path} is there already: name another file")
    with private_file(path) as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6) as out:
        writer = Writer(out)
        yield writer
        writer.end()


def read_head(path: Path) -> Head:
    """Read what a file says of itself, and make sure that all of it is there and whole.

    Raises:
        Unprocessable: it is none of ours, of a newer version, or damaged; the sentence says which.
        OSError: it cannot be read.
    """
    head = None
    for said in _lines(path):
        head = head or _head(path, said)
    if head is None:
        raise _damaged(path)
    return head


def entries(path: Path) -> Iterator[Entry]:
    """Read what is in a file, in order; raises as `read_head`."""
    lines = _lines(path)
    _head(path, next(lines, None))
    for said in lines:
        yield _entry(path, said)


def _head(path: Path, said: Any) -> Head:
    if not isinstance(said, dict) or said.get("kind") != _MARK or not isinstance(said.get("format"), int):
        raise Unprocessable(f"{path} is no saved community: `kindling community save` writes them")
    if said["format"] > FORMAT:
        raise Unprocessable(f"{path} was saved by a newer Kindling, {said.get('version')}: upgrade this one")
    try:
        return _HEADS.validate_json(json.dumps(said))
    except ValidationError:
        raise _damaged(path) from None


def _entry(path: Path, said: Any) -> Entry:
    try:
        name, *values = said
        kind = _KINDS[name]
        wanted = [kind.__dataclass_fields__[one].type for one in kind.__dataclass_fields__]
        made: Entry = kind(*(_hidden(x) if one is bytes else x for one, x in zip(wanted, values, strict=True)))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(path) from None
    return made


def _lines(path: Path) -> Iterator[Any]:
    """Give a file's lines but the last, and at the end make sure that they are all there."""
    found, lines, ended = hashlib.sha256(), 0, False
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(_LONGEST_LINE):
                if ended or not line.endswith(b"\n"):
                    raise _damaged(path)
                said = json.loads(line)
                if isinstance(said, list) and said[:1] == ["end"]:
                    if said != ["end", lines, found.hexdigest()]:
                        raise _damaged(path)
                    ended = True
                    continue
                found.update(line)
                lines += 1
                yield said
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError, RecursionError):
        if lines == 0:
            raise Unprocessable(f"{path} is no saved community, or damaged from its beginning") from None
        raise _damaged(path) from None
    if not ended:
        raise _damaged(path)


def _damaged(path: Path) -> Unprocessable:
    return Unprocessable(f"{path} is damaged or was cut off: nothing was done with it; take another copy")


def _shown(body: bytes) -> str | dict[str, str]:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(body).decode()}


def _hidden(said: Any) -> bytes:
    if isinstance(said, str):
        return said.encode()
    return base64.b64decode(said["b64"], validate=True)
