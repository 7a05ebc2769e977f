"""How somebody is named in a text: @name."""

import re
from typing import Final

MENTION: Final = re.compile(r"(?<![\w@])@(\w+(?:[.-]\w+)*)")


def without_mentions(text: str) -> str:
    """Take the names out of a text: whom it is put to is known apart, and is no part of what it is about."""
    return MENTION.sub("", text) if "@" in text else text
