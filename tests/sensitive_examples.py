"""The hard examples of sensitive posts, and how the word lists do on them: `python -m tests.sensitive_examples`.

The lists were tuned on one half; the other, which tells how well they do on what they were not made for, was not
looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.nudge.sensitive import Judge
from services.nudge.word_lists.read import words_of

_FILE = Path(__file__).parent / "sensitive_examples.txt"


@dataclass(frozen=True, slots=True)
class Example:
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Rates:
    """Of the sensitive examples how many are found, and of the others how many are taken for such."""

    found: int
    sensitive: int
    alarms: int
    everyday: int

    @property
    def recall(self) -> float:
        return self.found / self.sensitive

    @property
    def false_alarms(self) -> float:
        return self.alarms / self.everyday

    def __str__(self) -> str:
        return (
            f"recall {self.recall:.0%} ({self.found} of {self.sensitive}), "
            f"false alarms {self.false_alarms:.0%} ({self.alarms} of {self.everyday})"
        )


def halves() -> tuple[list[Example], list[Example]]:
    """Give the half that the lists were tuned on, and the one that was held out."""
    lines = [line for line in _FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    examples = [Example(*(part.strip() for part in line.split("|", 1))) for line in lines]
    return examples[::2], examples[1::2]


def rates(judge: Judge, examples: Sequence[Example]) -> Rates:
    sensitive = [one for one in examples if one.about != "none"]
    everyday = [one for one in examples if one.about == "none"]
    found, alarms = (sum(bool(judge.concerns(one.text)) for one in part) for part in (sensitive, everyday))
    return Rates(found, len(sensitive), alarms, len(everyday))


if __name__ == "__main__":
    judge = Judge(words_of())
    for name, half in zip(("tuned on", "held out"), halves(), strict=True):
        print(f"{name}: {rates(judge, half)}")
