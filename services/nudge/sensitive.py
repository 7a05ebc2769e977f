"""Judge whether a post is one that nobody is to be asked about: distress, harassment, health or legal trouble. Pure.

A linear model over the features that word lists give: each term found adds its weight to its concern, somebody who
speaks of themselves adds to what is there, and a concern whose sum reaches 1 is one. Whoever reads the lists knows why.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Concern(StrEnum):
    """Why nobody is asked about a post, by what it says."""

    DISTRESS = "distress"
    HARASSMENT = "harassment"
    HEALTH = "health"
    LEGAL = "legal"


STRONG: Final = 1.0
WEAK: Final = 0.4
OF_ONESELF: Final = 0.2
_OWN: Final = frozenset(
    {"i", "im", "me", "my", "myself", "ich", "mich", "mir", "mein", "meine", "meinem", "meinen", "meiner"}
)
_LEET: Final = str.maketrans("013457@$", "oieastas")
_FENCED: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_WORD: Final = re.compile(r"[\w@$]+")
_REPEATED: Final = re.compile(r"([^\W\d])\1{2,}")
_SPELT: Final = re.compile(r"\b(?:[a-z] ){3,}[a-z]\b")
# What stands for something taken out: no term reaches over it.
_OUT: Final = " | "


@dataclass(frozen=True, slots=True)
class Terms:
    """What speaks for one concern; the lists say how terms are written."""

    certain: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """All lists, of all languages together."""

    everyday: tuple[str, ...]
    terms: Mapping[Concern, Terms]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a concern: the weight that it has, and by which words."""

    concern: Concern
    weight: float
    words: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.weight >= 1


class Judge:
    """The lists, made ready to look for."""

    def __init__(self, words: Words) -> None:
        self._everyday = _pattern(words.everyday)
        self._certain = {concern: _pattern(terms.certain) for concern, terms in words.terms.items()}
        self._strong = {concern: _pattern(terms.strong) for concern, terms in words.terms.items()}
        self._weak = {concern: _pattern(terms.weak) for concern, terms in words.terms.items()}

    def concerns(self, *texts: str) -> tuple[str, ...]:
        """Give the concerns of a post, by all its texts together; none means that people may be asked about it."""
        return tuple(found.concern.value for found in self.weigh(*texts) if found.holds)

    def weigh(self, *texts: str) -> list[Found]:
        """Give what is found of each concern, by all texts together."""
        whole = "\n".join(texts)
        plain = normalise(whole)
        # Code says `kill` and `die` all day; what is certain is looked for there too.
        prose = self._everyday.sub(_OUT, normalise(_FENCED.sub(_OUT, whole))) if self._everyday else plain
        of_oneself = not _OWN.isdisjoint(prose.split())
        return [self._weigh(concern, plain, prose, of_oneself=of_oneself) for concern in self._certain]

    def _weigh(self, concern: Concern, plain: str, prose: str, *, of_oneself: bool) -> Found:
        sure = _all(self._certain[concern], plain) | _all(self._strong[concern], prose)
        hints = _all(self._weak[concern], prose)
        weight = STRONG * len(sure) + WEAK * len(hints) + (OF_ONESELF if of_oneself and hints else 0)
        return Found(concern, round(weight, 6), tuple(sorted(sure | hints)))


def normalise(text: str) -> str:
    """Write a text as words in lower case with a space between: no accents, no punctuation, letters for leet digits."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    folded = "".join(character for character in folded if not unicodedata.combining(character))
    words = (_letters(word) for word in _WORD.findall(folded))
    plain = " ".join(word for word in words if word)
    return _SPELT.sub(lambda spelt: spelt[0].replace(" ", ""), plain)


def _letters(word: str) -> str:
    """Read digits among letters as the letters that they look like, and a letter that goes on and on as two."""
    if not word.isdigit() and any(character.isalpha() for character in word):
        word = word.translate(_LEET)
    return _REPEATED.sub(r"\1\1", word).replace("_", " ").strip()


def _pattern(terms: Iterable[str]) -> re.Pattern[str] | None:
    """Look for any of some terms, the longest first; by their first letters, for a long row of branches is slow."""
    forms = sorted({_form(spelt) for term in terms for spelt in _spellings(term)}, key=lambda form: (-len(form), form))
    branches: dict[str, list[str]] = {}
    for form in forms:
        branches.setdefault(form[:1], []).append(form[1:])
    joined = "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in sorted(branches.items()))
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)") if forms else None


def _spellings(term: str) -> set[str]:
    """Give a term with umlauts as they fold, and written out."""
    written_out = term.casefold()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        written_out = written_out.replace(umlaut, letters)
    return {term, written_out}


def _form(term: str) -> str:
    words = []
    for word in term.split():
        if word == "…":
            words.append(r"(?:\w+ ){0,3}?")
        else:
            stem = word.endswith("*")
            words.append("".join(f"{part} " for part in normalise(word).split())[:-1] + (r"\w*" if stem else "") + " ")
    return "".join(words).rstrip(" ")


def _all(pattern: re.Pattern[str] | None, text: str) -> set[str]:
    return set() if pattern is None else {found[0] for found in pattern.finditer(text)}
