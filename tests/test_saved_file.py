"""The file of one community: what comes out is what went in, or it is refused."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kindling.saved.file import Entry, Field, Head, Item, Key, Letter, Record, entries, read_head, writing
from kindling.saved.records import number_of, renumbered
from shared.events import PostPublished
from shared.failures import Unprocessable
from shared.service import ServiceName
from shared.store import Position, Watermark
from shared.wire import Envelope, decode, encode

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEAD = Head(
    "garden", "0.1.0", NOW, "g", 4, False,
    {ServiceName.NUDGE: Position("g", 7, 5, 3, NOW)}, {ServiceName.NUDGE: Watermark("g", 9, 8, None)},
)  # fmt: skip
ENTRIES = st.lists(
    st.one_of(
        st.builds(Key, st.sampled_from(["nudge", "recommend"]), st.text(max_size=9), st.sampled_from(["hash", "list"])),
        st.builds(Field, st.binary(max_size=20), st.binary(max_size=20)),
        st.builds(Item, st.binary(max_size=20)),
        st.builds(Field, st.text(max_size=9).map(str.encode), st.text(max_size=9).map(str.encode)),
        st.builds(Record, st.just("matches"), st.text(max_size=9).map(str.encode)),
        st.builds(Letter, st.binary(max_size=20)),
    ),
    max_size=12,
)
HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, found: list[Entry], head: Head = HEAD) -> Path:
    path.unlink(missing_ok=True)
    with writing(path) as file:
        file.head(head)
        for entry in found:
            file.entry(entry)
    return path


@HERE
@given(ENTRIES)
def test_what_went_in_comes_out(tmp_path: Path, found: list[Entry]) -> None:
    """Whatever the bytes are, those of vectors too; and nobody else may read the file."""
    path = write(tmp_path / "saved", found)
    assert read_head(path) == HEAD
    assert list(entries(path)) == found
    assert path.stat().st_mode & 0o777 == 0o600


@HERE
@given(ENTRIES, st.data())
def test_what_was_damaged_is_refused(tmp_path: Path, found: list[Entry], data: st.DataObject) -> None:
    """A byte that differs, a file cut off or with more behind it, lines left out: refused, or it changes nothing."""
    whole = write(tmp_path / "saved", found).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([*whole[:at], whole[at] ^ (1 << data.draw(st.integers(0, 7))), *whole[at + 1 :]])
    lines = gzip.decompress(whole).splitlines(keepends=True)
    left_out = gzip.compress(b"".join(line for n, line in enumerate(lines) if n != at % len(lines)))
    for wrong in (flipped, whole[:at], whole + b"\n", left_out, gzip.compress(gzip.decompress(whole) * 2)):
        path = tmp_path / "wrong"
        path.write_bytes(wrong)
        try:
            head, read = read_head(path), list(entries(path))
        except Unprocessable:
            continue
        assert wrong == flipped, "what was cut off or left out was not noticed"
        assert (head, read) == (HEAD, found)


def test_another_file_and_a_newer_one_are_called_so(tmp_path: Path) -> None:
    """What is wrong with a file is said in a sentence, before anything of it is used."""
    other = tmp_path / "other"
    for body in (b"", b"text", gzip.compress(b""), gzip.compress(b"text\n"), gzip.compress(b'{"a": 1}\n')):
        other.write_bytes(body)
        with pytest.raises(Unprocessable, match=r"no saved community|damaged"):
            read_head(other)
    newer = {"kind": "kindling-community", "format": 2, "version": "3.0.0", "what": "nobody knows"}
    other.write_bytes(gzip.compress(json.dumps(newer).encode() + b"\n"))
    with pytest.raises(Unprocessable, match=r"newer Kindling, 3.0.0: upgrade"):
        read_head(other)


def test_a_file_that_is_not_whole_never_has_its_name(tmp_path: Path) -> None:
    """Interrupted, nothing is left; and what is there is never written over."""
    path = tmp_path / "saved"

    def break_off() -> None:
        with writing(path) as file:
            file.head(HEAD)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert list(tmp_path.iterdir()) == []
    path.write_text("mine")
    with pytest.raises(Unprocessable, match="is there already"), writing(path):
        pass
    assert path.read_text() == "mine"


def test_a_record_gets_another_number_and_nothing_else() -> None:
    """What a service emitted stays the same event, with its time of recording and its texts."""
    post = PostPublished(
        id="1", source="test", at=NOW, community="garden", message="p", channel="open", author="ann", text="Grüße\u2028"
    )
    body = encode(Envelope(post, 7, NOW))
    again = renumbered(body, 12_345)
    assert decode(again) == Envelope(post, 12_345, NOW)
    assert (number_of(body), number_of(again)) == (7, 12_345)
