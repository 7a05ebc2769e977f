"""The words of nudges and pages, in all languages; and how posts are named."""

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, UndefinedError, meta

from services.nudge.documents import NudgeState
from services.nudge.pages.told import Told
from services.nudge.settings import NudgeSettings
from services.nudge.wishes import Declinable
from services.nudge.words import LANGUAGES, WORDING, About, Because, words_for, words_of
from shared.events import Answer, Evidence, Kind, Reason, Role, Withdrawal, Wording

ABOUT = About(
    author="Ann",
    other="Bob",
    channel="Roses",
    title="Seeds",
    waited=timedelta(hours=3),
    stands=datetime(2026, 3, 3, 14, tzinfo=UTC),
    starts=datetime(2026, 3, 4, 9, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("title", "excerpt", "expected"),
    [
        ("Tomatoes", "How do I grow them?", "Tomatoes"),
        ("", "How do I grow them?", "How do I grow them?"),
        ("", "word " * 20, "word word word word word word word word word word word word…"),
        ("", "x" * 100, "x" * 60 + "…"),
        ("", "", "A post without a title"),
    ],
)
def test_a_post_has_a_name(title: str, excerpt: str, expected: str) -> None:
    """A title, or the first words, or a word for what has neither; never longer than a line."""
    assert words_of("en").heading(title, excerpt) == expected


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("wording", Wording)
def test_every_kind_has_all_its_words(language: str, kind: Kind, wording: Wording) -> None:
    """In every language a nudge of any kind says all that it must, whatever is known, and leaves no gap."""
    bare = Because((), Role.MEMBER)
    full = Because(tuple(Evidence(reason=reason, count=2) for reason in Reason), Role.LEADER, "Bob")
    for because in (bare, full, *(Because((Evidence(reason=reason),), Role.CHAMPION) for reason in Reason)):
        for about in (ABOUT, replace(ABOUT, live=False, stands=None, starts=None)):
            asked = words_of(language).ask(kind, wording, about, because, ZoneInfo("Europe/Berlin"))
            said = [asked.what, *asked.you, asked.this, asked.now, asked.takes, asked.opening]
            assert all(line == line.strip() and line for line in said)
            assert not any("{" in line or "None" in line or "  " in line for line in said)


def test_the_languages_say_the_same_things() -> None:
    """A sentence that one language has and another lacks, or that speaks of something else there, fails here."""
    assert {"en", "de"} <= set(LANGUAGES)
    spoken = {language: _spoken_of(language) for language in LANGUAGES}
    assert all(said == spoken["en"] for said in spoken.values())
    for path in sorted((WORDING / "en").glob("*.jinja")):
        assert path.stem in set(Kind)
    for language in LANGUAGES:
        assert {path.stem for path in (WORDING / language).glob("*.jinja")} == set(Kind)


def _spoken_of(language: str) -> dict[str, set[str]]:
    sections = tomllib.loads((WORDING / language / "common.toml").read_text())
    parse = Environment().parse
    return {
        f"{section}.{name}": meta.find_undeclared_variables(parse(text)) - {"plural"}
        for section, found in sections.items()
        if isinstance(found, dict)
        for name, text in found.items()
    }


def test_every_closed_set_has_its_words() -> None:
    """Whatever a page can have to say of a state, a reason or an answer, there are words for it."""
    said: list[tuple[str, Iterable[str]]] = [
        ("answers", Answer), ("states", set(NudgeState) - {NudgeState.WITHDRAWN}), ("withdrawn", Withdrawal),
        ("declines", Declinable), ("declining", Declinable), ("told", Told), ("roles", Role), ("wants", Kind),
        ("evidence", [*Reason, "handed_over"]), ("opening", [*Reason, "nothing"]),
    ]  # fmt: skip
    for section, names in said:
        assert {name.split(".")[1] for name in _spoken_of("en") if name.startswith(f"{section}.")} == set(names)


def test_a_variable_that_is_missing_is_an_error() -> None:
    """A gap in a sentence is found by whoever makes it, not by whoever reads it."""
    with pytest.raises(UndefinedError):
        words_of("de").say("page.hello")
    with pytest.raises(KeyError):
        words_of("de").say("page.nowhere")


def test_numbers_and_times_are_written_as_the_language_does() -> None:
    """One thread and two threads, and a time in the reader's zone, in both languages."""
    at, berlin = datetime(2026, 3, 3, 14, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    assert words_of("en").moment(at, berlin) == "Tue 3 Mar, 15:00 CET"
    assert words_of("de").moment(at, berlin) == "Di., 3. März, 15:00 Uhr CET"
    assert [words_of("de").length(timedelta(hours=n)) for n in (0, 1, 2)] == ["0 Minuten", "60 Minuten", "2 Stunden"]
    once = words_of("de").say("evidence.asked_similar", count=1)
    assert once == "Du hast in 1 Thema nach etwas Ähnlichem gefragt."


def test_a_name_is_no_template() -> None:
    """What somebody calls themselves is never run, in whatever braces."""
    about = replace(ABOUT, author="{{ 7 * 7 }}{% raise %}")
    asked = words_of("en").ask(Kind.REPLY, Wording.PLAIN, about, Because((), Role.MEMBER))
    assert asked.what == "Reply to {{ 7 * 7 }}{% raise %} in Roses."


def test_who_wants_a_language_gets_the_nearest_there_is() -> None:
    """A part of a language falls back to it, and what there are no words in to what is usual."""
    assert [words_for(tag, "de").language for tag in ("en", "en-GB", "fr", None)] == ["en", "en", "de", "de"]
    with pytest.raises(ValueError, match="must be one that there are words in"):
        NudgeSettings(language="fr")


def test_the_image_keeps_what_the_languages_need() -> None:
    """Of Babel's data the image keeps each language that there are words in: another one would not start there."""
    text = (Path(__file__).parents[1] / "Dockerfile").read_text()
    assert all(f"! -name {name}.dat" in text for name in ("root", *LANGUAGES))
