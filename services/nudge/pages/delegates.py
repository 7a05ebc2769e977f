"""The form with which a leader names who may act for them."""

from services.nudge.documents import MEMBERS
from services.nudge.links import Visitor
from services.nudge.pages.told import Told
from services.nudge.take_answer import Desk
from shared.limits import MOST_DELEGATES


async def name_delegates(desk: Desk, visitor: Visitor, people: str) -> Told:
    """Take all delegates from now on, an id a line; nothing is saved where one is nobody who is here."""
    named = tuple(sorted({line.strip() for line in people.splitlines() if line.strip()} - {visitor.member}))
    known = await desk.reader.get_many(visitor.community, MEMBERS, named)
    here = all(one is not None and not one.left and not one.bot for one in known)
    if not here or len(named) > MOST_DELEGATES:
        return Told.PEOPLE
    saved = await desk.prefer(visitor.community, visitor.member, {"delegates": named})
    return Told.SAVED if saved else Told.ACCEPTED
