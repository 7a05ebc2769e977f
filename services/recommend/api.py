"""The doors of recommend: lists that the handlers stored, as far as they may be seen now. Nothing is ranked here."""

import asyncio
import hmac
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel

from services.recommend.documents import (
    INTRODUCTIONS,
    MEMBERS,
    PEERS,
    PUBLIC_PEERS,
    PUBLIC_SUITABLE,
    RESPONDERS,
    SUITABLE,
    Member,
    Post,
)
from services.recommend.read_held import read_held
from services.recommend.sight import Sight
from shared.events import Evidence
from shared.problems import ProblemError
from shared.reading import StateReader

Limit = Annotated[int, Query(ge=1, le=100, description="at most so many")]
Viewer = Annotated[
    str | None, Query(alias="as", max_length=256, description="the member who will see it; without one, no evidence")
]


class For(StrEnum):
    """What posts are listed for."""

    ANSWER = "answer"
    READ = "read"


Purpose = Annotated[For, Query(alias="for", description="what a member might answer, or might read")]


class ResponderShown(BaseModel):
    member: str
    score: float
    evidence: list[Evidence] | None = None


class RespondersShown(BaseModel):
    """Without `ranked` nobody was found, or the post is too old for its list to be kept."""

    post: str
    ranked: datetime | None = None
    first_post: bool | None = None
    model: str | None = None
    responders: list[ResponderShown] = []


class PostShown(BaseModel):
    post: str
    score: float
    published: datetime
    evidence: list[Evidence] | None = None


class PostsShown(BaseModel):
    """Without `ranked` nothing was listed for the member, or too long ago."""

    member: str
    ranked: datetime | None = None
    posts: list[PostShown] = []


class PeerShown(BaseModel):
    """The score is for the member alone."""

    member: str
    score: float | None = None
    evidence: list[Evidence] | None = None


class PeersShown(BaseModel):
    member: str
    ranked: datetime | None = None
    peers: list[PeerShown] = []


class IntroductionShown(BaseModel):
    """Two people who have not met; the score is for the member alone."""

    members: tuple[str, str]
    score: float | None = None
    evidence: list[Evidence] | None = None


class IntroductionsShown(BaseModel):
    """Without `ranked` the member is neither champion nor leader, or has not written in public lately."""

    member: str
    ranked: datetime | None = None
    introductions: list[IntroductionShown] = []


def router(reader: StateReader, service_key: str | None) -> APIRouter:
    """Make the doors. Callers show `service_key` as a bearer token; without a key set nobody is let in."""

    def admit(authorization: Annotated[str, Header()] = "") -> None:
        expected = f"Bearer {service_key}".encode()
        if service_key is None or not hmac.compare_digest(authorization.encode(), expected):
            raise ProblemError(
                401,
                "Not authorised",
                "send the service key: Authorization: Bearer KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )

    doors = APIRouter(prefix="/v1/communities/{community}", tags=["recommend"], dependencies=[Depends(admit)])

    @doors.get("/posts/{post:path}/responders", response_model_exclude_none=True)
    async def responders(community: str, post: str, viewer: Viewer = None, limit: Limit = 30) -> RespondersShown:
        """Who should answer a post, best first."""
        sight = await _sight(reader, community, viewer)
        await _post(sight, post, viewer)
        return await _responders(sight, post, viewer, limit)

    @doors.get("/members/{member:path}/posts", response_model_exclude_none=True)
    async def posts(
        community: str, member: str, purpose: Purpose = For.ANSWER, viewer: Viewer = None, limit: Limit = 20
    ) -> PostsShown:
        """Posts that a member might answer, which are open, or might read; best first, no two much alike."""
        sight = await _sight(reader, community, viewer)
        await _member(sight, member)
        return await _posts(sight, member, purpose, viewer, limit)

    @doors.get("/members/{member:path}/peers", response_model_exclude_none=True)
    async def peers(community: str, member: str, viewer: Viewer = None, limit: Limit = 10) -> PeersShown:
        """People whom a member should know, best first."""
        sight = await _sight(reader, community, viewer)
        await _member(sight, member)
        return await _peers(sight, member, viewer, limit)

    @doors.get("/members/{member:path}/introductions", response_model_exclude_none=True)
    async def introductions(community: str, member: str, viewer: Viewer = None, limit: Limit = 5) -> IntroductionsShown:
        """Pairs of people whom a champion or leader knows, and who should meet; best first."""
        sight = await _sight(reader, community, viewer)
        await _member(sight, member)
        return await _introductions(sight, member, viewer, limit)

    # One after the other: each looks through all that is kept of the community.
    looking = asyncio.Lock()

    @doors.get("/members/{member:path}/held/matching")
    async def held(community: str, member: str) -> dict[str, Any]:
        """Give what recommend holds of a member, by table, as far as they may see it themselves: for them alone."""
        async with looking:
            found = await read_held(reader, community, member)
        return found.as_json()

    return doors


async def _sight(reader: StateReader, community: str, viewer: str | None) -> Sight:
    if not await reader.known(community):
        raise ProblemError(404, "Unknown community", f"nothing is known of the community {community!r}")
    sight = Sight(reader, community)
    if viewer is not None:
        await _member(sight, viewer)
    return sight


async def _member(sight: Sight, member: str) -> Member:
    known = await sight.get(MEMBERS, member)
    if known is None:
        raise ProblemError(404, "Unknown member", f"nothing is known of the member {member!r}")
    return known


async def _post(sight: Sight, post: str, viewer: str | None) -> Post:
    known = await sight.post(post)
    # To who may not read it, a post is as unknown as one that is not there.
    if known is None or (viewer is not None and not await sight.sees(viewer, post)):
        raise ProblemError(404, "Unknown post", f"nothing is known of the post {post!r}")
    return known


async def _responders(sight: Sight, post: str, viewer: str | None, limit: int) -> RespondersShown:
    kept = await sight.get(RESPONDERS, post)
    if kept is None:
        return RespondersShown(post=post)
    reasons = [e for match in kept.matches for e in match.evidence] if viewer else []
    await sight.look_ahead([match.member for match in kept.matches] + _named(viewer), [post], reasons)
    shown: list[ResponderShown] = []
    for match in kept.matches:
        if len(shown) < limit and await sight.sees(match.member, post):
            evidence = None if viewer is None else await sight.shown(viewer, match.member, match.evidence)
            shown.append(ResponderShown(member=match.member, score=match.score, evidence=evidence))
    return RespondersShown(
        post=post, ranked=kept.ranked, first_post=kept.first_post, model=kept.model, responders=shown
    )


async def _posts(sight: Sight, member: str, purpose: For, viewer: str | None, limit: int) -> PostsShown:
    others = viewer is not None and viewer != member
    listed = await sight.get(PUBLIC_SUITABLE if others else SUITABLE, member)
    about = await sight.get(MEMBERS, member)
    if listed is None or about is None or not about.here:
        return PostsShown(member=member)
    chosen = listed.posts if purpose is For.ANSWER else listed.reading
    await _look_at_posts(sight, [suitable.post for suitable in chosen], member, viewer)
    shown: list[PostShown] = []
    for suitable in chosen:
        post = await sight.post(suitable.post)
        if len(shown) == limit or post is None or not await sight.reads(member, post.channel):
            continue
        if post.resolved and purpose is For.ANSWER:
            continue
        evidence = None
        if viewer is not None:
            if not await sight.reads(viewer, post.channel):
                continue
            evidence = await sight.shown(viewer, member, await _reasons(sight, suitable.post, member))
        shown.append(PostShown(post=suitable.post, score=suitable.score, published=suitable.at, evidence=evidence))
    return PostsShown(member=member, ranked=listed.at, posts=shown)


async def _look_at_posts(sight: Sight, posts: list[str], member: str, viewer: str | None) -> None:
    reasons: list[Evidence] = []
    if viewer is not None:
        await sight.fetch(RESPONDERS, posts)
        reasons = [reason for post in posts for reason in await _reasons(sight, post, member)]
    await sight.look_ahead([member, *_named(viewer)], posts, reasons)


async def _reasons(sight: Sight, post: str, member: str) -> list[Evidence]:
    """Give why a member should answer a post."""
    kept = await sight.get(RESPONDERS, post)
    return [e for match in (kept.matches if kept else ()) if match.member == member for e in match.evidence]


def _named(viewer: str | None) -> list[str]:
    return [] if viewer is None else [viewer]


async def _peers(sight: Sight, member: str, viewer: str | None, limit: int) -> PeersShown:
    others = viewer is not None and viewer != member
    kept = await sight.get(PUBLIC_PEERS if others else PEERS, member)
    about = await sight.get(MEMBERS, member)
    if kept is None or about is None or not about.here:
        return PeersShown(member=member)
    reasons = [e for peer in kept.peers for e in peer.evidence] if viewer else []
    await sight.look_ahead([peer.member for peer in kept.peers] + _named(viewer), [], reasons)
    shown: list[PeerShown] = []
    for peer in kept.peers:
        if len(shown) == limit or not await _meetable(sight, peer.member):
            continue
        evidence = None if viewer is None else await sight.shown(viewer, member, peer.evidence)
        # To somebody else a name alone would say that there is something which they may not know.
        if evidence or not others:
            shown.append(PeerShown(member=peer.member, score=None if others else peer.score, evidence=evidence))
    return PeersShown(member=member, ranked=kept.at, peers=shown)


async def _introductions(sight: Sight, member: str, viewer: str | None, limit: int) -> IntroductionsShown:
    others = viewer is not None and viewer != member
    kept = await sight.get(INTRODUCTIONS, member)
    about = await sight.get(MEMBERS, member)
    if kept is None or about is None or not about.here:
        return IntroductionsShown(member=member)
    reasons = [e for pair in kept.pairs for e in pair.evidence] if viewer else []
    named = [member for pair in kept.pairs for member in (pair.one, pair.other)]
    await sight.look_ahead(named + _named(viewer), [], reasons)
    shown: list[IntroductionShown] = []
    for pair in kept.pairs:
        if len(shown) == limit or not (await _meetable(sight, pair.one) and await _meetable(sight, pair.other)):
            continue
        evidence = None if viewer is None else await sight.shown(viewer, member, pair.evidence)
        if evidence or not others:
            score = None if others else pair.score
            shown.append(IntroductionShown(members=(pair.one, pair.other), score=score, evidence=evidence))
    return IntroductionsShown(member=member, ranked=kept.at, introductions=shown)


async def _meetable(sight: Sight, member: str) -> bool:
    """Say whether somebody is here to be met."""
    facts = await sight.get(MEMBERS, member)
    return facts is not None and facts.here and not facts.bot
