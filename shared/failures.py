"""Every failure has one of three fates.

Exception
├── Unprocessable        never: the record goes to dead-letters, with the reason
│   └── Invalid          ... it is no event of the vocabulary; its problems point to the fields
│       └── Newer        ... of this release: a door refuses it, a reader of the log waits to be upgraded
├── Unavailable          later: something is away; wait with back-off, say so, and try again
├── Lacking              elsewhere: this process lacks what a community needs; it waits, alone, for one that has it
└── anything else        a record's handler: a bounded number of attempts, then dead-letters
                         the loop itself: crash loudly, the process is started again
    ├── Replaced         another process has this community now: drop the working copy, read again
    └── UnsafeSettings   stop before anything starts, in a sentence that names the setting
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and where: `pointer` is a JSON pointer (RFC 6901) into the body."""

    pointer: str
    detail: str

    def __post_init__(self) -> None:
        # Both quote what came in; half a surrogate pair in them could not be sent back to who sent it.
        for name in ("pointer", "detail"):
            readable = getattr(self, name).encode("utf-8", "backslashreplace").decode()
            object.__setattr__(self, name, readable)


class Unprocessable(Exception):
    """The record can never be processed."""


class Invalid(Unprocessable):
    """The record is no event of the vocabulary."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.detail}" for p in problems))
        self.problems = problems


class Newer(Invalid):
    """The record is an event of our own, of a type or version that only a later release knows: `wire_type`."""

    def __init__(self, wire_type: str, detail: str) -> None:
        super().__init__([Problem("/type", detail)])
        self.wire_type = wire_type


class Unavailable(Exception):
    """A server or model is away; it may come back."""


class Lacking(Exception):
    """This process was started without what a community needs, its encoder; the message says what to do."""


class Replaced(Exception):
    """The stored position is not the expected one: somebody else has written."""


class UnsafeSettings(Exception):
    """A setting is unknown or unsafe; the message names it and says what to do."""
