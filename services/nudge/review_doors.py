"""The doors at which programs see what waits for approval, and approve or refuse it: with the service key."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.nudge.read_proposals import ShownProposal, read_proposals
from services.nudge.take_answer import Desk
from services.nudge.take_review import review
from services.nudge.words import words_of
from shared.limits import Id

LONGEST_REASON = 1000


class ReviewBody(BaseModel):
    """Whether a nudge may go, and why not."""

    model_config = ConfigDict(extra="forbid")

    approved: bool
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""


def review_doors(desk: Desk) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/v1/communities/{community}/proposals", tags=["proposals"])

    @routes.get("")
    async def proposals(community: Id) -> dict[str, Any]:
        """List what waits for approval, or is shown in a dry run, oldest first; texts of public channels only."""
        found = await read_proposals(desk.reader, community, None, words_of(desk.settings.language))
        return {
            "proposals": [_as_json(one) for one in found.proposals],
            "reviewed": {
                kind.value: {"approved": count.approved, "refused": count.refused}
                for kind, count in found.reviewed.items()
            },
        }

    @routes.post("/{nudge}")
    async def say(community: Id, nudge: Id, body: ReviewBody) -> JSONResponse:
        """Approve or refuse a nudge: 200 once it has taken effect, 202 where it is accepted and will."""
        if await review(desk, community, nudge, approved=body.approved, reason=body.reason):
            return JSONResponse({"detail": "saved"})
        return JSONResponse({"detail": "accepted, will take effect"}, 202)

    return routes


def _as_json(one: ShownProposal) -> dict[str, Any]:
    return {
        "nudge": one.nudge,
        "kind": one.kind.value,
        "member": {"id": one.member.id, "name": one.member.name},
        "post": {"id": one.post, "channel": one.channel, "title": one.title, "excerpt": one.excerpt},
        "why": list(one.why),
        "score": one.score,
        "made": one.made.isoformat(),
        "lapses": one.lapses.isoformat(),
        "dry_run": one.dry,
        "approved": one.approved,
    }
