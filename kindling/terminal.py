"""Saying things in the terminal as they are: what an archive or a member names may be anything."""

from rich.console import Console
from rich.text import Text


def say(console: Console, sentence: str, style: str = "") -> None:
    """Print a sentence, never read as markup."""
    console.print(Text(harmless(sentence), style))


def harmless(text: str) -> str:
    """Take out what would steer the terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
