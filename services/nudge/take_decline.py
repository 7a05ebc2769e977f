"""Take what people decline at a nudge, and what they take back, the way that their answers go: ingest, guard, chain."""

from services.nudge.documents import MEMBERS, OPPORTUNITIES, WISHES, Wishes
from services.nudge.take_answer import Desk
from services.nudge.wishes import Declinable, is_declined, said_of
from shared.declining import is_news, said_by
from shared.problems import ProblemError


async def decline(desk: Desk, community: str, member: str, nudge: str, what: Declinable) -> bool:
    """Decline the topic of a nudge's post, or its author; say whether it has come through.

    What is declined is read off the nudge: nobody can be made to decline anything by what a form says.

    Raises:
        ProblemError: there is no such nudge, or nobody in it any more (404).
        Unavailable: ingest or the store is away; nothing was recorded.
    """
    found = await desk.own_nudge(community, member, nudge)
    opportunity = await desk.reader.get(community, OPPORTUNITIES, found.post)
    people = opportunity.concerned if opportunity else ()
    # Of two people it is not said which one is meant.
    about = found.post if what is Declinable.TOPIC else people[0] if len(people) == 1 else ""
    if not about:
        raise ProblemError(404, "There is nobody to decline", "Who wrote it is not here any more.")
    if is_declined(said_of(await _wished(desk, community, member), what), about):
        return True
    return await _press(desk, community, member, what, about, declined=True)


async def undo(desk: Desk, community: str, member: str, what: Declinable, about: str) -> bool:
    """Take back what a member declined; say whether it has come through.

    Raises:
        ProblemError: they declined no such thing (404).
        Unavailable: ingest or the store is away; nothing was recorded.
    """
    if not is_declined(said_of(await _wished(desk, community, member), what), about):
        raise ProblemError(404, "There is nothing to take back", "This is not declined.")
    return await _press(desk, community, member, what, about, declined=False)


async def _wished(desk: Desk, community: str, member: str) -> Wishes:
    """Give what a member wishes once all that they pressed has come through."""
    wishes = await desk.reader.get(community, WISHES, member)
    known = await desk.reader.get(community, MEMBERS, member)
    return (await desk.guard.held(community, member)).wished(wishes or Wishes(), known)


async def _press(desk: Desk, community: str, member: str, what: Declinable, about: str, *, declined: bool) -> bool:
    press = desk.press.topic if what is Declinable.TOPIC else desk.press.match
    event = await press(community, member, about, declined=declined)
    await desk.hold(event)

    async def is_known() -> bool | None:
        wishes = await desk.reader.get(community, WISHES, member)
        known = said_of(wishes or Wishes(), what).get(about)
        return True if known is not None and not is_news(said_by(event), known) else None

    return await desk.comes_through(is_known) is not None
