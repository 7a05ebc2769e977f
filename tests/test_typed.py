"""What is typed at the `kindling` command: brackets and impossible ids in it break nothing."""

import json
from pathlib import Path

import pytest

from kindling.main import sentence_of
from tests.test_commands import kindling


def test_brackets_are_shown_as_they_are(tmp_path: Path) -> None:
    """Notes, names and paths are data: what looks like markup of the terminal is shown, and breaks nothing."""
    kindling(tmp_path, "keys", "create", "[red]mine", "--note", "[/x] of [red] :x:")
    listed = kindling(tmp_path, "keys", "list")
    assert "[red]mine" in listed
    assert "[/x] of [red] :x:" in listed


def test_brackets_in_a_path_or_a_setting_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure's sentence is whole, whatever it quotes."""
    monkeypatch.setenv("KINDLING_CONFIG", "/nowhere/[/x].toml")
    assert "/nowhere/[/x].toml" in kindling(tmp_path, "keys", "list", code=2)


def test_wrong_lines_in_a_path_with_brackets(tmp_path: Path) -> None:
    """The import says where wrong lines are by the name that the file has."""
    file = tmp_path / "[bold].jsonl"
    message = {"id": "1", "channel": "c", "topic": "", "author": "a", "at": "2025-01-01T12:00:00Z", "text": ""}
    file.write_text(json.dumps({**message, "reply_to": None}) + "\nwrong\n")
    kindling(tmp_path / "data", "topics", "create")
    said = kindling(tmp_path / "data", "import", str(file), "--community", "mine")
    assert "[bold].jsonl.rejected.jsonl" in said.replace("\n", "")


@pytest.mark.parametrize("member", ["", "a\nb", " a", "x" * 257])
def test_no_link_is_made_for_an_impossible_id(tmp_path: Path, member: str) -> None:
    """A link that nobody could use is refused in a sentence."""
    said = kindling(tmp_path, "link", "mine", member, code=2)
    assert "Invalid value" in said
    assert "/inbox/" not in said


@pytest.mark.parametrize(
    "arguments", [("keys", "create", "mine", "--note", "x" * 70_000), ("import", __file__, "--source", "a\nb")]
)
def test_what_is_too_long_or_no_id_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """No stack is shown for what a person typed."""
    more = ("--community", "mine") if arguments[0] == "import" else ()
    said = kindling(tmp_path, *arguments, *more, code=2)
    assert "Invalid value" in said
    assert "Traceback" not in said


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A failure of the disk says which file and why, in that order."""
    with pytest.raises(OSError, match="Errno") as caught:
        (tmp_path / "none").read_bytes()
    assert sentence_of(caught.value) == f"{tmp_path / 'none'}: No such file or directory"
    assert sentence_of(OSError("no room")) == "no room"
