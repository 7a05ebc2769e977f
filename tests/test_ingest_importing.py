import asyncio
import gzip
import json
import tracemalloc
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from services.ingest.champions import ChampionRule
from services.ingest.importing import BATCH_EVENTS, Format, Import, Report, folder_of, import_file
from services.ingest.lines import LINE_BYTES
from services.ingest.mapping import ArchiveMap
from shared.events import CommunityOpened, Mode, PostPublished, RolesChanged
from shared.failures import UnsafeSettings
from shared.log import Outgoing
from tests.ingesting import COMMUNITY, NOW, Recorder, incoming, noon


def messages(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"S{n}",
            "channel": "forum",
            "topic": "t1: Pruning",
            "author": f"m{n % 7}",
            "at": "2025-01-01T12:00:00Z",
            "text": f"text {n}",
            "reply_to": f"S{n - n % 10}" if n % 10 else None,
        }
        for n in range(count)
    ]


def write(path: Path, items: Iterable[Any]) -> Path:
    raw = b"".join((i if isinstance(i, bytes) else json.dumps(i).encode()) + b"\n" for i in items)
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def an_import(path: Path, **options: Any) -> Import:
    return Import(path, COMMUNITY, path.parent / "data", **options)


async def run(what: Import, log: Recorder) -> Report:
    return await import_file(what, log, clock=noon)


def aside(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@dataclass
class Interrupting(Recorder):
    """A log that presses Ctrl-C after `calls` publishes, before or after it has kept what it was given."""

    calls: int = 0
    kept: bool = True
    task: asyncio.Task[Any] | None = None

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.calls -= 1
        if self.calls < 0 and self.task is not None:
            if self.kept:
                await super().publish(messages)
            self.task.cancel()
            await asyncio.sleep(60)
        await super().publish(messages)


async def interrupted(what: Import, log: Interrupting) -> None:
    log.task = asyncio.create_task(run(what, log))
    with suppress(asyncio.CancelledError):
        await log.task
    assert log.task.cancelled()


@pytest.mark.parametrize("name", ["archive.jsonl", "archive.jsonl.gz", "archive"])
async def test_an_archive_enters_whole_and_in_order(tmp_path: Path, name: str) -> None:
    """Every message becomes an event under the community's key, in the file's order, recorded as of now."""
    log = Recorder()
    report = await run(an_import(write(tmp_path / name, messages(1200))), log)
    said = [getattr(event, "message") for event in log.events if hasattr(event, "text")]  # noqa: B009
    assert said == [f"S{n}" for n in range(1200)]
    assert {(m.key, m.partition) for m in log.messages} == {(COMMUNITY, log.messages[0].partition)}
    assert {envelope.recorded for envelope in log.envelopes} == {NOW}
    # A channel, and each of the seven as a member, as a reader, and one of them as champion.
    assert report.events == report.published == len(log.messages) == 1200 + 1 + 7 + 7 + 1
    assert (report.lines, report.rejected, report.resumed_from, report.damaged) == (1200, 0, 0, "")
    assert report.read_bytes == report.total_bytes > 0
    assert not list((tmp_path / "data" / "imports").glob("*/*.json"))


async def test_a_new_community_is_opened_with_a_dry_run_before_anything_else(tmp_path: Path) -> None:
    """Once, however often it is imported, and older than whatever else opens it; not for an empty file."""
    log = Recorder()
    what = an_import(write(tmp_path / "a.jsonl", messages(3)), opens=True)
    report = await run(what, log)
    opened = log.envelopes[0].event
    assert isinstance(opened, CommunityOpened)
    assert (opened.mode, opened.asks_consent, opened.at.year) == (Mode.DRY_RUN, True, 1970)
    assert report.events == len(log.envelopes) - 1
    await run(what, log)
    assert {one.event for one in log.envelopes if isinstance(one.event, CommunityOpened)} == {opened}
    nothing = Recorder()
    await run(an_import(write(tmp_path / "b.jsonl", [b"rubbish"]), opens=True), nothing)
    assert nothing.envelopes == []


async def test_cloud_events_are_recognised(tmp_path: Path) -> None:
    """Events one a line enter as they are; what is not for this community, or nobody's to send, is kept aside."""
    path = write(
        tmp_path / "events.jsonl",
        [incoming(), incoming("SettingsChanged"), incoming("Tick"), incoming(partitionkey="others"), b"{}", b""],
    )
    log = Recorder()
    report = await run(an_import(path), log)
    assert [type(event).__name__ for event in log.events] == ["PostPublished", "SettingsChanged"]
    assert (report.published, report.rejected, report.lines) == (2, 3, 6)
    assert [entry["line_number"] for entry in aside(tmp_path / "events.jsonl.rejected.jsonl")] == [3, 4, 5]
    forced = await run(an_import(path, format=Format.ARCHIVE), Recorder())
    assert forced.rejected == 5


async def test_wrong_lines_are_kept_aside(tmp_path: Path) -> None:
    """What could not be taken is there with number, reason and text, to be mended and imported."""
    good = messages(3)
    path = write(tmp_path / "a.jsonl", [good[0], b"broken {", good[1], {**good[2], "at": "then"}, b"\xef\xbb\xbf"])
    report = await run(an_import(path, rejected_to=tmp_path / "wrong"), Recorder())
    assert report.rejected == 3
    first, second, _ = aside(tmp_path / "wrong")
    assert (first["line_number"], first["line"]) == (2, "broken {")
    assert second["line_number"] == 4
    assert second["reason"].startswith("at: ")
    assert json.loads(second["line"])["at"] == "then"


@pytest.mark.parametrize("target", ["a.jsonl", "same", "notes", "folder", "nowhere/x"])
async def test_no_file_is_lost_for_wrong_lines(tmp_path: Path, target: str) -> None:
    """Wrong lines never take the place of the archive, by any name, nor of anything else; it is said before all."""
    path = write(tmp_path / "a.jsonl", [b"wrong", *messages(3)])
    (tmp_path / "same").symlink_to(path)
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "folder").mkdir()
    before = path.read_bytes()
    log = Recorder()
    with pytest.raises(UnsafeSettings, match=r"wrong lines (cannot be|are not) kept in"):
        await run(an_import(path, rejected_to=tmp_path / target), log)
    assert path.read_bytes() == before
    assert (tmp_path / "notes").read_text() == "mine"
    assert not log.messages


async def test_an_earlier_imports_wrong_lines_make_room(tmp_path: Path) -> None:
    """A file of wrong lines is for one import: the next one's take their place, and where none are, none stay."""
    what = an_import(write(tmp_path / "a.jsonl", [b"wrong", b"also", *messages(1)]))
    assert (await run(what, Recorder())).aside == str(what.aside)
    write(tmp_path / "a.jsonl", [*messages(1), b"wrong"])
    await run(what, Recorder())
    assert [entry["line_number"] for entry in aside(what.aside)] == [2]
    write(tmp_path / "a.jsonl", messages(1))
    assert (await run(what, Recorder())).aside == ""
    assert not what.aside.exists()


async def test_wrong_lines_are_kept_also_where_the_archive_is_out_of_reach(tmp_path: Path) -> None:
    """Beside an archive that nothing can be written to, here by the length of its name, the data directory has them."""
    what = an_import(write(tmp_path / f"{'a' * 240}.jsonl", [b"wrong", *messages(1)]))
    report = await run(what, Recorder())
    assert Path(report.aside).parent == folder_of(tmp_path / "data", COMMUNITY)
    assert [entry["line_number"] for entry in aside(Path(report.aside))] == [1]


async def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(messages(1)[0]).encode())
    assert (await run(an_import(path), Recorder())).rejected == 0


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("calls", [0, 1, 3])
async def test_an_interrupted_import_goes_on_where_it_was(tmp_path: Path, calls: int, kept: bool) -> None:
    """After Ctrl-C the next call publishes the rest: together each event once, but for the batch under way."""
    items: list[Any] = messages(2000)
    items[700:700] = [b"wrong"]
    items[1900:1900] = [b"wrong too"]
    what = an_import(write(tmp_path / "a.jsonl.gz", items))
    whole = Recorder()
    await run(replace(what, data_dir=tmp_path / "other", rejected_to=tmp_path / "other.rejected"), whole)

    log = Interrupting(calls=calls, kept=kept)
    await interrupted(what, log)
    before = len(log.messages)
    log.task = None
    report = await run(what, log)
    assert (report.resumed_from > 0) == (calls > 0)
    assert report.lines == 2002
    assert report.events == len(whole.messages)
    assert before + report.published == len(log.messages)
    assert list(dict.fromkeys(log.events)) == whole.events
    doubles = len(log.messages) - len(whole.messages)
    assert doubles <= (BATCH_EVENTS + 10 if kept else 0)
    assert report.rejected == 2
    assert aside(what.aside) == aside(tmp_path / "other.rejected")


async def test_only_the_same_import_goes_on(tmp_path: Path) -> None:
    """Another community, another mapping or a new log begins at the first line: progress there means nothing."""
    what = an_import(write(tmp_path / "a.jsonl", messages(2000)))
    known = ArchiveMap.model_validate({"members": {"m1": {"roles": ["leader"]}}})
    await interrupted(what, Interrupting(calls=2))
    for other in (replace(what, community="others"), replace(what, known=known), replace(what, source="x")):
        assert (await run(other, Recorder())).resumed_from == 0
    assert (await run(what, Recorder(generation="g2"))).resumed_from == 0
    assert (await run(what, Recorder())).resumed_from > 0
    assert (await run(what, Recorder())).resumed_from == 0


async def test_a_repeated_import_is_the_same_events(tmp_path: Path) -> None:
    """Importing a file twice says nothing new: every id is the same."""
    what = an_import(write(tmp_path / "a.jsonl", messages(50)), champions=ChampionRule.WALK)
    first, second = Recorder(), Recorder()
    await run(what, first)
    await run(what, second)
    assert first.events == second.events


async def test_an_import_waits_for_the_broker(tmp_path: Path) -> None:
    """A broker that is away is waited for; nothing is lost or out of order."""
    log = Recorder(away=2)
    await run(an_import(write(tmp_path / "a.jsonl", messages(30))), log)
    assert [event.id for event in log.events if isinstance(event, PostPublished)] == ["post/S0", "post/S10", "post/S20"]


async def test_a_damaged_file_is_imported_as_far_as_it_goes(tmp_path: Path) -> None:
    """A gzip that was cut off gives what it holds, says that it is damaged, and names no champions by half a file."""
    path = write(tmp_path / "a.jsonl.gz", messages(5000))
    path.write_bytes(path.read_bytes()[:-2000])
    log = Recorder()
    report = await run(an_import(path), log)
    assert "a.jsonl.gz is damaged" in report.damaged
    assert 0 < report.published == len(log.messages) < 5000
    assert not [event for event in log.events if isinstance(event, RolesChanged)]
    path.write_bytes(path.read_bytes()[:12])
    assert (await run(an_import(path), Recorder())).damaged


@dataclass
class Forgetting(Recorder):
    """A log that only counts."""

    count: int = 0
    progress: list[Report] = field(default_factory=list)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.count += len(messages)


async def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A file of any size is imported in the memory of a small one, a line without end included."""

    async def peak(count: int) -> int:
        path = tmp_path / f"{count}.jsonl"
        with path.open("wb") as file:
            for message in messages(count):
                file.write(json.dumps(message | {"text": "x" * 500}).encode() + b"\n")
        tracemalloc.start()
        await run(an_import(path), Forgetting())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    await peak(500)
    assert await peak(6_000) < 1.5 * await peak(2_000)


async def test_a_line_without_end_is_one_rejected_line(tmp_path: Path) -> None:
    """A binary file is refused in constant memory, and what follows it is read."""
    path = write(tmp_path / "a.jsonl", [b"x" * (3 * LINE_BYTES), messages(1)[0]])
    report = await run(an_import(path), log := Recorder())
    assert (report.rejected, report.lines) == (1, 2)
    assert len(log.messages) == 4


async def test_progress_is_told(tmp_path: Path) -> None:
    """Whoever waits sees how far it is, ending with everything."""
    seen: list[Report] = []
    what = an_import(write(tmp_path / "a.jsonl", messages(2000)))
    report = await import_file(what, Recorder(), clock=noon, on_progress=seen.append)
    assert len(seen) > 3
    assert [r.lines for r in seen] == sorted(r.lines for r in seen)
    assert seen[0].lines == 0
    assert seen[-1].published == report.published
    assert seen[-1].read_bytes == report.total_bytes
