"""The commands that the documentation shows, and what is wrong with one: held against the command line itself."""

import inspect
import re
import shlex
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import typer.main

from kindling.main import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_OURS = frozenset({"kindling", ".venv/bin/kindling"})
_ENDS = frozenset({"&", "&&", ";", "|", ">", ">>", "<", "2>"})


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of a page, as words; `whole`: it can be typed as it stands."""

    page: str
    line: int
    words: tuple[str, ...]
    whole: bool = True

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {' '.join(self.words)}"


def shell_commands(page: Path) -> Iterator[Command]:
    """Give the commands of a page's shell blocks: several of a line each alone, settings before one taken away."""
    text = page.read_text(encoding="utf-8")
    for block in re.finditer(r"^```(?:sh|bash|shell|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        first = text[: block.start()].count("\n") + 2
        for line, said in _lines(block[1], first):
            for words in _commands(said):
                yield Command(page.name, line, words)


def inline_commands(page: Path) -> Iterator[Command]:
    """Give what a page names in its text as `kindling …`: the command and its options are right, words may lack."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"(?<!`)`((?:\.venv/bin/)?kindling [a-z][^`\n]*)`(?!`)", text):
        line = text[: found.start()].count("\n") + 1
        # What is left to the reader may be a value.
        said = ["ANY" if word == "…" else word for word in shlex.split(found[1].replace("\\|", "|"))]
        words = [word for word in said if "…" not in word]
        for several in _alternatives(words):
            yield Command(page.name, line, tuple(several), whole=False)


def _alternatives(words: list[str]) -> list[list[str]]:
    """`kindling keys create|list` is two commands."""
    made: list[list[str]] = [[]]
    for word in words:
        made = [[*so_far, one] for so_far in made for one in word.split("|")]
    return made


def _lines(block: str, first: int) -> Iterator[tuple[int, str]]:
    """Join what a backslash or an open quote carries on to the next line."""
    said, begun = "", first
    for number, line in enumerate(block.splitlines(), first):
        begun = begun if said else number
        said += line.removesuffix("\\") + ("" if line.endswith("\\") else "\n")
        if not line.endswith("\\") and _is_closed(said):
            yield begun, said
            said = ""


def _is_closed(said: str) -> bool:
    try:
        shlex.split(said, comments=True)
    except ValueError:
        return False
    return True


def _commands(said: str) -> Iterator[tuple[str, ...]]:
    words: list[str] = []
    lexer = shlex.shlex(said, posix=True, punctuation_chars="&;|<>")
    lexer.whitespace_split = True
    skipping = False
    for word in [*lexer, ";"]:
        if word in _ENDS:
            if words:
                yield _inside(words)
            # Where the output goes is no word of the command.
            words, skipping = [], word in {">", ">>", "<", "2>"}
        elif skipping:
            skipping = False
        elif words or not re.fullmatch(r"[A-Z][A-Z_]*=.*", word):
            words.append(word)


def _inside(words: list[str]) -> tuple[str, ...]:
    """What `kubectl exec` runs in a pod is the command, where it is one of ours."""
    inner = words[words.index("--") + 1 :] if words[0] == "kubectl" and "--" in words else []
    return tuple(inner if inner and inner[0] in _OURS else words)


def is_ours(command: Command) -> bool:
    return command.words[0] in _OURS


def wrong_with(command: Command) -> str:
    """Say what the command line would refuse of a `kindling` command; nothing where it would begin."""
    at: Any = typer.main.get_command(app)
    context: Any = at.make_context("kindling", [], resilient_parsing=True)
    words = list(command.words[1:])
    while hasattr(at, "list_commands"):
        if not words:
            return ""
        name = words.pop(0)
        found = at.get_command(context, name)
        if found is None:
            return f"there is no command {name!r}"
        at, context = found, type(context)(found, info_name=name, parent=context)
    return _wrong_arguments(at, context, words, command.whole)


def _wrong_arguments(command: Any, context: Any, words: list[str], whole: bool) -> str:
    if "--help" in words:
        return ""
    try:
        kinds = typing.get_type_hints(inspect.unwrap(command.callback))
        values, rest, _ = command.make_parser(context).parse_args(words)
        for parameter in command.params:
            value = values.get(parameter.name)
            if whole and parameter.required and not value:
                return f"{parameter.name} is missing"
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, str) and (wrong := _wrong_value(kinds.get(parameter.name), one)):
                    return f"{parameter.name}: {wrong}"
    except Exception as error:  # whatever is wrong with it, in the parser's own words
        said = getattr(error, "format_message", lambda: "")()
        if not whole and "requires an argument" in said:
            return ""
        return said or str(error)
    return f"{rest} is too much" if rest else ""


def _wrong_value(kind: Any, value: str) -> str:
    """Say why an option does not take a value; files and ids are the reader's."""
    kinds = [one for one in typing.get_args(kind) or (kind,) if isinstance(one, type) and one is not type(None)]
    try:
        for one in kinds if not value.isupper() else ():  # a word in capitals stands for the reader's own
            if issubclass(one, Enum | int | float):
                one(value)
    except ValueError as error:
        return str(error)
    return ""


def targets() -> set[str]:
    """Name what `make` makes."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
