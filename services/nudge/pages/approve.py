"""The page of whoever approves nudges, behind a signed link of its own: an inbox's link opens none."""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from services.nudge.documents import MEMBERS
from services.nudge.links import BadLink, Links
from services.nudge.pages.routes import Pages
from services.nudge.read_proposals import read_proposals
from services.nudge.take_answer import Desk
from services.nudge.take_review import review
from services.nudge.words import words_of
from shared.failures import Unavailable
from shared.problems import ProblemError

LONGEST_REASON: Final = 1000
SAID: Final = ("taken", "accepted", "over", "own")


def approval_pages(desk: Desk, links: Links) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(include_in_schema=False)
    pages = Pages()
    # Operators have no language of their own.
    words = words_of(desk.settings.language)

    async def viewer_of(token: str) -> tuple[str, str | None]:
        visitor = links.read(token)
        if not visitor.member:
            return visitor.community, None
        known = await desk.reader.get(visitor.community, MEMBERS, visitor.member)
        if known is None or known.left:
            raise BadLink
        return visitor.community, visitor.member

    @routes.get("/approve/{token}")
    async def show(token: str, told: str = "") -> Response:
        try:
            community, viewer = await viewer_of(token)
            found = await read_proposals(desk.reader, community, viewer, words)
        except BadLink:
            return pages.show(words, "bad_link.html", 403)
        except Unavailable:
            return pages.show(words, "away.html", 503)
        return pages.show(
            words,
            "approve.html",
            token=token,
            message=words.say(f"approval.{told}") if told in SAID else "",
            waiting=[one for one in found.proposals if not one.dry and not one.approved],
            approved=[one for one in found.proposals if one.approved],
            dry=[one for one in found.proposals if one.dry],
            reviewed=found.reviewed,
            heading=words.heading,
            time=words.moment,
            longest_reason=LONGEST_REASON,
        )

    @routes.post("/approve/{token}/say")
    async def say(
        token: str,
        nudge: Annotated[str, Form()] = "",
        word: Annotated[str, Form(pattern="^(approve|refuse)$")] = "refuse",
        reason: Annotated[str, Form(max_length=2 * LONGEST_REASON)] = "",
    ) -> Response:
        try:
            community, viewer = await viewer_of(token)
            through = await review(
                desk, community, nudge, approved=word == "approve", reason=reason[:LONGEST_REASON], by=viewer
            )
            told = "taken" if through else "accepted"
        except BadLink:
            return pages.show(words, "bad_link.html", 403)
        except Unavailable:
            return pages.show(words, "away.html", 503)
        except ProblemError as error:
            told = "own" if error.status == 403 else "over"
        return RedirectResponse(f"../{token}?told={told}", 303, pages.headers)

    return routes
