"""Take what somebody says to a proposal: to ingest, as all that is pressed, and wait until it has come through."""

from services.nudge.documents import PROPOSALS, PROPOSED, THE_COMMUNITY, Proposals, ProposalState
from services.nudge.take_answer import Desk
from shared.problems import ProblemError


async def review(
    desk: Desk, community: str, nudge: str, *, approved: bool, reason: str = "", by: str | None = None
) -> bool:
    """Approve or refuse a proposal; say whether it has come through. `by` is the member who does so, None operators.

    Raises:
        ProblemError: there is no such proposal (404), it waits for nobody any more (409), or is one's own (403).
        Unavailable: ingest or the store is away; nothing was recorded.
    """
    known = await desk.reader.get(community, PROPOSALS, nudge)
    if known is None or known.dry:
        raise ProblemError(404, "There is no such proposal", "It is over, or only shown in a dry run.")
    standing = await desk.reader.get(community, PROPOSED, THE_COMMUNITY) or Proposals()
    if nudge not in standing.nudges or known.state is not ProposalState.WAITING:
        raise ProblemError(409, "This proposal is over", "Somebody was faster, or the post needs nobody any more.")
    if by is not None and by == known.member:
        raise ProblemError(403, "This proposal is about you", "Somebody else has to say whether you are asked.")
    await desk.press.review(community, known.member, nudge, approved=approved, reason=reason)

    async def is_known() -> bool | None:
        now = await desk.reader.get(community, PROPOSALS, nudge)
        return True if now is None or now.state is not ProposalState.WAITING else None

    return await desk.comes_through(is_known) is not None
