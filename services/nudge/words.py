"""The words of one language: of nudges, pages and answers, from sandboxed templates (services/nudge/wording)."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime, get_day_names
from babel.units import format_unit
from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.events import Evidence, Kind, Role, Wording

WORDING: Final = Path(__file__).parent / "wording"
LANGUAGES: Final = tuple(sorted(found.parent.name for found in WORDING.glob("*/common.toml")))
HEADING_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class About:
    """What a kind's templates may speak of; each kind uses what applies to it, the rest is empty.

    `author` wrote the post, or is whom to meet; `other` is the second of two to introduce; `title` names what to share,
    the routine or the gathering, which `starts` then. `live`: the ask stands, until `stands`; `waited` is how long the
    post had been without an answer.
    """

    author: str = ""
    other: str = ""
    channel: str = ""
    title: str = ""
    live: bool = True
    waited: timedelta = timedelta()
    stands: datetime | None = None
    starts: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A nudge in words: what is asked, why you, why this, why now, how long it takes, and a line to begin with."""

    what: str
    you: tuple[str, ...]
    this: str
    now: str
    takes: str
    opening: str


@dataclass(frozen=True, slots=True)
class Because:
    """Why this person: what the evidence says that they may see, who handed it over, and the role that they have."""

    evidence: tuple[Evidence, ...]
    role: Role
    handed_by: str | None = None


class Words:
    """Says everything in one language. A sentence or variable that is missing is an error, never a gap."""

    def __init__(self, language: str) -> None:
        common = tomllib.loads((WORDING / language / "common.toml").read_text(encoding="utf-8"))
        self.language: Final = language
        self.name: Final = str(common["language"])
        self._moment: Final = str(common["moment"])
        self._day: Final = str(common["day"])
        self._locale: Final = Locale.parse(language)
        # Plain text: whoever puts it into a page escapes it there.
        templates = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(WORDING / language), undefined=StrictUndefined, autoescape=False
        )
        templates.globals |= {"plural": self._plural, "say": self.say}
        self._sentences: Final = {key: templates.from_string(text) for key, text in _flat(common)}
        self._kinds: Final = {kind: templates.get_template(f"{kind}.jinja") for kind in Kind}

    def say(self, key: str, **values: object) -> str:
        """Say a sentence of `common.toml`, by its section and name."""
        return self._sentences[key].render(values)

    def ask(self, kind: Kind, wording: Wording, about: About, because: Because, zone: tzinfo = UTC) -> Asked:
        """Put a nudge into words, with times in the reader's zone."""
        you = self._why_you(because, about.author)
        values = asdict(about) | {
            "waited": self.length(about.waited),
            "stands": about.stands and self.moment(about.stands, zone),
            "starts": about.starts and self.moment(about.starts, zone),
            "reason": you[0],
            "because": because.evidence[0].reason.value if because.evidence else "nothing",
        }
        parts = _parts(self._kinds[kind], values)
        what = parts[f"what_{wording}"]
        return Asked(what, you, parts["why_this"], parts["why_now"], parts["takes"], parts["opening"])

    def ask_to_look(self, author: str, channel: str, waited: timedelta) -> Asked:
        """Put into words that a named person should look at a sensitive post: soberly, and with no line to begin."""
        return Asked(
            what=self.say("sensitive.what", author=author, channel=channel),
            you=(self.say("sensitive.why_you"),),
            this=self.say("sensitive.why_this"),
            now=self.say("sensitive.why_now", waited=self.length(waited)),
            takes=self.say("sensitive.takes"),
            opening="",
        )

    def heading(self, title: str, excerpt: str) -> str:
        """Name a post: by its title, or by its first words."""
        if title or not excerpt:
            return title or self.say("page.untitled")
        first = shorten(excerpt, HEADING_CHARACTERS, placeholder="…")
        # Of a first word that is too long by itself nothing would be left.
        return excerpt[:HEADING_CHARACTERS] + "…" if first == "…" else first

    def length(self, span: timedelta) -> str:
        """Write a span in hours, or in minutes where it is less than two hours."""
        minutes = max(0, round(span / timedelta(minutes=1)))
        number, unit = (minutes, "minute") if minutes < 120 else (minutes // 60, "hour")
        return str(format_unit(number, unit, "long", locale=self._locale))

    def moment(self, at: datetime, zone: tzinfo = UTC) -> str:
        """Write a time as the clock on the wall shows it: `Tue 3 Mar, 14:00 CET`."""
        local = at.astimezone(zone)
        return f"{format_datetime(local, self._moment, locale=self._locale)} {local.tzname()}"

    def day(self, day: date) -> str:
        """Write a day: `Tue 3 Mar 2026`."""
        return str(format_date(day, self._day, locale=self._locale))

    def weekday(self, day: int) -> str:
        """Name a day of the week, Monday is 0."""
        return str(get_day_names("wide", "stand-alone", self._locale)[day])

    def _why_you(self, because: Because, author: str) -> tuple[str, ...]:
        """Say why this person was asked; never empty."""
        by = because.handed_by
        reasons = [self.say("evidence.handed_over", by=by)] if by else []
        reasons += [
            self.say(f"evidence.{item.reason}", count=max(1, item.count), author=author) for item in because.evidence
        ]
        return tuple(reasons) or (self.say(f"roles.{because.role}"),)

    def _plural(self, count: int, **forms: str) -> str:
        """Choose the form that a count has in the language: one, other, and what else it has."""
        form = self._locale.plural_form(count)
        return forms.get(form, forms["other"])


def _flat(sections: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, found in sections.items():
        if isinstance(found, Mapping):
            yield from _flat(found, f"{prefix}{name}.")
        else:
            yield prefix + name, str(found)


def _parts(template: Template, values: Mapping[str, object]) -> dict[str, str]:
    """Say all that a template's macros say, by their names."""
    module = template.make_module(dict(values))
    return {name: str(macro()).strip() for name, macro in vars(module).items() if callable(macro)}


@cache
def words_of(language: str) -> Words:
    """Give the words of a language that there is."""
    return Words(language)


def words_for(wanted: str | None, usual: str) -> Words:
    """Give the words for who wants a language: it, what it is a part of, or the usual one."""
    found = next((one for one in (wanted or "", (wanted or "").partition("-")[0]) if one in LANGUAGES), usual)
    return words_of(found)
