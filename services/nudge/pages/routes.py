"""A member's page behind a signed link: GET shows and changes nothing, because mail scanners follow links."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import TypeAdapter, ValidationError

from services.nudge.absence import coming, zone_of
from services.nudge.budget import role_of, weekly_limit
from services.nudge.digest import digest_of
from services.nudge.documents import ASKS, LIVE, MANNERS, THE_COMMUNITY, Asks, Manners, Member
from services.nudge.links import BadLink, Links, Visitor
from services.nudge.manners import asks_consent
from services.nudge.pace import gap_of, let_go_by, slowed_to
from services.nudge.pages.absence import change_absence
from services.nudge.pages.delegates import change_delegates, shown_delegates, when
from services.nudge.pages.told import Told
from services.nudge.pages.wanted import ASKED_KINDS, WantedAsks, WantedWords, digest_choices, wanted
from services.nudge.take_answer import Desk, Said
from services.nudge.take_decline import decline, undo
from services.nudge.wishes import Declinable
from services.nudge.words import LANGUAGES, Words, words_for, words_of
from shared.events import Answer, Interests, Role
from shared.failures import Unavailable
from shared.limits import (
    INTEREST_CHARACTERS,
    LONGEST_GAP_HOURS,
    MOST_ABSENCES,
    MOST_DELEGATES,
    MOST_INTERESTS,
    is_country,
)
from shared.problems import RETRY_AFTER_SECONDS, ProblemError

HERE: Final = Path(__file__).parent
LONGEST_REASON: Final = 1000
_INTERESTS: Final[TypeAdapter[tuple[str, ...]]] = TypeAdapter(Interests)


class Pages:
    """Renders the pages; every answer carries the headers that keep a page private."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        style = (HERE / "style.css").read_text()
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._style = style
        self.headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
                "base-uri 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex, nofollow",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }

    def show(self, words: Words, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        html = self._templates.get_template(template).render(
            style=self._style, say=words.say, language=words.language, **values
        )
        retry = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
        return HTMLResponse(html, status, {**self.headers, **retry})

    def back(self, token: str, told: Told) -> RedirectResponse:
        """Go back to the inbox by GET, so that reloading it presses nothing again.

        Relative, as all addresses on the page are: members may reach it under a path that only a proxy knows.
        """
        return RedirectResponse(f"../{token}?told={told.value}", 303, self.headers)


Door = Callable[[Visitor, Member], Awaitable[Response]]


async def at_door(desk: Desk, pages: Pages, links: Links, token: str, door: Door) -> Response:
    """Let a visitor in by their link; where it opens nothing, or a server is away, a page says so."""
    # For who they are is not known where these words are needed.
    usual = words_of(desk.settings.language)
    try:
        visitor = links.read(token)
        return await door(visitor, await _known(desk, visitor))
    except BadLink:
        return pages.show(usual, "bad_link.html", 403)
    except Unavailable:
        return pages.show(usual, "away.html", 503)


def add_pages(desk: Desk, links: Links) -> APIRouter:
    """Make the routes of the pages."""
    routes = APIRouter(include_in_schema=False)
    pages = Pages()

    async def with_visitor(token: str, door: Door) -> Response:
        return await at_door(desk, pages, links, token, door)

    @routes.get("/inbox/{token}")
    async def inbox(token: str, told: str = "") -> Response:
        said = Told(told) if told in set(Told) else None
        return await with_visitor(token, partial(_show_inbox, desk, pages, token, said))

    @routes.post("/inbox/{token}/answer")
    async def answer(
        token: str,
        nudge: Annotated[str, Form()] = "",
        answer: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        to: Annotated[str, Form()] = "",
        leader: Annotated[str, Form()] = "",
    ) -> Response:
        async def door(visitor: Visitor, _known: Member) -> Response:
            return pages.back(token, await _press(desk, visitor, nudge, answer, reason, to, leader))

        return await with_visitor(token, door)

    @routes.post("/inbox/{token}/decline")
    async def decline_of(token: str, nudge: Annotated[str, Form()] = "", what: Annotated[str, Form()] = "") -> Response:
        async def door(visitor: Visitor, _known: Member) -> Response:
            return pages.back(token, await _decline(desk, visitor, nudge, what))

        return await with_visitor(token, door)

    @routes.post("/inbox/{token}/undo")
    async def undo_of(token: str, about: Annotated[str, Form()] = "", what: Annotated[str, Form()] = "") -> Response:
        async def door(visitor: Visitor, _known: Member) -> Response:
            return pages.back(token, await _undo(desk, visitor, about, what))

        return await with_visitor(token, door)

    @routes.post("/inbox/{token}/consent")
    async def consent(token: str, word: Annotated[str, Form()] = "") -> Response:
        async def door(visitor: Visitor, _known: Member) -> Response:
            if word not in ("yes", "no"):
                return pages.back(token, Told.UNCLEAR)
            saved = await desk.prefer(visitor.community, visitor.member, {"consent": word == "yes"})
            return pages.back(token, Told.SAVED if saved else Told.ACCEPTED)

        return await with_visitor(token, door)

    @routes.post("/inbox/{token}/preferences")
    async def preferences(
        token: str,
        kinds: Annotated[list[str] | None, Form()] = None,
        weekly_asks: Annotated[str, Form()] = "",
        gap_hours: Annotated[str, Form()] = "",
        digest_days: Annotated[str | None, Form()] = None,
        digest_time: Annotated[str, Form()] = "",
        interests: Annotated[str, Form()] = "",
        language: Annotated[str, Form()] = "",
        region: Annotated[str, Form()] = "",
    ) -> Response:
        async def door(visitor: Visitor, known: Member) -> Response:
            asks = WantedAsks(kinds or [], weekly_asks, gap_hours, digest_days, digest_time)
            of_themselves = WantedWords(interests, language, region)
            return pages.back(token, await _prefer(desk, visitor, known, asks, of_themselves))

        return await with_visitor(token, door)

    @routes.post("/inbox/{token}/delegates")
    async def delegates(
        token: str,
        person: Annotated[str, Form()] = "",
        first: Annotated[str, Form()] = "",
        last: Annotated[str, Form()] = "",
        word: Annotated[str, Form()] = "",
    ) -> Response:
        async def door(visitor: Visitor, known: Member) -> Response:
            add = word != "remove"
            return pages.back(token, await change_delegates(desk, visitor, known, person, first, last, add=add))

        return await with_visitor(token, door)

    @routes.post("/inbox/{token}/absence")
    async def absence(
        token: str,
        first: Annotated[str, Form()] = "",
        last: Annotated[str, Form()] = "",
        word: Annotated[str, Form()] = "",
    ) -> Response:
        async def door(visitor: Visitor, known: Member) -> Response:
            return pages.back(token, await change_absence(desk, visitor, known, first, last, add=word != "remove"))

        return await with_visitor(token, door)

    return routes


async def _known(desk: Desk, visitor: Visitor) -> Member:
    """Give the member whose link it is; a link outlives who has left or was forgotten, and opens nothing then."""
    known = await desk.member(visitor.community, visitor.member)
    if known is None or known.left:
        raise BadLink
    return known


async def _show_inbox(
    desk: Desk, pages: Pages, token: str, told: Told | None, visitor: Visitor, known: Member
) -> Response:
    inbox = await desk.inbox(visitor.community, visitor.member)
    declined = await desk.declined(visitor.community, visitor.member)
    words, zone = words_for(known.language, desk.settings.language), zone_of(known)
    open_ = [nudge for nudge in inbox.nudges if nudge.is_open]
    manners = await desk.reader.get(visitor.community, MANNERS, THE_COMMUNITY) or Manners()

    now, let_go = desk.press.now(), (await desk.reader.get(visitor.community, ASKS, visitor.member) or Asks()).let_go
    digest = digest_of(known, desk.settings)
    slowed = slowed_to(known, let_go, now, desk.settings)

    def time_of(at: datetime) -> str:
        return words.moment(at, zone)

    return pages.show(
        words,
        "inbox.html",
        token=token,
        untold=known.consent is None and asks_consent(manners),
        declined_all=known.consent is False,
        needs_word=role_of(known) is Role.MEMBER,
        run_by=desk.settings.run_by,
        contact=desk.settings.contact,
        message=_message(words, told),
        name=inbox.member.name or visitor.member,
        open=open_,
        openings=await desk.openings(open_, words),
        put_off=[nudge for nudge in inbox.nudges if nudge.state in LIVE and not nudge.is_open],
        closed=[nudge for nudge in inbox.nudges if nudge.state not in LIVE],
        heading=words.heading,
        time=time_of,
        declined=declined,
        delegated=await desk.delegated(visitor.community, visitor.member),
        delegates=await shown_delegates(desk, visitor, known, words, now),
        when=partial(when, words),
        most_delegates=MOST_DELEGATES,
        absences=[(words.day(one.first), words.day(one.last), one) for one in coming(known, now)],
        languages=[(tag, words_of(tag).name) for tag in LANGUAGES],
        kinds=[(kind.value, kind not in known.without) for kind in ASKED_KINDS],
        weekly_asks=weekly_limit(known, desk.settings),
        most_asks=desk.settings.weekly_asks_cap,
        gap_hours=ceil(gap_of(known, desk.settings) / timedelta(hours=1)),
        most_gap=LONGEST_GAP_HOURS,
        digests=digest_choices(known, desk.settings, words),
        digest_time=f"{digest.at if digest else desk.settings.digest_time:%H:%M}",
        digest_most=desk.settings.digest_most,
        slowed=slowed and words.length(slowed),
        let_go=let_go_by(known, let_go, now),
        interests="\n".join(known.interests),
        region=known.region,
        most_interests=MOST_INTERESTS,
        longest_reason=LONGEST_REASON,
    )


def _message(words: Words, told: Told | None) -> str:
    return (
        ""
        if told is None
        else words.say(
            f"told.{told}",
            most=MOST_INTERESTS,
            characters=INTEREST_CHARACTERS,
            absences=MOST_ABSENCES,
            delegates=MOST_DELEGATES,
        )
    )


async def _press(desk: Desk, visitor: Visitor, nudge: str, answer: str, reason: str, to: str, leader: str) -> Told:
    """Take an answer of a visitor, or, with a `leader`, of theirs for that leader."""
    # A form sends line ends as two characters; the page counted them as one.
    reason = reason.replace("\r\n", "\n")
    if answer not in set(Answer) or len(reason) > LONGEST_REASON:
        return Told.UNCLEAR
    handed_to = to or None if answer == Answer.HAND_OVER else None
    said = Said(Answer(answer), reason, handed_to, by=visitor.member if leader else None)
    try:
        taken = await desk.take_answer(visitor.community, leader or visitor.member, nudge, said)
    except ProblemError as error:
        return Told.UNCLEAR if error.status == 422 else Told.CLOSED
    return Told.TAKEN if taken.through else Told.ACCEPTED


async def _decline(desk: Desk, visitor: Visitor, nudge: str, what: str) -> Told:
    if what not in set(Declinable):
        return Told.UNCLEAR
    try:
        through = await decline(desk, visitor.community, visitor.member, nudge, Declinable(what))
    except ProblemError:
        return Told.CLOSED
    return Told.TAKEN if through else Told.ACCEPTED


async def _undo(desk: Desk, visitor: Visitor, about: str, what: str) -> Told:
    if what not in set(Declinable):
        return Told.UNCLEAR
    try:
        through = await undo(desk, visitor.community, visitor.member, Declinable(what), about)
    except ProblemError:
        return Told.CLOSED
    return Told.SAVED if through else Told.ACCEPTED


async def _prefer(desk: Desk, visitor: Visitor, known: Member, asks: WantedAsks, said: WantedWords) -> Told:
    given, language = wanted(asks, known, desk.settings), said.language
    if given is None or (language and language not in LANGUAGES):
        return Told.UNCLEAR
    try:
        topics = _INTERESTS.validate_python(tuple(line for line in said.interests.splitlines() if line.strip()))
    except ValidationError:
        return Told.TOO_MUCH
    given["interests"] = topics
    if (region := said.region.strip().upper()) != known.region:
        if region and not is_country(region):
            return Told.REGION
        given["region"] = region
    # Who leaves the choice as it is has not chosen, and follows the community's.
    if language and language != words_for(known.language, desk.settings.language).language:
        given["language"] = language
    saved = await desk.prefer(visitor.community, visitor.member, given)
    return Told.SAVED if saved else Told.ACCEPTED
