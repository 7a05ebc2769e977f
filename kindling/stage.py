"""One service on one community, in memory: the very steps of the processing loop, for backtests and simulations."""

from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from shared.service import Service
from shared.state import Documents
from shared.store import Position
from shared.wire import Envelope
from shared.working import Arrival, Working

State = TypeVar("State")

# Of the log that these steps are of; there is none, and nothing reads its positions.
_GENERATION = "memory"


class Stage(Generic[State]):
    """A service's working copy of a community. A failure of a rule is raised: there are no dead letters here."""

    def __init__(self, service: Service[State], working: Working[State]) -> None:
        self.working = working
        self.service = service
        self._steps = 0

    @classmethod
    async def open(cls, service: Service[State], community: str) -> Self:
        """Begin with a community that nothing is known of."""
        return cls(service, await working_copy(service, community, Documents(), None))

    async def restore(self, documents: Documents, position: Position | None) -> None:
        """Go on from a state, as after a restart."""
        self.working = await working_copy(self.service, self.working.community, documents, position)

    def step(self, envelope: Envelope, body: bytes, clock: datetime | None, aids: Any) -> list[bytes]:
        """Take one record in, with what is due by its time or the partition's clock; gives what is emitted.

        Nothing is stored: what was changed is in the copy, and that is never thrown away.
        """
        self._steps += 1
        arrival = Arrival(self._steps, self.working.community, body, envelope, envelope.sequence)
        self.working.step(arrival, _GENERATION, clock, aids)
        emitted = [made for _, made in self.working.emitted]
        self.working.emitted, self.working.events, self.working.asides = [], [], []
        return emitted


async def working_copy(
    service: Service[State], community: str, documents: Documents, position: Position | None
) -> Working[State]:
    """Open a community whose documents are these, at a position; None: nothing was handled of it."""
    state = await service.open(community, documents)
    return Working(service, community, documents, state, b"", position, sequenced=True)
