"""From a text to the terms that are searched for."""

import re
import unicodedata
from functools import lru_cache

TERM_CHARACTERS = 40

# Written without spaces: Chinese and Japanese, Thai, Lao, Burmese, Khmer.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    # Python's \w leaves out vowel signs and accents of their own, which would cut words of many scripts.
    marks = "".join(re.escape(chr(c)) for c in range(0x300, 0x10000) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
    return re.compile(f"[\\w{marks}]+"), re.compile(f"([{_UNSPACED}]+)")


def tokenise(text: str) -> list[str]:
    """Cut a text into terms: words, case-folded; pairs of characters where a script has no spaces.

    Repeats stay, in order. What is longer than 40 characters is cut there, so that pasted data stays small.
    """
    words, unspaced = _patterns()
    terms: list[str] = []
    for word in words.findall(text.casefold()):
        if word.isascii():
            terms.append(word[:TERM_CHARACTERS])
            continue
        for part in unspaced.split(word):
            if unspaced.match(part):
                terms += [part[i : i + 2] for i in range(max(1, len(part) - 1))]
            elif part:
                terms.append(part[:TERM_CHARACTERS])
    return terms
