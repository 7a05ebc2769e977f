"""Import a file into a community: any size, in constant memory, and on from where it was interrupted.

Events have ids that come from the file, so publishing one twice changes nothing. An interrupted import reads the
file from its beginning again, which rebuilds what the archive's reader remembers, and publishes from the line
that it had come to.
"""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from services.ingest.accept import Accepted, Door, Scope, accept
from services.ingest.appointed import AppointedFile
from services.ingest.archive import TOO_LONG, Archive, Found, Rejected
from services.ingest.aside import Aside, Unwritable
from services.ingest.champions import ChampionRule
from services.ingest.lines import LINE_BYTES, Damaged, Lines
from services.ingest.mapping import ArchiveMap
from services.ingest.opening import opening
from services.ingest.ports import Publisher
from services.ingest.progress import Progress, ProgressFile
from shared.clock import Clock, wall_clock
from shared.failures import UnsafeSettings
from shared.log import Outgoing
from shared.patience import Patience, Status
from shared.service import TopicName
from shared.topics import partition_of
from shared.wire import Envelope, encode

BATCH_EVENTS = 500
BATCH_BYTES = 4 * 1024 * 1024


class Format(StrEnum):
    AUTO = "auto"  # by the first line
    ARCHIVE = "archive"  # messages, one a line
    CLOUDEVENTS = "cloudevents"  # events, one a line


@dataclass(frozen=True, slots=True)
class Import:
    """What to import, into where, and how. `data_dir` keeps the progress.

    `rejected_to` keeps the wrong lines; by default a file beside the archive, or where nothing can be written
    there, one in `data_dir`. `opens`: the community is new, and begins with a dry run.
    """

    path: Path
    community: str
    data_dir: Path
    source: str = "import"
    format: Format = Format.AUTO
    known: ArchiveMap = field(default_factory=ArchiveMap)
    champions: ChampionRule = ChampionRule.LATEST
    rejected_to: Path | None = None
    opens: bool = False

    @property
    def aside(self) -> Path:
        return self.rejected_to or self.path.with_name(f"{self.path.name}.rejected.jsonl")

    @property
    def folder(self) -> Path:
        return folder_of(self.data_dir, self.community)


def folder_of(data_dir: Path, community: str) -> Path:
    """Name the folder with all that imports into a community keep."""
    return data_dir / "imports" / hashlib.sha256(community.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Report:
    """What an import has done so far.

    `lines`, `events` and `rejected` count the whole file, `published` this run; `resumed_from` is the line that
    an earlier run had come to; `damaged` says why the rest of the file cannot be read; `aside` is the file with
    the wrong lines, where there are any.
    """

    lines: int = 0
    events: int = 0
    published: int = 0
    rejected: int = 0
    resumed_from: int = 0
    seconds: float = 0.0
    read_bytes: int = 0
    total_bytes: int = 0
    damaged: str = ""
    aside: str = ""


OnProgress = Callable[[Report], None]


@dataclass(slots=True)
class _Batch:
    """Whole lines, up to `line`: their events as records, unless an earlier run has published them."""

    line: int = 0
    events: int = 0
    size: int = 0
    records: list[bytes] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def take(self, line: int, items: Iterable[Found | Rejected], recorded: datetime | None) -> None:
        """Add a line's items; `recorded` is None where they are only counted."""
        self.line = line
        for item in items:
            self.events += isinstance(item, Found)
            if recorded is None:
                continue
            if isinstance(item, Found):
                self.records.append(encode(Envelope(item.event, recorded=recorded)))
                self.size += len(self.records[-1])
            else:
                self.rejected.append(item)
                self.size += len(item.line)

    @property
    def full(self) -> bool:
        return max(self.events, len(self.rejected)) >= BATCH_EVENTS or self.size >= BATCH_BYTES


async def import_file(
    what: Import, publisher: Publisher, *, clock: Clock = wall_clock, on_progress: OnProgress = lambda _: None
) -> Report:
    """Publish all events of a file in its order; returns when the log has them for good.

    Waits while the broker is away. Cancelled, it can be called again and goes on from the last line reported. Ends
    with a report also when lines were wrong: those are in the file that the report names.

    Raises:
        OSError: the file cannot be opened.
        UnsafeSettings: the wrong lines cannot be kept where they should be, or the mapping is for nothing; nothing is
            published.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        lines = stack.enter_context(await asyncio.to_thread(Lines, what.path))
        identity = _identity(what, lines, publisher.generation)
        kept = ProgressFile(what.folder / f"{identity}.json")
        progress = kept.load()
        if what.known != ArchiveMap() and not _is_archive(what.format, lines.first):
            raise UnsafeSettings("a mapping is for an archive of messages; CloudEvents say who and where themselves")
        aside = _open_aside(what, identity, progress.aside_bytes, stack)
        report = Report(lines=progress.line, resumed_from=progress.line, total_bytes=lines.total_bytes)
        on_progress(report)
        appointed = AppointedFile(what.folder / "roles" / f"{_origin(what, publisher.generation)}.json")
        archive = Archive(what.community, what.source, what.known, what.champions, clock(), appointed.load())
        batches = _batches(_items(what, lines, archive), progress.line, clock)
        first = [opening(what.community, "import", what.source, clock())] if what.opens else []
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            if batch.records and first:
                await _publish(first, what.community, publisher)
                first = []
            await _publish(batch.records, what.community, publisher)
            if batch.line > progress.line:
                aside.keep(batch.rejected)
                progress = Progress(batch.line, progress.rejected + len(batch.rejected), aside.size)
                kept.save(progress)
            report = replace(
                report,
                lines=max(min(batch.line, lines.number), report.resumed_from),
                events=report.events + batch.events,
                published=report.published + len(batch.records),
                rejected=progress.rejected,
                seconds=time.monotonic() - started,
                read_bytes=lines.read_bytes,
                damaged=lines.damaged,
                aside=str(aside.path) if progress.rejected else "",
            )
            on_progress(report)
        if not lines.damaged:
            appointed.save(archive.appointed)
        aside.finished()
        kept.finished()
    return replace(report, lines=lines.number, damaged=lines.damaged)


def _open_aside(what: Import, identity: str, size: int, stack: ExitStack) -> Aside:
    """Open the file of wrong lines; it can hold `size` bytes of them already."""
    if os.path.realpath(what.aside) == os.path.realpath(what.path):
        raise UnsafeSettings(f"wrong lines cannot be kept in {what.aside}: it is the file that is imported")
    try:
        return stack.enter_context(Aside(what.aside, size))
    except Unwritable:
        if what.rejected_to is not None:
            raise
    what.folder.mkdir(parents=True, exist_ok=True)
    return stack.enter_context(Aside(what.folder / f"{identity[:16]}.rejected.jsonl", size))


async def _publish(records: list[bytes], community: str, publisher: Publisher) -> None:
    if not records:
        return
    partition = partition_of(community, publisher.partitions)
    messages = [Outgoing(TopicName.ACTIVITY, partition, community, record) for record in records]
    await Patience(Status("import"))("log", lambda: publisher.publish(messages))


def _identity(what: Import, lines: Lines, generation: str) -> str:
    """Name this import: with another file, aim or way of reading, or on a new log, it begins anew."""
    parts = [
        str(what.path.resolve()),
        str(lines.total_bytes),
        lines.first.decode(errors="replace"),
        what.community,
        what.source,
        what.champions.value,
        what.format.value,
        what.known.model_dump_json(),
        str(what.rejected_to.resolve()) if what.rejected_to else "",
        generation,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _origin(what: Import, generation: str) -> str:
    """Name where an import's events come from: what an earlier one said is of the same community and source."""
    return hashlib.sha256(json.dumps([what.community, what.source, generation]).encode()).hexdigest()


def _batches(items: Iterable[Found | Rejected], done: int, clock: Clock) -> Iterator[_Batch]:
    """Put whole lines together; what is in lines up to `done` is counted and not published again."""
    batch = _Batch()
    for line, group in groupby(items, key=lambda item: item.line_number):
        batch.take(line, group, clock() if line > done else None)
        if batch.full:
            yield batch
            batch = _Batch()
    if batch.line:
        yield batch


def _items(what: Import, lines: Lines, archive: Archive) -> Iterator[Found | Rejected]:
    try:
        if _is_archive(what.format, lines.first):
            yield from archive.read(lines)
        else:
            yield from _cloud_events(lines, Door(what.community, frozenset(Scope), archive.now or wall_clock()))
    except Damaged as error:
        lines.damaged = str(error)


def _is_archive(form: Format, first: bytes) -> bool:
    if form is not Format.AUTO:
        return form is Format.ARCHIVE
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return True
    return not (isinstance(found, dict) and "specversion" in found)


def _cloud_events(lines: Iterable[tuple[int, bytes]], door: Door) -> Iterator[Found | Rejected]:
    for number, line in lines:
        if not line.strip():
            continue
        found = accept(line, door)
        if len(line) >= LINE_BYTES:
            yield Rejected(number, TOO_LONG, line)
        elif isinstance(found, Accepted):
            yield Found(number, found.event)
        else:
            yield Rejected(number, "; ".join(f"{p.pointer or '/'}: {p.detail}" for p in found.problems), line)
