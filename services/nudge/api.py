"""Nudge's HTTP doors for programs, with the service key; the pages for people are in `pages`."""

from dataclasses import asdict
from hmac import compare_digest
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.nudge.documents import LIVE
from services.nudge.guard import Guard
from services.nudge.links import Links, Place
from services.nudge.opening import Opener, Opening, by_template
from services.nudge.pages.approve import approval_pages
from services.nudge.pages.effect import effect_pages
from services.nudge.pages.held import held_pages
from services.nudge.pages.routes import add_pages
from services.nudge.press import Press
from services.nudge.read_decision import decision_doors
from services.nudge.read_declined import ShownDeclined
from services.nudge.read_effect import read_effect
from services.nudge.read_inbox import ShownNudge, ShownSubject
from services.nudge.read_load import WEEKS, read_load
from services.nudge.read_unasked import read_unasked
from services.nudge.review_doors import review_doors
from services.nudge.settings import NudgeSettings
from services.nudge.shelf import Person
from services.nudge.take_answer import Desk, Said
from services.nudge.take_decline import decline, undo
from services.nudge.tell_held import AsksRecommend, HeldTeller, held_doors
from services.nudge.wishes import Declinable
from services.nudge.words import words_of
from services.nudge.write_nudge import write_nudge
from shared.events import Absence, Answer, Delegates, Digest, GapHours, Interests, Kind, WorkingHours
from shared.limits import MOST_ABSENCES, Id, Language, Moment, Region, Zone
from shared.problems import ProblemError
from shared.reading import StateReader

LONGEST_REASON = 1000
MOST_WEEKS = 13


class AnswerBody(BaseModel):
    """What is said to a nudge: `to` with `hand_over`, `until` with `later`, `by` where a delegate says it."""

    model_config = ConfigDict(extra="forbid")

    answer: Answer
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    to: Id | None = None
    until: Moment | None = None
    by: Id | None = None


# What an event holds, as a program sends it: days and times of day are text.
class HoursBody(WorkingHours):
    model_config = ConfigDict(strict=False)


class DigestBody(Digest):
    model_config = ConfigDict(strict=False)


class AbsenceBody(Absence):
    model_config = ConfigDict(strict=False)


class PreferencesBody(BaseModel):
    """What a member prefers; what is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    zone: Zone | None = None
    hours: HoursBody | None = None
    weekly_asks: Annotated[int, Field(ge=0, le=100)] | None = None
    without: tuple[Kind, ...] | None = None
    paused_until: Annotated[
        Moment | None, Field(description="a time in the past ends a pause; null leaves it as it is")
    ] = None
    interests: Annotated[
        Interests | None, Field(description="all that the member is interested in, each a topic in a few words")
    ] = None
    consent: Annotated[bool | None, Field(description="what the member says to being asked at all; false: never")] = (
        None
    )
    language: Annotated[Language | None, Field(description="a tag: de, en-GB; the usual one where it has no words")] = (
        None
    )
    gap_hours: Annotated[GapHours | None, Field(description="hours between two asks, at least, over all kinds")] = None
    digest: DigestBody | None = None
    delegates: Annotated[
        Delegates | None,
        Field(description="all who may act for the member, as long as they are a leader; ids alone have no days"),
    ] = None
    region: Annotated[
        Region | None, Field(description="whose holidays are theirs, as DE or US-CA; empty: those of their time zone")
    ] = None
    absences: Annotated[
        tuple[AbsenceBody, ...] | None,
        Field(max_length=MOST_ABSENCES, description="all absences from now on; an empty list ends them"),
    ] = None


class DeclineBody(BaseModel):
    """What is declined of a nudge: the `topic` of its post, or its author, the `person`."""

    model_config = ConfigDict(extra="forbid")

    declines: Declinable


class UndoBody(BaseModel):
    """What is taken back: the `topic` of a post, or a `person`, by the id as `GET …/declined` gives it."""

    model_config = ConfigDict(extra="forbid")

    declines: Declinable
    id: Id


def router(
    reader: StateReader,
    press: Press,
    guard: Guard,
    links: Links,
    settings: NudgeSettings,
    opener: Opener = by_template,
    recommend: AsksRecommend | None = None,
) -> APIRouter:
    """Make all of nudge's routes: `/v1/…` for programs with the service key, `/inbox/…` for people with a link."""
    desk = Desk(reader, press, guard, settings, opener)
    teller = HeldTeller(desk, recommend)
    routes = APIRouter()
    routes.include_router(held_doors(teller), dependencies=[Depends(_only_with(settings))])
    routes.include_router(_programs(desk, links))
    routes.include_router(_operators(desk))
    routes.include_router(decision_doors(reader), dependencies=[Depends(_only_with(settings))])
    routes.include_router(review_doors(desk), dependencies=[Depends(_only_with(settings))])
    routes.include_router(add_pages(desk, links))
    routes.include_router(held_pages(desk, teller, links))
    routes.include_router(approval_pages(desk, links.to(Place.APPROVE)))
    routes.include_router(effect_pages(desk, links.to(Place.EFFECT)))
    return routes


def _programs(desk: Desk, links: Links) -> APIRouter:
    routes = APIRouter(
        prefix="/v1/communities/{community}/members/{member:path}",
        dependencies=[Depends(_only_with(desk.settings))],
        tags=["nudges"],
    )

    @routes.get("/nudges")
    async def nudges(
        community: Id, member: Id, everything: Annotated[bool, Query(alias="all")] = False, written: bool = False
    ) -> dict[str, Any]:
        """List a member's open nudges, newest first; `all=true` adds those put off and the latest closed.

        `written=true` adds each as plain text and as HTML to send on, with a signed link to answer.
        """
        inbox = await desk.inbox(community, member)
        listed = [nudge for nudge in inbox.nudges if everything or nudge.is_open]
        openings = await desk.openings(listed, words_of(listed[0].language)) if listed else {}
        shown = [_as_json(nudge, openings[nudge.nudge]) for nudge in listed]
        if written:
            link, _ = links.make(community, member)
            for one, nudge in zip(shown, listed, strict=True):
                one["written"] = asdict(write_nudge(nudge, openings[nudge.nudge], link))
        return {"member": member, "nudges": shown}

    @routes.post("/nudges/{nudge}/answers")
    async def answer(community: Id, member: Id, nudge: str, body: AnswerBody) -> JSONResponse:
        """Answer a nudge: 200 once it has taken effect, 202 where it is accepted and will."""
        said = Said(body.answer, body.reason, body.to, body.until, body.by)
        taken = await desk.take_answer(community, member, nudge, said)
        shown = {"nudge": nudge, "answer": body.answer.value, "state": taken.state.value}
        if taken.through:
            return JSONResponse(shown)
        return JSONResponse({**shown, "detail": "accepted, will take effect"}, 202)

    @routes.get("/delegated")
    async def delegated(community: Id, member: Id) -> dict[str, Any]:
        """List what the member may answer for leaders who named them their delegate: what they may read themselves.

        Answers go to the leader's nudge, with the member as `by`.
        """
        found = await desk.delegated(community, member)
        return {
            "leaders": [
                {
                    "leader": _person(one.leader),
                    "days": [named.model_dump(mode="json", include={"first", "last"}) for named in one.named],
                    "nudges": [_as_json(nudge, Opening("", "template")) for nudge in one.nudges],
                }
                for one in found
            ]
        }

    @routes.post("/nudges/{nudge}/seen", status_code=202)
    async def seen(community: Id, member: Id, nudge: str) -> dict[str, str]:
        """Say that the member has seen a nudge."""
        await desk.own_nudge(community, member, nudge)
        await desk.press.seen(community, member, nudge)
        return {"detail": "accepted"}

    @routes.post("/nudges/{nudge}/declines")
    async def decline_of(community: Id, member: Id, nudge: str, body: DeclineBody) -> JSONResponse:
        """Ask no more about what is like the post, or keep apart from its author: 200 once that holds, 202 before."""
        return _done(await decline(desk, community, member, nudge, body.declines))

    @routes.get("/declined")
    async def declined(community: Id, member: Id) -> dict[str, Any]:
        """List what the member declines. For them alone: nobody is told that they are declined."""
        return _declined_as_json(await desk.declined(community, member))

    @routes.post("/declined/undo")
    async def undo_of(community: Id, member: Id, body: UndoBody) -> JSONResponse:
        """Take back what was declined: 200 once that holds, 202 before."""
        return _done(await undo(desk, community, member, body.declines, body.id))

    @routes.post("/preferences")
    async def preferences(community: Id, member: Id, body: PreferencesBody) -> JSONResponse:
        """Say what the member prefers: 200 once it has taken effect, 202 where it is accepted and will."""
        given = {name: getattr(body, name) for name in body.model_fields_set}
        if body.hours is not None:
            given["hours"] = WorkingHours(**dict(body.hours))
        if body.digest is not None:
            given["digest"] = Digest(**dict(body.digest))
        if body.absences is not None:
            given["absences"] = tuple(Absence(**dict(one)) for one in body.absences)
        return _done(await desk.prefer(community, member, given))

    @routes.get("/link")
    async def link(community: Id, member: Id) -> dict[str, str]:
        """Make a signed link to the member's inbox: whoever holds it can read and answer."""
        url, expires = links.make(community, member)
        return {"link": url, "expires": expires.isoformat()}

    return routes


def _operators(desk: Desk) -> APIRouter:
    routes = APIRouter(
        prefix="/v1/communities/{community}", dependencies=[Depends(_only_with(desk.settings))], tags=["operators"]
    )

    @routes.get("/effect")
    async def effect(community: Id) -> dict[str, Any]:
        """Say what asking adds beside posts that were left alone, or that no effect is measured yet; and each week."""
        return await read_effect(desk.reader, community, desk.press.now())

    @routes.get("/unasked")
    async def unasked(community: Id) -> dict[str, Any]:
        """Say about what nobody could be asked when it was last decided, why, and how many people what barred."""
        return await read_unasked(desk.reader, community)

    @routes.get("/load")
    async def load(community: Id, weeks: Annotated[int, Query(ge=1, le=MOST_WEEKS)] = WEEKS) -> dict[str, Any]:
        """Say how often each was asked in the last ISO weeks, how unequally, and what is left of their week."""
        return await read_load(desk.reader, community, desk.press.now(), desk.settings, weeks)

    return routes


def _only_with(settings: NudgeSettings) -> Any:
    expected = f"Bearer {settings.service_key.get_secret_value()}".encode()

    async def check(authorization: Annotated[str, Header()] = "") -> None:
        if not compare_digest(authorization.encode(errors="replace"), expected):
            detail = "Send the service key: Authorization: Bearer KEY"
            raise ProblemError(401, "Who are you?", detail, headers={"WWW-Authenticate": "Bearer"})

    return check


def _done(through: bool) -> JSONResponse:
    if through:
        return JSONResponse({"detail": "saved"})
    return JSONResponse({"detail": "accepted, will take effect"}, 202)


def _as_json(nudge: ShownNudge, opening: Opening) -> dict[str, Any]:
    post = nudge.post
    return {
        "nudge": nudge.nudge,
        "kind": nudge.kind.value,
        "state": nudge.state.value,
        "withdrawn": nudge.withdrawn.value if nudge.withdrawn else None,
        "answer_on_its_way": nudge.held,
        "language": nudge.language,
        "what": nudge.what,
        "sensitive": nudge.sensitive,
        "post": {
            "id": post.id,
            "title": post.title,
            "excerpt": post.excerpt,
            "channel": {"id": post.channel, "name": post.channel_name},
            "author": _person(post.author),
            "published": post.published.isoformat(),
        },
        "about": _about(nudge.about),
        "why": {"you": list(nudge.why.you), "this": nudge.why.this, "now": nudge.why.now},
        "takes": nudge.takes,
        "opening": {"suggestion": opening.text, "by": opening.by} if opening.text else None,
        "issued": nudge.issued.isoformat(),
        "expires": nudge.expires.isoformat() if nudge.state in LIVE else None,
        "hidden_until": nudge.hidden_until.isoformat() if nudge.hidden_until else None,
        "answers": [answer.value for answer in nudge.answers],
        "hand_over_to": [_person(person) for person in nudge.people],
        "declines": [what.value for what in nudge.declines],
    }


def _about(about: ShownSubject | None) -> dict[str, Any] | None:
    """Show what a nudge is about that is about no post; its `post` is then only the key of it."""
    if about is None:
        return None
    return {
        "people": [_person(person) for person in about.people],
        "content": about.content,
        "gathering": about.gathering,
        "title": about.title,
        "starts": about.starts.isoformat() if about.starts else None,
    }


def _declined_as_json(declined: ShownDeclined) -> dict[str, Any]:
    return {
        "topics": [{"id": topic.post, "heading": topic.heading} for topic in declined.topics],
        "people": [_person(person) for person in declined.people],
    }


def _person(person: Person) -> dict[str, str]:
    return {"id": person.id, "name": person.name}
