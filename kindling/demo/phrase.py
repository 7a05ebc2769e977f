"""Compose what people say about a topic: patterns with slots, and words that stay the same through a thread."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

SLOT: Final = re.compile(r"{(\w+)}")
_STARTS_SENTENCE: Final = (".", "!", "?", ":")

OPENERS: Final = (
    "", "", "", "Hi all.", "Hello everyone.", "Quick question.", "Morning all.", "I am a bit stuck.",
    "Not sure this is the right place.", "Something I keep running into.", "Second week of trying this.",
    "Maybe a silly question.", "Following up on Tuesday's session.", "Hi again.", "Need a second pair of eyes.",
)  # fmt: skip
CLOSERS: Final = (
    "", "", "", "Any pointers?", "What would you do?", "Has anybody solved this before?", "Thanks in advance!",
    "Happy to share more detail.", "A link to something readable would already help.", "What am I missing?",
    "I would love to hear how others do it.", "No hurry.",
)  # fmt: skip
REPLY_OPENERS: Final = (
    "", "", "", "Good question.", "I had exactly this last month.", "Two thoughts.", "Welcome to the club!",
    "This bites everybody once.", "Short answer first.", "What worked for me:", "I would start small.",
)  # fmt: skip
REPLY_CLOSERS: Final = (
    "", "", "", "Shout if it does not help.", "Let us know how it goes.", "Happy to look at it together.",
    "There is a worked example in the course notes.", "Takes five minutes once you have seen it.",
)  # fmt: skip
THANKS: Final = (
    "That did it, thank you!", "Thanks, trying that tonight.", "Oh, that explains a lot. Thank you.",
    "Brilliant, works now.", "Thanks! I would never have found that alone.", "This helped, much clearer now.",
    "Thank you both, very kind.", "Ah, so that was it. Thanks!",
)  # fmt: skip
BUMPS: Final = (
    "Still stuck on this, in case anybody has an idea.", "Gently moving this up.", "No luck so far. Anyone?",
    "Update: tried again this morning, same result.",
)  # fmt: skip
EDITS: Final = (
    "Edit: I should have said that this is on my own laptop.", "Edit: typo in the last line.",
    "Edit: added the missing half of the sentence.", "Edit: it also happens with a fresh start.",
)  # fmt: skip

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that people talk about in a channel. Patterns have {slots}; `words` says what each may hold."""

    name: str
    channel: str
    questions: tuple[str, ...]
    details: tuple[str, ...]
    replies: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Said:
    """A text, and the words in its slots, which replies take up."""

    text: str
    words: Words


def slots(**choices: str) -> dict[str, tuple[str, ...]]:
    """Read the words of each slot, written with bars between them."""
    return {name: tuple(words.split("|")) for name, words in choices.items()}


def ask(topic: Topic, rng: Random) -> Said:
    """Compose a post about a topic."""
    words = {slot: rng.choice(choices) for slot, choices in sorted(topic.words.items())}
    parts = [rng.choice(OPENERS), rng.choice(topic.questions)]
    parts += rng.sample(topic.details, k=rng.choice((1, 1, 1, 2)))
    return Said(_compose([*parts, rng.choice(CLOSERS)], words), words)


def reply(topic: Topic, words: Words, rng: Random, said: list[str]) -> str:
    """Compose a reply that fits a post about a topic with these words.

    `said` are the patterns that the thread has had: they are avoided while there are others, and added to.
    """
    fresh = [pattern for pattern in topic.replies if pattern not in said] or list(topic.replies)
    patterns = rng.sample(fresh, k=min(len(fresh), rng.choice((1, 1, 2))))
    said += patterns
    return _compose([rng.choice(REPLY_OPENERS), *patterns, rng.choice(REPLY_CLOSERS)], words)


def _compose(parts: Sequence[str], words: Words) -> str:
    text = ""
    for part in filter(None, parts):
        filled = SLOT.sub(lambda slot: words[slot[1]], part)
        begins = not text or text.endswith(_STARTS_SENTENCE)
        text += (" " if text else "") + (filled[0].upper() + filled[1:] if begins else filled)
    return text
