"""Tell a member all that is held of them: what nudge holds, and what recommend says at its door."""

import asyncio
from typing import Any, Protocol

from fastapi import APIRouter

from services.nudge.read_held import read_held
from services.nudge.take_answer import Desk
from shared.clock import wall_clock
from shared.held import Entry, away, document
from shared.limits import Id


class AsksRecommend(Protocol):
    async def held(self, community: str, member: str) -> Entry | None:
        """Give what recommend holds of a member; None where it is away."""
        ...


class HeldTeller:
    """Puts it together, for one member after the other: each time all that is kept of a community is looked through."""

    def __init__(self, desk: Desk, recommend: AsksRecommend | None) -> None:
        self._desk = desk
        self._recommend = recommend
        self._looking = asyncio.Lock()

    async def tell(self, community: str, member: str) -> Entry:
        """Give it as JSON has it; where recommend does not answer, that says so.

        Raises:
            Unavailable: the store is away.
        """
        async with self._looking:
            own = await read_held(self._desk.reader, self._desk.guard, community, member)
        theirs = None if self._recommend is None else await self._recommend.held(community, member)
        return document(community, member, wall_clock(), [own.as_json(), theirs or away("recommend")])


def held_doors(teller: HeldTeller) -> APIRouter:
    """Make the route for programs."""
    routes = APIRouter(prefix="/v1/communities/{community}", tags=["nudges"])

    @routes.get("/members/{member:path}/held")
    async def held(community: Id, member: Id) -> dict[str, Any]:
        """Give all that is held of a member, as far as they may see it, in recommend too: for them alone."""
        return await teller.tell(community, member)

    return routes
