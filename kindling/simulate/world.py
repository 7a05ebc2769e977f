"""What a simulation needs of a world; a child process and the built-in community both are one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kindling.simulate.protocol import Opening, WorldReport
from shared.events import NudgeExpired, NudgeIssued, NudgeWithdrawn


class World(Protocol):
    """Called in this order: hello, then advance, with what was decided told between, then finish; close always.

    Every method raises WorldError where the world does not do what it should.
    """

    async def hello(self, seed: int, start: datetime, until: datetime) -> Opening: ...

    async def advance(self, until: datetime) -> Sequence[bytes]:
        """Give the activity up to a time, one CloudEvent each, in the order of happening."""
        ...

    async def nudge(self, event: NudgeIssued) -> None: ...

    async def withdrawn(self, event: NudgeWithdrawn | NudgeExpired) -> None: ...

    async def finish(self) -> WorldReport: ...

    async def close(self) -> None:
        """End it, whatever state it is in."""
        ...
